/** Hashes of a Merkle tree (RFC 6962, section 2.1). The prefixes keep leaves and nodes apart. */
import { fromBase64 } from './bytes.ts';
import { TlogError } from './errors.ts';
import { HASH_BYTES, sha256 } from './sha256.ts';

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

export function hashLeaf(entry: Uint8Array): Uint8Array {
  const input = new Uint8Array(1 + entry.length);
  input[0] = LEAF_PREFIX;
  input.set(entry, 1);
  return sha256(input);
}

/** One buffer for all: the input is used up before anybody else can come. */
const pair = new Uint8Array(1 + 2 * HASH_BYTES);
pair[0] = NODE_PREFIX;

export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  pair.set(left, 1);
  pair.set(right, 1 + HASH_BYTES);
  return sha256(pair);
}

/** The root of the tree without entries. */
export function hashEmpty(): Uint8Array {
  return sha256(new Uint8Array(0));
}

export function assertHash(hash: Uint8Array): void {
  if (hash.length !== HASH_BYTES) throw new TlogError('bad_argument', `A hash has ${HASH_BYTES} bytes, not ${hash.length}.`);
}

export function assertSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new TlogError('bad_argument', 'A tree size is a whole number from 0 to 2^53 - 1.');
}

/** Of a proof: C2SP allows that many, and a tree of 2^53 entries needs fewer. */
export const PROOF_LENGTH_MAX = 63;

/** The lines of a proof, a hash each. @returns undefined when one is none, or when there are too many */
export function readProofLines(lines: readonly string[]): Uint8Array[] | undefined {
  const hashes = lines.map((line) => fromBase64(line) ?? new Uint8Array(0));
  return hashes.length <= PROOF_LENGTH_MAX && hashes.every(({ length }) => length === HASH_BYTES) ? hashes : undefined;
}
