/** Whether the hashes of a question can be those of one picture. Pure. */
import { hammingDistance } from '@gatehouse/hamming';
import { hashToBytes } from '@gatehouse/pdq';
import type { PermitRequest } from './schema.ts';

const SIDE = 16;
const BITS = SIDE * SIDE;
/**
 * The bits in which the hash of a turned picture may differ from the turned hash: the median moves a little. Of 150 generated photographs none had more than
 * 58; two pictures have about 117, and a hash that shall still be found on a list (31 bits) cannot be bent so far towards another one. Drawings of nothing but
 * stripes or one gradient have more: they count as up to eight.
 */
const SAME_BITS_MAX = 64;

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
  const known: (readonly Uint8Array[])[] = [];
  for (const text of new Set(pictures.flatMap(({ pdq }) => pdq))) {
    const hash = hashToBytes(text);
    if (!known.some((turned) => turned.some((one) => hammingDistance(one, hash) <= SAME_BITS_MAX))) known.push(TURNS.map((turn) => turnHash(hash, turn)));
  }
  return Math.max(1, known.length);
}

/** A mirrored picture has the odd frequencies of the other sign (as `pdqOrientations` has it: row 0 of the block is frequency 1). */
function turnHash(hash: Uint8Array, { isTransposed, flipsRows, flipsColumns }: Turn): Uint8Array {
  const turned = new Uint8Array(hash.length);
  for (let cell = 0; cell < BITS; cell += 1) {
    const [i, j] = [Math.floor(cell / SIDE), cell % SIDE];
    const isFlipped = (flipsRows && i % 2 === 0) !== (flipsColumns && j % 2 === 0);
    const from = placeOf(isTransposed ? j * SIDE + i : cell);
    const isSet = (((hash[from.byte] ?? 0) >> from.bit) & 1) === 1;
    const to = placeOf(cell);
    if (isSet !== isFlipped) turned[to.byte] = (turned[to.byte] ?? 0) | (1 << to.bit);
  }
  return turned;
}

/** Cells are `row * 16 + column`; the last digit holds the first (specification of PDQ). */
function placeOf(cell: number): { readonly byte: number; readonly bit: number } {
  return { byte: BITS / 8 - 1 - (cell >> 3), bit: cell & 7 };
}
