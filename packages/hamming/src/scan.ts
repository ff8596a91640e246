import { ROW_WORDS, wordAt } from './bits.ts';
import type { Query, Sink } from './query.ts';

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

/**
 * Compares the query with the first `count` rows, or with the `listed` ones: the smallest segments, the last step of every search,
 * and the bound of every search. Unrelated hashes differ in 48 +- 5 of the first 96 bits and 96 +- 7 of the first 192.
 */
export function scanRows(rows: Uint32Array, count: number, job: ScanJob): void {
  const { words, plan } = job.query;
  const { listed } = job;
  // As signed integers: an unsigned word above 2^31 would be kept as a floating-point number.
  const [w0, w1, w2, w3] = readWords(words, 0);
  const [w4, w5, w6, w7] = readWords(words, 4);
  const { radius } = plan;
  const firstLimit = radius <= WIDEST_FIRST_CHECK ? radius : ROW_WORDS * 32;
  for (let step = 0; step < count; step++) {
    const row = listed === undefined ? step : wordAt(listed, step);
    const at = row * ROW_WORDS;
    let distance = count96(wordAt(rows, at) ^ w0, wordAt(rows, at + 1) ^ w1, wordAt(rows, at + 2) ^ w2);
    if (distance > firstLimit) continue;
    distance += count96(wordAt(rows, at + 3) ^ w3, wordAt(rows, at + 4) ^ w4, wordAt(rows, at + 5) ^ w5);
    if (distance > radius) continue;
    distance += count96(wordAt(rows, at + 6) ^ w6, wordAt(rows, at + 7) ^ w7, 0);
    if (distance <= radius) job.sink.emit(row, distance);
  }
}

export interface ScanJob {
  readonly query: Query;
  readonly sink: Sink;
  /** Row numbers to compare instead of all; the first `count` of them. */
  readonly listed?: Uint32Array;
}

/** Beyond this radius the check after 96 bits is a coin toss that the processor mispredicts. */
const WIDEST_FIRST_CHECK = 40;
