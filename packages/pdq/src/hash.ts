import { filterAndSample } from './filter.ts';
import { sharedKernel, type KernelOptions } from './kernel.ts';
import { checkPicture, writeLuma, type Picture } from './picture.ts';
import { GRID, forwardPositions, mirroredPositions } from './sampling.ts';
import type { PdqOrientationsResult, PdqResult } from './results.ts';
import { measureQuality, rearrange, threshold, transform } from './transform.ts';
import { hashMirrored, hashPlain, samplePlain } from './wasm-hash.ts';

/**
 * What is done to the picture before it is hashed, in the order of every `hashes` array here. The names and their order are
 * the reference's:
 * - `original`: nothing;
 * - `rot90`: turned by 90 degrees anticlockwise (what was on the right is now on top);
 * - `rot180`: turned upside down by rotation;
 * - `rot270`: turned by 90 degrees clockwise (what was on the left is now on top);
 * - `flipX`: mirrored top to bottom (about the x axis);
 * - `flipY`: mirrored left to right (about the y axis);
 * - `transpose`: mirrored about the diagonal from top left to bottom right;
 * - `antitranspose`: mirrored about the diagonal from top right to bottom left.
 */
export const ORIENTATIONS: readonly ['original', 'rot90', 'rot180', 'rot270', 'flipX', 'flipY', 'transpose', 'antitranspose'] = [
  'original',
  'rot90',
  'rot180',
  'rot270',
  'flipX',
  'flipY',
  'transpose',
  'antitranspose',
];

export type Orientation = (typeof ORIENTATIONS)[number];

/** Smaller pictures are not hashed (specification step 1). */
const MIN_SIDE = 5;

const NO_HASH = '0'.repeat(64);

type Size = Pick<Picture, 'width' | 'height'>;

function isTooSmall({ width, height }: Size): boolean {
  return width < MIN_SIDE || height < MIN_SIDE;
}

/** Pictures that need no filter are left to TypeScript. */
export function isHashedByKernel(size: Size): boolean {
  return !isTooSmall(size) && !isGridSized(size);
}

/** A picture of exactly 64 x 64 is its own grid, unfiltered (specification step 3). */
function isGridSized({ width, height }: Size): boolean {
  return width === GRID && height === GRID;
}

function sampleLuma(picture: Picture): Float32Array {
  const grid = new Float32Array(GRID * GRID);
  writeLuma(picture, { first: 0, count: GRID * GRID }, grid);
  return grid;
}

function sampleFiltered(picture: Picture): Float32Array {
  return filterAndSample(picture, forwardPositions(picture.height), forwardPositions(picture.width));
}

/**
 * The PDQ hash and quality of a picture at its full resolution, bit for bit those of the C++ reference core on the same pixels.
 * A side below 5 pixels gives the hash of 64 zeros and quality 0.
 *
 * @throws PdqError when the picture's fields are out of range or do not agree with each other.
 */
export function pdq(picture: Picture, options: KernelOptions = {}): PdqResult {
  checkPicture(picture);
  if (isTooSmall(picture)) return { hash: NO_HASH, quality: 0 };
  const kernel = isHashedByKernel(picture) ? sharedKernel(options) : undefined;
  if (kernel !== undefined) return hashPlain(kernel, picture);
  const grid = isGridSized(picture) ? sampleLuma(picture) : sampleFiltered(picture);
  return { hash: threshold(transform(grid)), quality: measureQuality(grid) };
}

/**
 * The reference's dihedral set: eight hashes derived from the coefficients of one. Bit for bit the reference's, for comparing
 * with others' values only: it misses 12 to 31 of 100 really flipped or rotated photographs. Use `pdqOrientations` to search.
 * Unlike `pdq`, a picture of 64 x 64 is filtered like any other, because the reference does so.
 *
 * @throws PdqError as `pdq`.
 */
