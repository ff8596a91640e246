export { PdqError, type PdqErrorCode } from './errors.ts';
export { createPdqStream, pdqForms, type PdqStream } from './forms.ts';
export { ORIENTATIONS, pdq, pdqDihedral, pdqOrientations, type Orientation } from './hash.ts';
export { bytesToHash, hammingDistance, hashToBytes, invertHash } from './hex.ts';
export { type KernelName, type KernelOptions } from './kernel.ts';
export { toNearest512 } from './nearest.ts';
export { type Picture } from './picture.ts';
export { type PdqForms, type PdqOrientationsResult, type PdqResult } from './results.ts';
