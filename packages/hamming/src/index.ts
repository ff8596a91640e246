export type { Allocate } from './allocation.ts';
export { hammingDistance } from './bits.ts';
export type { AnyMatch, Match } from './collector.ts';
export { HammingError, type HammingErrorCode } from './errors.ts';
export { buildHammingIndex, type BuildOptions, createHammingIndex, type HammingIndex, type HammingIndexOptions } from './hamming-index.ts';
export type { AbortSignalLike, SliceOptions } from './slices.ts';
