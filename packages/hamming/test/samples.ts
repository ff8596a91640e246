/** Seeded hashes of every kind that the tests search, and the search by brute force that they are compared with. */
import { hammingDistance, type Match } from '../src/index.ts';
import { DEFAULT_LIMITS, type Limits } from '../src/segment.ts';

/**
 * Each way of searching, whatever the size of the data: rows in order, chains, ring lists, and all of them together. The default
 * limits would scan small data.
 */
export const WAYS: Readonly<Record<string, Limits>> = {
  scan: { ...DEFAULT_LIMITS, linearRows: 65_535 },
  chains: { ...DEFAULT_LIMITS, linearRows: 1, rowsPerChain: 0 },
  ring: { ...DEFAULT_LIMITS, linearRows: 1, growingRows: 1, rowsPerBucket: 0 },
  mixed: { linearRows: 30, growingRows: 700, ringRows: 1100, rowsPerChain: 0, rowsPerBucket: 0 },
};

/** Whole numbers below `limit`, the same for the same seed (mulberry32). */
export type Draw = (limit: number) => number;

export function createDraw(seed: number): Draw {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

export function drawHash(draw: Draw): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => draw(256));
}

export function flipBits(hash: Uint8Array, bits: Iterable<number>): Uint8Array {
  const flipped = hash.slice();
  for (const bit of bits) flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

/** The hash with exactly `count` bits flipped, anywhere. */
export function perturb(hash: Uint8Array, count: number, draw: Draw): Uint8Array {
  const bits = new Set<number>();
  while (bits.size < count) bits.add(draw(256));
  return flipBits(hash, bits);
}

/** The bit of a hash that the index keeps as bit `at` of chunk `chunk`: the inverse of b -> (167 b + 13) mod 256, by search. */
function bitInChunk(chunk: number, at: number): number {
  const target = chunk * 16 + at;
  for (let bit = 0; bit < 256; bit++) if ((167 * bit + 13) % 256 === target) return bit;
  throw new Error('The permutation reaches every bit.');
}

/**
 * Neighbours at exactly `distance` whose flips are placed to slip through: dealt out one by one over the chunks, starting at each of
 * the 16, so that every chunk has as many as can be; and all in as few chunks as can be, starting at each of the 16.
 */
export function placeAdversarially(hash: Uint8Array, distance: number): Uint8Array[] {
  const placed: Uint8Array[] = [];
  for (let start = 0; start < 16; start++) {
    const flips = Array.from({ length: distance }, (_, flip) => flip);
    placed.push(
      flipBits(
        hash,
        flips.map((flip) => bitInChunk((start + flip) % 16, Math.floor(flip / 16))),
      ),
    );
    placed.push(
      flipBits(
        hash,
        flips.map((flip) => bitInChunk((start + Math.floor(flip / 16)) % 16, flip % 16)),
      ),
    );
  }
  return placed;
}

export function joinHashes(hashes: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(hashes.length * 32);
  for (const [index, hash] of hashes.entries()) joined.set(hash, index * 32);
  return joined;
}

/** The definition: compare with all, keep those within the radius, order by distance, then index. */
export function searchByBruteForce(hashes: readonly (Uint8Array | undefined)[], query: Uint8Array, radius: number): Match[] {
  return hashes
    .flatMap((hash, index) => (hash === undefined ? [] : [{ index, distance: hammingDistance(hash, query) }]))
    .filter(({ distance }) => distance <= radius)
    .toSorted((a, b) => a.distance - b.distance || a.index - b.index);
}

export interface Sample {
  readonly hashes: readonly Uint8Array[];
  readonly queries: readonly Uint8Array[];
}

const FLAT_BYTES = [0x00, 0xff, 0x55, 0xaa, 0x0f, 0xf0, 0x33, 0xcc];

/** Kinds of data by name. Every one has matches at every radius. */
export const SAMPLES: Readonly<Record<string, () => Sample>> = {
  uniform() {
    const draw = createDraw(1);
    const queries = [drawHash(draw), drawHash(draw)];
    const planted = queries.flatMap((query) => Array.from({ length: 70 }, (_, distance) => perturb(query, distance, draw)));
    return { queries: [...queries, drawHash(draw)], hashes: [...Array.from({ length: 1200 }, () => drawHash(draw)), ...planted] };
  },
  clustered() {
    const draw = createDraw(2);
    const centres = Array.from({ length: 20 }, () => drawHash(draw));
    const hashes = centres.flatMap((centre) => Array.from({ length: 60 }, () => perturb(centre, draw(45), draw)));
    return { hashes, queries: centres.slice(0, 3).map((centre, number) => perturb(centre, number * 9, draw)) };
  },
  'all equal'() {
    const draw = createDraw(3);
    const hash = drawHash(draw);
    return { hashes: Array.from({ length: 1200 }, () => hash), queries: [0, 1, 31, 32, 63, 64].map((distance) => perturb(hash, distance, draw)) };
  },
  'all zero and one bit away'() {
    const draw = createDraw(4);
    const zero = new Uint8Array(32);
    const hashes = Array.from({ length: 1300 }, (_, number) => (number % 5 === 0 ? zero : flipBits(zero, [number % 256])));
    return { hashes, queries: [zero, flipBits(zero, [7]), perturb(zero, 31, draw), perturb(zero, 62, draw)] };
  },
  'a few flat patterns'() {
    const draw = createDraw(5);
    const flat = FLAT_BYTES.map((byte) => new Uint8Array(32).fill(byte));
    const hashes = flat.flatMap((pattern) => Array.from({ length: 150 }, (_, number) => perturb(pattern, number % 4, draw)));
    return { hashes, queries: [...flat.slice(0, 3), perturb(flat[2] ?? drawHash(draw), 40, draw)] };
  },
  'one full bucket in every chunk'() {
    // Equal in eight chunks and random in the others: every probe of those eight finds everything.
    const draw = createDraw(6);
    const base = drawHash(draw);
    const others = Array.from({ length: 128 }, (_, number) => bitInChunk(Math.floor(number / 16) * 2, number % 16));
    const spread = (): Uint8Array =>
      flipBits(
        base,
        others.filter(() => draw(2) === 1),
      );
    const queries = [spread(), spread()];
    const planted = queries.flatMap((query) => Array.from({ length: 70 }, (_, distance) => perturb(query, distance, draw)));
    return { queries, hashes: [...Array.from({ length: 1100 }, spread), ...planted] };
  },
};
