import { byteAt, HASH_BYTES, ROW_WORDS, wordAt } from './bits.ts';
import { HEADER, SCRATCH } from './layout.ts';

export interface RowAdder {
  /** False when there are too many. */
  row(row: number): boolean;
  /** Forgets all; -1. */
  giveUp(): number;
  /** Clears the bitmap; the number of rows that are listed now, each once. */
  end(): number;
}

/** Lists survivors in the scratch memory at `s`, each row once. */
export function listRows(words: Uint32Array, s: number): RowAdder {
  const survivors = wordAt(words, (s + SCRATCH.survivorsAt) >>> 2) >>> 2;
  const visited = wordAt(words, (s + SCRATCH.visitedAt) >>> 2) >>> 2;
  const most = wordAt(words, (s + SCRATCH.survivorsMax) >>> 2);
  let count = 0;
  const clear = (): void => {
    for (let at = 0; at < count; at++) words[visited + (wordAt(words, survivors + at) >>> 5)] = 0;
  };
  return {
    row(row) {
      const bit = 1 << (row & 31);
      const word = wordAt(words, visited + (row >>> 5));
      if ((word & bit) !== 0) return true;
      if (count >= most) return false;
      words[visited + (row >>> 5)] = word | bit;
      words[survivors + count++] = row;
      return true;
    },
    giveUp() {
      clear();
      return -1;
    },
    end() {
      clear();
      return count;
    },
  };
}

/**
 * Set bits of three words: a full adder makes sums and carries of them, so that two words are counted instead of three.
 * No field overflows: a nibble holds at most 4 + 2 * 4, a byte at most 24.
 */
function count96(a: number, b: number, c: number): number {
  const half = a ^ b;
  const sum = half ^ c;
  const carry = (a & b) | (half & c);
  const x = (sum - ((sum >> 1) & 0x5555_5555)) | 0;
  const y = (carry - ((carry >> 1) & 0x5555_5555)) | 0;
  const ones = (x & 0x3333_3333) + ((x >> 2) & 0x3333_3333);
  const twos = (y & 0x3333_3333) + ((y >> 2) & 0x3333_3333);
  const nibbles = (ones + twos + twos) | 0;
  return Math.imul((nibbles & 0x0f0f_0f0f) + ((nibbles >> 4) & 0x0f0f_0f0f), 0x0101_0101) >>> 24;
}

function readWords(words: Uint32Array, at: number): [number, number, number, number] {
  return [wordAt(words, at) | 0, wordAt(words, at + 1) | 0, wordAt(words, at + 2) | 0, wordAt(words, at + 3) | 0];
}

/** Beyond this radius the check after 96 bits is a coin toss that the processor mispredicts. */
const WIDEST_FIRST_CHECK = 40;

export interface CompareJob {
  /** Where the scratch memory begins. */
  readonly s: number;
  readonly count: number;
  /** The first row, when the rows follow each other. */
  readonly first: number;
  /** The rows are the first `count` survivors. */
  readonly isListed: boolean;
}

/**
 * Compares the query with `count` rows; the matches stand at the front of `survivors` and `distances` afterwards.
 * Unrelated hashes differ in 48 +- 5 of the first 96 bits and 96 +- 7 of the first 192.
 */
export function compareRows(words: Uint32Array, bytes: Uint8Array, job: CompareJob): number {
  const { s, count, first, isListed } = job;
  // As signed integers: an unsigned word above 2^31 would be kept as a floating-point number.
  const [w0, w1, w2, w3] = readWords(words, s >>> 2);
  const [w4, w5, w6, w7] = readWords(words, (s >>> 2) + 4);
  const rows = wordAt(words, HEADER.rowsAt >>> 2) >>> 2;
  const survivors = wordAt(words, (s + SCRATCH.survivorsAt) >>> 2) >>> 2;
  const distances = wordAt(words, (s + SCRATCH.distancesAt) >>> 2);
  const radius = wordAt(words, (s + SCRATCH.radius) >>> 2);
  const firstLimit = radius <= WIDEST_FIRST_CHECK ? radius : HASH_BYTES * 8;
  const hasFilter = wordAt(words, (s + SCRATCH.labelCount) >>> 2) > 0;
  let found = 0;
  for (let step = 0; step < count; step++) {
    const row = isListed ? wordAt(words, survivors + step) : first + step;
    const at = rows + row * ROW_WORDS;
    let distance = count96(wordAt(words, at) ^ w0, wordAt(words, at + 1) ^ w1, wordAt(words, at + 2) ^ w2);
    if (distance > firstLimit) continue;
    distance += count96(wordAt(words, at + 3) ^ w3, wordAt(words, at + 4) ^ w4, wordAt(words, at + 5) ^ w5);
    if (distance > radius) continue;
    distance += count96(wordAt(words, at + 6) ^ w6, wordAt(words, at + 7) ^ w7, 0);
    if (distance > radius || (hasFilter && !isWanted(words, bytes, { s, row, distance }))) continue;
    words[survivors + found] = row;
    bytes[distances + found] = distance;
    found++;
  }
  return found;
}

interface Found {
  readonly s: number;
  readonly row: number;
  readonly distance: number;
}

function isWanted(words: Uint32Array, bytes: Uint8Array, { s, row, distance }: Found): boolean {
  const labelsAt = wordAt(words, HEADER.labelsAt >>> 2);
  const at = labelsAt + row * 2;
  const label = labelsAt === 0 ? 0 : byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8);
  return label < wordAt(words, (s + SCRATCH.labelCount) >>> 2) && distance < byteAt(bytes, s + SCRATCH.labels + label);
}
