import { boxLine } from './box.ts';
import { writeLuma, type Picture } from './picture.ts';
import { BEFORE_FIRST, windowFor } from './sampling.ts';

/*
 * The samples at position -1 (sampling.ts): only where a window is 2, that is for 129 to 256 pixels, and only for mirrored grids.
 *
 * The box of width 2 at p holds p and p+1, that of the flipped axis p-1 and p. At the flipped end, the first pass gives v0 and
 * (v0+v1)/2, and the second pass the mean of these two: 3/4 v0 + 1/4 v1.
 */
function valueBeforeFirst(first: number, second: number): number {
  return 0.75 * first + 0.25 * second;
}

export interface SampledGrid {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly grid: Float32Array;
}

type Size = Pick<Picture, 'width' | 'height' | 'channels'>;

/** The luma of the first two columns and the first two rows, noted while the rows of a picture go by. */
export class EdgeLuma {
  readonly #size: Size;
  readonly #columns: Float32Array;
  readonly #rows: Float32Array;

  constructor(size: Size) {
    this.#size = size;
    this.#columns = new Float32Array(2 * size.height);
    this.#rows = new Float32Array(2 * size.width);
  }

  /** Whether any sample stands at -1. */
  static isNeeded({ rows, columns }: Pick<SampledGrid, 'rows' | 'columns'>): boolean {
    return rows.includes(BEFORE_FIRST) || columns.includes(BEFORE_FIRST);
  }

  /** @param data of `count` whole rows, the first of which is row `first` of the picture */
  note(data: Picture['data'], first: number, count: number): void {
    const { width, channels } = this.#size;
    const part = { data, width, height: count, channels };
    for (let row = 0; row < count; row++) {
      const y = first + row;
      writeLuma(part, { first: row * width, count: 2, outAt: 2 * y }, this.#columns);
      if (y < 2) writeLuma(part, { first: row * width, count: width, outAt: y * width }, this.#rows);
    }
  }

  apply(sampled: SampledGrid): void {
    if (sampled.columns.includes(BEFORE_FIRST)) this.#fillColumns(sampled);
    if (sampled.rows.includes(BEFORE_FIRST)) this.#fillRows(sampled);
  }

  /** Columns 0 and 1 of the picture combined, then filtered down. */
  #fillColumns({ rows, columns, grid }: SampledGrid): void {
    const { height } = this.#size;
    const pairs = this.#columns;
    const line = Float32Array.from({ length: height }, (_, y) => valueBeforeFirst(pairs[2 * y] ?? 0, pairs[2 * y + 1] ?? 0));
    const filtered = boxLine(boxLine(line, windowFor(height)), windowFor(height));
    for (const [i, y] of rows.entries()) {
      const value = y === BEFORE_FIRST ? valueBeforeFirst(line[0] ?? 0, line[1] ?? 0) : (filtered[y] ?? 0);
      for (const [j, x] of columns.entries()) if (x === BEFORE_FIRST) grid[i * columns.length + j] = value;
    }
  }

  /** Likewise along the rows. The corner, where the column is -1 too, was filled before. */
  #fillRows({ rows, columns, grid }: SampledGrid): void {
    const { width } = this.#size;
    const pairs = this.#rows;
    const line = Float32Array.from({ length: width }, (_, x) => valueBeforeFirst(pairs[x] ?? 0, pairs[width + x] ?? 0));
    const filtered = boxLine(boxLine(line, windowFor(width)), windowFor(width));
    for (const [i, y] of rows.entries()) {
      if (y !== BEFORE_FIRST) continue;
      for (const [j, x] of columns.entries()) if (x !== BEFORE_FIRST) grid[i * columns.length + j] = filtered[x] ?? 0;
    }
  }
}
