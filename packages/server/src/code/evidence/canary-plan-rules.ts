/** Which test pictures are sent in which run. Pure. */
import { TRANSFORMS, type Transform } from './canary-edit-rules.ts';

const LISTED = 24;
const BENIGN = 120;
/** Their hashes stand in the list. */
export const LISTED_SEEDS: readonly number[] = Array.from({ length: LISTED }, (_none, i) => 1 + i);
/** Theirs do not. */
export const BENIGN_SEEDS: readonly number[] = Array.from({ length: BENIGN }, (_none, i) => 1_001 + i);

export interface Sending {
  readonly seed: number;
  readonly transform: Transform;
  readonly isListed: boolean;
}

const LISTED_AT_ONCE = 2;
const BENIGN_AT_ONCE = 10;

/** Two listed pictures in every transform, and ten benign ones; the next run goes on where this one ended. */
export function planRun(run: number): Sending[] {
  const listed = pick(LISTED_SEEDS, { at: run * LISTED_AT_ONCE, count: LISTED_AT_ONCE });
  const benign = pick(BENIGN_SEEDS, { at: run * BENIGN_AT_ONCE, count: BENIGN_AT_ONCE });
  return [
    ...listed.flatMap((seed) => TRANSFORMS.map((transform) => ({ seed, transform, isListed: true }))),
    ...benign.map((seed) => ({ seed, transform: 'unchanged' as const, isListed: false })),
  ];
}

function pick(seeds: readonly number[], { at, count }: { readonly at: number; readonly count: number }): number[] {
  return Array.from({ length: count }, (_none, i) => seeds[(at + i) % seeds.length] ?? 0);
}