export function pdqDihedral(picture: Picture, options: KernelOptions = {}): PdqOrientationsResult {
  checkPicture(picture);
  if (isTooSmall(picture)) return { hashes: ORIENTATIONS.map(() => NO_HASH), quality: 0 };
  const kernel = sharedKernel(options);
  const grid = kernel === undefined ? sampleFiltered(picture) : samplePlain(kernel, picture);
  const block = transform(grid);
  // Row i holds frequency i + 1, and mirroring negates the odd frequencies: the even rows or columns (specification step 11).
  const ofRow = (i: number): number => (i % 2 === 0 ? -1 : 1);
  const hashes = [
    block,
    rearrange(block, true, (_, j) => ofRow(j)),
    rearrange(block, false, (i, j) => ofRow(i) * ofRow(j)),
    rearrange(block, true, (i) => ofRow(i)),
    rearrange(block, false, (i) => ofRow(i)),
    rearrange(block, false, (_, j) => ofRow(j)),
    rearrange(block, true, () => 1),
    rearrange(block, true, (i, j) => ofRow(i) * ofRow(j)),
  ].map(threshold);
  return { hashes, quality: measureQuality(grid) };
}

/**
 * The hashes of the eight pictures that flipping and rotating the *pixels* would give (within float rounding; see README.md),
 * for little more than the cost of one: the picture is filtered once and sampled on mirrored grids.
 * `hashes[0]` and `quality` are those of `pdq`.
 *
 * @throws PdqError as `pdq`.
 */
export function pdqOrientations(picture: Picture, options: KernelOptions = {}): PdqOrientationsResult {
  checkPicture(picture);
  if (isTooSmall(picture)) return { hashes: ORIENTATIONS.map(() => NO_HASH), quality: 0 };
  const kernel = isHashedByKernel(picture) ? sharedKernel(options) : undefined;
  if (kernel !== undefined) return hashMirrored(kernel, picture);
  const [plain, upsideDown, leftRight, both] = isGridSized(picture) ? mirrorGrids(sampleLuma(picture)) : sampleMirrored(picture);
  const grids = [plain, turn(leftRight), both, turn(upsideDown), upsideDown, leftRight, turn(plain), turn(both)];
  return { hashes: grids.map((grid) => threshold(transform(grid))), quality: measureQuality(plain) };
}

/** 64 x 64 samples: as they are, mirrored top to bottom, mirrored left to right, both. */
type MirroredGrids = readonly [Float32Array, Float32Array, Float32Array, Float32Array];

function mirrorGrids(grid: Float32Array): MirroredGrids {
  const last = GRID - 1;
  return [
    grid,
    grid.map((_, at) => grid[(last - Math.floor(at / GRID)) * GRID + (at % GRID)] ?? 0),
    grid.map((_, at) => grid[Math.floor(at / GRID) * GRID + last - (at % GRID)] ?? 0),
    grid.toReversed(),
  ];
}

function sampleMirrored(picture: Picture): MirroredGrids {
  const rows = [...forwardPositions(picture.height), ...mirroredPositions(picture.height)];
  const columns = [...forwardPositions(picture.width), ...mirroredPositions(picture.width)];
  const samples = filterAndSample(picture, rows, columns);
  const quarter = (rowAt: number, columnAt: number): Float32Array => {
    const grid = new Float32Array(GRID * GRID);
    for (let y = 0; y < GRID; y++) {
      const from = (rowAt + y) * columns.length + columnAt;
      grid.set(samples.subarray(from, from + GRID), y * GRID);
    }
    return grid;
  };
  return [quarter(0, 0), quarter(GRID, 0), quarter(0, GRID), quarter(GRID, GRID)];
}

/** Rows and columns exchanged. */
function turn(grid: Float32Array): Float32Array {
  const turned = new Float32Array(GRID * GRID);
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) turned[x * GRID + y] = grid[y * GRID + x] ?? 0;
  }
  return turned;
}
