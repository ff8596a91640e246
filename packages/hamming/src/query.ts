import { CHUNKS, HASH_BYTES, ROW_WORDS } from './bits.ts';
import { permuteHashes } from './permutation.ts';
import { planProbes, type ProbePlan } from './plan.ts';

/** A query in the layout of the rows. */
export interface Query {
  readonly words: Uint32Array;
  /** The same bytes as sixteen chunks. */
  readonly chunks: Uint16Array;
  readonly plan: ProbePlan;
}

export function prepareQuery(hash: Uint8Array, radius: number): Query {
  const buffer = new ArrayBuffer(HASH_BYTES);
  const words = new Uint32Array(buffer, 0, ROW_WORDS);
  permuteHashes(hash, words, { from: 0, to: 1 });
  return { words, chunks: new Uint16Array(buffer, 0, CHUNKS), plan: planProbes(radius) };
}

/** Takes what a segment found; `row` counts from the start of the segment. */
export interface Sink {
  emit(row: number, distance: number): void;
}
