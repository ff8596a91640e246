/** The right edge of a tree: all that is needed to add entries and to know the root. At most 53 hashes, whatever the size. */
import { TlogError } from './errors.ts';
import { assertHash, assertSize, hashEmpty, hashNode } from './hashing.ts';
import { decompose, foldRight } from './subtrees.ts';

export interface Frontier {
  readonly size: number;
  /** Adds the hash of a leaf. @returns the hashes of the nodes that it completed, lowest first */
  append(leafHash: Uint8Array): readonly Uint8Array[];
  root(): Uint8Array;
  /** The roots of the complete subtrees of which the tree consists, left to right. */
  hashes(): readonly Uint8Array[];
}

/** @param hashes of a tree of `size` entries, as `hashes()` gave them. @throws {TlogError} `bad_argument` */
export function createFrontier(size = 0, hashes: readonly Uint8Array[] = []): Frontier {
  assertSize(size);
  for (const hash of hashes) assertHash(hash);
  if (hashes.length !== decompose(0, size).length)
    throw new TlogError('bad_argument', `A tree of ${size} entries does not have an edge of ${hashes.length} hashes.`);
  const edge = [...hashes];
  let count = size;
  return {
    get size() {
      return count;
    },
    append(leafHash) {
      assertHash(leafHash);
      const completed: Uint8Array[] = [];
      let hash = leafHash;
      // As many carries as adding one to the number of entries has.
      for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) {
        hash = hashNode(edge.pop() ?? hash, hash);
        completed.push(hash);
      }
      edge.push(hash);
      count += 1;
      return completed;
    },
    root: () => (edge.length === 0 ? hashEmpty() : foldRight(edge)),
    hashes: () => [...edge],
  };
}
