import { CHUNKS } from './bits.ts';
import { HammingError } from './errors.ts';
import { MULTIPLIER, OFFSET } from './permutation.ts';

/*
 * The file format (README.md, "Snapshots"). All numbers are u32, little-endian; 64-bit ones are two, low first. Every section is
 * padded with zeros to a multiple of 64 bytes and followed by its checksum, 64 bytes.
 *
 *   header | removed indexes, one bit each | segment 0 | segment 1 | …
 */

/** "GHAMRING" */
const MAGIC = [0x4d41_4847, 0x474e_4952];
const VERSION = 1;
const HEAD_WORDS = 16;
const SEGMENT_WORDS = 8;
export const SECTION_ALIGN = 64;
export const CHECKSUM_BYTES = 64;
/** Bytes of the header that say how long it is. */
export const HEAD_BYTES: number = HEAD_WORDS * 4;
/** More segments than any index has. */
const MOST_SEGMENTS = 100_000;

export interface SnapshotSegment {
  readonly kind: 'ring' | 'growing';
  readonly base: number;
  readonly count: number;
}

export interface SnapshotHeader {
  readonly slots: number;
  readonly merged: number;
  readonly hasLabels: boolean;
  readonly removedWords: number;
  readonly segments: readonly SnapshotSegment[];
}

export function alignSection(bytes: number): number {
  return Math.ceil(bytes / SECTION_ALIGN) * SECTION_ALIGN;
}

const LOW = 2 ** 32;
const split = (value: number): [number, number] => [value % LOW, Math.floor(value / LOW)];
const join = (words: Uint32Array, at: number): number => (words[at] ?? 0) + (words[at + 1] ?? 0) * LOW;

export function encodeHeader(header: SnapshotHeader): Uint32Array {
  const { slots, merged, hasLabels, removedWords, segments } = header;
  const words = new Uint32Array(alignSection((HEAD_WORDS + segments.length * SEGMENT_WORDS) * 4) / 4);
  words.set([...MAGIC, VERSION, MULTIPLIER, OFFSET, CHUNKS, hasLabels ? 1 : 0, segments.length, ...split(slots), ...split(merged), removedWords]);
  for (const [number, { kind, base, count }] of segments.entries()) {
    words.set([kind === 'ring' ? 0 : 1, ...split(base), count], HEAD_WORDS + number * SEGMENT_WORDS);
  }
  return words;
}

/** Bytes of the whole header, from its first `HEAD_BYTES`. @throws HammingError `bad_snapshot` */
export function measureHeader(head: Uint32Array): number {
  const expected = [...MAGIC, VERSION, MULTIPLIER, OFFSET, CHUNKS];
  const segments = head[7] ?? 0;
  if (expected.some((word, at) => head[at] !== word) || segments > MOST_SEGMENTS) {
    throw badSnapshot('This is not a snapshot of this version.');
  }
  return alignSection((HEAD_WORDS + segments * SEGMENT_WORDS) * 4);
}

/** @throws HammingError `bad_snapshot` */
export function decodeHeader(words: Uint32Array): SnapshotHeader {
  const segments = Array.from({ length: words[7] ?? 0 }, (_, number) => {
    const at = HEAD_WORDS + number * SEGMENT_WORDS;
    return { kind: words[at] === 0 ? ('ring' as const) : ('growing' as const), base: join(words, at + 1), count: words[at + 3] ?? 0 };
  });
  const header = { slots: join(words, 8), merged: join(words, 10), hasLabels: words[6] === 1, removedWords: words[12] ?? 0, segments };
  let next = 0;
  for (const { base, count } of segments) {
    if (base !== next) throw badSnapshot('Its segments do not follow each other.');
    next += count;
  }
  if (next !== header.slots || header.merged > next || header.removedWords > Math.ceil(next / 32)) throw badSnapshot('Its numbers contradict each other.');
  return header;
}

export function badSnapshot(what: string): HammingError {
  return new HammingError('bad_snapshot', `The snapshot cannot be used: ${what} Build the index anew.`);
}
