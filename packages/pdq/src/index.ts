export { PdqError, type PdqErrorCode } from './errors.ts';
export { ORIENTATIONS, pdq, pdqDihedral, pdqOrientations, type Orientation, type PdqOrientationsResult, type PdqResult } from './hash.ts';
export { bytesToHash, hammingDistance, hashToBytes, invertHash } from './hex.ts';
export { toNearest512 } from './nearest.ts';
export { type Picture } from './picture.ts';
