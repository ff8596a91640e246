/**
 * Proofs that an entry is in a tree, and that one tree grew out of another (RFC 6962, sections 2.1.1 and 2.1.2; verified as RFC 9162 describes in
 * 2.1.3.2 and 2.1.4.2). To verify takes nothing but the hashes that are given.
 */
import { isEqual } from './bytes.ts';
import { TlogError } from './errors.ts';
import type { HashReader } from './hash-reader.ts';
import { assertHash, assertSize, hashEmpty, hashNode, PROOF_LENGTH_MAX } from './hashing.ts';
import { splitPoint } from './subtrees.ts';

type Range = readonly [from: number, to: number];

/** @throws {TlogError} `bad_argument`, `bad_tile` */
export async function proveInclusion(index: number, reader: HashReader): Promise<Uint8Array[]> {
  assertIndex(index, reader.size);
  return readAll(listInclusion(index, [0, reader.size]), reader);
}

/** The siblings on the way from the leaf to the root, lowest first. */
function listInclusion(index: number, [from, to]: Range): Range[] {
  if (to - from === 1) return [];
  const middle = from + splitPoint(to - from);
  return index < middle ? [...listInclusion(index, [from, middle]), [middle, to]] : [...listInclusion(index, [middle, to]), [from, middle]];
}

/** That the tree of the reader grew out of its own first `size` entries. @throws {TlogError} `bad_argument`, `bad_tile` */
export async function proveConsistency(size: number, reader: HashReader): Promise<Uint8Array[]> {
  assertSize(size);
  if (size > reader.size) throw new TlogError('bad_argument', `A tree of ${reader.size} entries cannot have grown out of one of ${size}.`);
  if (size === 0 || size === reader.size) return [];
  return readAll(listConsistency(size, [0, reader.size], true), reader);
}

/** @param isWhole that the smaller tree is a complete subtree here, which whoever verifies knows already */
function listConsistency(size: number, [from, to]: Range, isWhole: boolean): Range[] {
  if (size === to) return isWhole ? [] : [[from, to]];
  const middle = from + splitPoint(to - from);
  return size <= middle ? [...listConsistency(size, [from, middle], isWhole), [middle, to]] : [...listConsistency(size, [middle, to], false), [from, middle]];
}

function readAll(ranges: readonly Range[], reader: HashReader): Promise<Uint8Array[]> {
  return Promise.all(ranges.map(([from, to]) => reader.read(from, to)));
}

export interface InclusionClaim {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** @throws {TlogError} `bad_proof` unless the entry is in that tree at that place */
export function verifyInclusion({ leafHash, index, size, root, proof }: InclusionClaim): void {
  assertIndex(index, size);
  assertLengths([leafHash, root, ...proof]);
  let [hash, at, last] = [leafHash, index, size - 1];
  for (const sibling of proof) {
    if (last === 0) throw refuse('it is longer than the tree is high');
    if (at % 2 === 1 || at === last) {
      hash = hashNode(sibling, hash);
      // At the right edge: up to where there is a left sibling again.
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else hash = hashNode(hash, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw refuse('it ends below the root');
  if (!isEqual(hash, root)) throw refuse('it leads to another root');
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** @throws {TlogError} `bad_proof` unless the new tree starts with all of the old one */
export function verifyConsistency({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): void {
  assertSize(oldSize);
  assertSize(newSize);
  assertLengths([oldRoot, newRoot, ...proof]);
  if (oldSize > newSize) throw refuse('the tree became smaller');
  if (oldSize === 0 || oldSize === newSize) return verifyWithoutGrowth({ oldSize, oldRoot, newSize, newRoot, proof });
  const { oldHash, newHash } = climb(oldSize, newSize, isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof);
  if (!isEqual(oldHash, oldRoot)) throw refuse('it leads to another old root');
  if (!isEqual(newHash, newRoot)) throw refuse('it leads to another new root');
}

/** Out of nothing, or not at all: there is nothing to prove, and roots to compare. */
function verifyWithoutGrowth({ oldSize, oldRoot, newSize, newRoot, proof }: ConsistencyClaim): void {
  if (proof.length > 0) throw refuse('it should be empty');
  if (oldSize === newSize && !isEqual(oldRoot, newRoot)) throw refuse('two trees of one size have two roots');
  if (oldSize === 0 && !isEqual(oldRoot, hashEmpty())) throw refuse('the root of the empty tree is another');
}

function climb(oldSize: number, newSize: number, path: readonly Uint8Array[]): { readonly oldHash: Uint8Array; readonly newHash: Uint8Array } {
  const [first, ...rest] = path;
  if (first === undefined) throw refuse('it is empty');
  let [at, last] = [oldSize - 1, newSize - 1];
  while (at % 2 === 1) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  let [oldHash, newHash] = [first, first];
  for (const sibling of rest) {
    if (last === 0) throw refuse('it is longer than the tree is high');
    if (at % 2 === 1 || at === last) {
      oldHash = hashNode(sibling, oldHash);
      newHash = hashNode(sibling, newHash);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else newHash = hashNode(newHash, sibling);
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw refuse('it ends below the root');
  return { oldHash, newHash };
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n)) && 2 ** Math.round(Math.log2(n)) === n;
}

function assertIndex(index: number, size: number): void {
  assertSize(size);
  assertSize(index);
  if (index >= size) throw new TlogError('bad_argument', `A tree of ${size} entries has no entry ${index}.`);
}

function assertLengths(hashes: readonly Uint8Array[]): void {
  if (hashes.length > PROOF_LENGTH_MAX + 2) throw refuse(`it has more than ${PROOF_LENGTH_MAX} hashes`);
  for (const hash of hashes) assertHash(hash);
}

function refuse(why: string): TlogError {
  return new TlogError('bad_proof', `The proof does not hold: ${why}.`);
}
