import { GRID } from './sampling.ts';

/** The side of the block of frequencies that is kept. */
export const BLOCK = 16;

const CELLS = BLOCK * BLOCK;

/** Frequencies 1 to 16 of the 64-point cosine transform, 16 rows of 64; the constant is left out (specification step 7). */
export const COSINES: Float32Array = Float32Array.from({ length: BLOCK * GRID }, (_, at) => {
  const frequency = Math.floor(at / GRID) + 1;
  return Math.fround(Math.sqrt(2 / GRID)) * Math.cos((Math.PI / 2 / GRID) * frequency * (2 * (at % GRID) + 1));
});

/** The same with rows and columns exchanged: 64 rows of 16. */
export const COSINES_TURNED: Float32Array = Float32Array.from({ length: GRID * BLOCK }, (_, at) => {
  return COSINES[(at % BLOCK) * GRID + Math.floor(at / BLOCK)] ?? 0;
});

/**
 * left (rows x inner) times right (inner x columns, a multiple of 4); each element is summed in ascending order, and every product
 * and sum rounded to float32. Four columns at a time, because one sum alone is a chain of dependent additions.
 */
function multiply(left: Float32Array, right: Float32Array, inner: number): Float32Array {
  const columns = right.length / inner;
  const product = new Float32Array((left.length / inner) * columns);
  for (let at = 0; at < product.length; at += 4) {
    const row = Math.floor(at / columns) * inner;
    const column = at % columns;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let k = 0, from = column; k < inner; k++, from += columns) {
      const factor = left[row + k] ?? 0;
      s0 = Math.fround(s0 + Math.fround(factor * (right[from] ?? 0)));
      s1 = Math.fround(s1 + Math.fround(factor * (right[from + 1] ?? 0)));
      s2 = Math.fround(s2 + Math.fround(factor * (right[from + 2] ?? 0)));
      s3 = Math.fround(s3 + Math.fround(factor * (right[from + 3] ?? 0)));
    }
    product[at] = s0;
    product[at + 1] = s1;
    product[at + 2] = s2;
    product[at + 3] = s3;
  }
  return product;
}

/** The 16 x 16 coefficients of a 64 x 64 grid (specification step 7). */
export function transform(grid: Float32Array): Float32Array {
  return multiply(multiply(COSINES, grid, GRID), COSINES_TURNED, GRID);
}

/** 0 to 100 from the sum of the steps between neighbours in the 64 x 64 grid (specification step 6). */
export function measureQuality(grid: Float32Array): number {
  let sum = 0;
  for (let y = 0; y < GRID; y++) {
    for (let x = 0; x < GRID; x++) {
      const here = grid[y * GRID + x] ?? 0;
      if (y + 1 < GRID) sum += stepBetween(here, grid[(y + 1) * GRID + x] ?? 0);
      if (x + 1 < GRID) sum += stepBetween(here, grid[y * GRID + x + 1] ?? 0);
    }
  }
  return Math.min(100, Math.trunc(sum / 90));
}

function stepBetween(u: number, v: number): number {
  return Math.abs(Math.trunc(Math.fround(Math.fround(Math.fround(u - v) * 100) / 255)));
}

/**
 * The hash of 16 x 16 coefficients: bit 16 i + j is 1 where the coefficient exceeds the 128th smallest one; written as
 * 64 hexadecimal digits, bit 255 first (specification steps 8 to 10).
 */
export function threshold(coefficients: Float32Array): string {
  const median = coefficients.toSorted()[CELLS / 2 - 1] ?? 0;
  let hex = '';
  for (let at = CELLS - 4; at >= 0; at -= 4) {
    let digit = 0;
    for (let bit = 3; bit >= 0; bit--) digit = digit * 2 + ((coefficients[at + bit] ?? 0) > median ? 1 : 0);
    hex += digit.toString(16);
  }
  return hex;
}

/** A 16 x 16 block in which cell (i, j) becomes `sign(i, j)` times the source's cell (i, j), or (j, i) when `isTurned`. */
export function rearrange(block: Float32Array, isTurned: boolean, sign: (i: number, j: number) => number): Float32Array {
  return block.map((_, at) => {
    const row = Math.floor(at / BLOCK);
    const column = at % BLOCK;
    const [i, j] = isTurned ? [column, row] : [row, column];
    return sign(i, j) * (block[i * BLOCK + j] ?? 0);
  });
}
