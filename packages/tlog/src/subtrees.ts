/**
 * A tree as a row of complete subtrees, and the arithmetic of RFC 6962 on it. Sizes go up to 2^53 - 1, so that bit operations, which end at 2^32,
 * are not used.
 */
import { hashNode } from './hashing.ts';

/** The complete subtree over the entries `[index * 2^level, (index + 1) * 2^level)`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** The largest power of two below `n`; `n` is at least 2. */
export function splitPoint(n: number): number {
  let half = 1;
  while (half * 2 < n) half *= 2;
  return half;
}

/** The complete subtrees that make up `[from, to)`, left to right; `from` is a multiple of every power of two that fits in the range. */
export function decompose(from: number, to: number): Subtree[] {
  const parts: Subtree[] = [];
  for (let at = from; at < to;) {
    let [level, width] = [0, 1];
    while (at + width * 2 <= to && at % (width * 2) === 0) [level, width] = [level + 1, width * 2];
    parts.push({ level, index: at / width });
    at += width;
  }
  return parts;
}

/** The root over subtrees whose sizes fall from left to right: folded from the right. There is at least one. */
export function foldRight(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => hashNode(left, right));
}
