/** Whether the hashes of a question can be those of one picture. Pure. */
import { hashToBytes } from '@gatehouse/pdq';
import type { PermitRequest } from './schema.ts';

const SIDE = 16;
const BITS = SIDE * SIDE;
const WORD_BITS = 32;
/**
 * The bits in which the hash of a turned picture may differ from the turned hash: the median moves a little. Of 150 generated photographs none had more than
 * 58; two pictures have about 117, and a hash that shall still be found on a list (31 bits) cannot be bent so far towards another one. Drawings of nothing but
 * stripes or one gradient have more: they count as up to eight.
 */
const SAME_BITS_MAX = 64;

/** Cells of the hash, `row * 16 + column`. */
type Bits = readonly boolean[];
type Words = readonly number[];
interface Turn {
  readonly isTransposed: boolean;
  readonly flipsRows: boolean;
  readonly flipsColumns: boolean;
}

const EITHER = [false, true] as const;
const TURNS: readonly Turn[] = EITHER.flatMap((isTransposed) =>
  EITHER.flatMap((flipsRows) => EITHER.map((flipsColumns) => ({ isTransposed, flipsRows, flipsColumns }))),
);

/**
 * How many pictures a question is about, at least one: eight orientations of one in two forms look alike after turning. Whoever puts other hashes in their place
 * asks about several pictures at once, and pays for each. In which order they come does not matter.
 */
export function countPictures(pictures: PermitRequest['pictures']): number {
  const known: (readonly Words[])[] = [];
  for (const hash of new Set(pictures.flatMap(({ pdq }) => pdq))) {
    const bits = toBits(hash);
    const words = toWords(bits);
    if (!known.some((turned) => turned.some((one) => countDifferent(one, words) <= SAME_BITS_MAX)))
      known.push(TURNS.map((turn) => toWords(turnBits(bits, turn))));
  }
  return Math.max(1, known.length);
}

/** The last digit holds the first cell (specification of PDQ). */
function toBits(hash: string): Bits {
  const bytes = hashToBytes(hash).toReversed();
  return Array.from({ length: BITS }, (_none, cell) => (((bytes[cell >> 3] ?? 0) >> (cell & 7)) & 1) === 1);
}

/** A mirrored picture has the odd frequencies of the other sign (as `pdqOrientations` has it: row 0 of the block is frequency 1). */
function turnBits(bits: Bits, { isTransposed, flipsRows, flipsColumns }: Turn): Bits {
  return bits.map((_none, cell) => {
    const [i, j] = [Math.floor(cell / SIDE), cell % SIDE];
    const isFlipped = (flipsRows && i % 2 === 0) !== (flipsColumns && j % 2 === 0);
    return (bits[isTransposed ? j * SIDE + i : cell] ?? false) !== isFlipped;
  });
}

function toWords(bits: Bits): Words {
  return Array.from({ length: BITS / WORD_BITS }, (_none, word) => {
    const own = bits.slice(word * WORD_BITS, (word + 1) * WORD_BITS);
    return own.reduce((value, bit) => (value << 1) | (bit ? 1 : 0), 0);
  });
}

function countDifferent(a: Words, b: Words): number {
  return a.reduce((count, word, at) => count + countOnes(word ^ (b[at] ?? 0)), 0);
}

/** All sums of neighbours at once. */
function countOnes(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
