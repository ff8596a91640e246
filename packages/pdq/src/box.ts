import { reachAhead } from './sampling.ts';

/*
 * Box filters with running float32 sums: the sample that enters is added, then the one that leaves is subtracted, each rounded,
 * even for a window of 1 (specification step 4). The order and the roundings are what makes the result bit-exact.
 *
 * Sums are divided by multiplying with the float64 reciprocal and rounding to float32. This is exact: a quotient of a float32 by
 * an integer c < 2^20 is never half-way between two float32 (that would need an odd 25-bit factor in a 24-bit numerator), so it is
 * at least 2^-25 / c, relative, away from where rounding changes, while the product errs by less than 2^-51.
 */

export interface Axis {
  /** Samples along the axis, at least `window`. */
  readonly size: number;
  /** Width of the box. */
  readonly window: number;
}

/** 1 / (how many samples the box at `position` holds); fewer than `window` at the ends. */
function inverseCount(position: number, { size, window }: Axis): number {
  const end = position + reachAhead(window) + 1;
  return 1 / (Math.min(end, size) - Math.max(end - window, 0));
}

export interface Lines {
  readonly data: Float32Array;
  /** Where the first line begins. */
  readonly at: number;
  /** Distance between the beginnings of two lines. */
  readonly stride: number;
}

/**
 * Filters four lines: one running sum alone is a chain of dependent additions. The three loops (samples only enter, enter and
 * leave, only leave) are apart because one loop with the cases inside takes twice as long.
 */
export function boxFour(from: Lines, to: Lines, { size, window }: Axis): void {
  const { data, at: a, stride } = from;
  const [b, c, d] = [a + stride, a + 2 * stride, a + 3 * stride];
  const { data: out, at: outA } = to;
  const [outB, outC, outD] = [outA + to.stride, outA + 2 * to.stride, outA + 3 * to.stride];
  const ahead = reachAhead(window);
  let s0 = Math.fround(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let enters = 0, p = -ahead; enters < window; enters++, p++) {
    s0 = Math.fround(s0 + (data[a + enters] ?? 0));
    s1 = Math.fround(s1 + (data[b + enters] ?? 0));
    s2 = Math.fround(s2 + (data[c + enters] ?? 0));
    s3 = Math.fround(s3 + (data[d + enters] ?? 0));
    if (p < 0) continue;
    const inverse = 1 / (enters + 1);
    out[outA + p] = s0 * inverse;
    out[outB + p] = s1 * inverse;
    out[outC + p] = s2 * inverse;
    out[outD + p] = s3 * inverse;
  }
  const inverse = 1 / window;
  for (let enters = window, leaves = 0, p = window - ahead; enters < size; enters++, leaves++, p++) {
    s0 = Math.fround(Math.fround(s0 + (data[a + enters] ?? 0)) - (data[a + leaves] ?? 0));
    s1 = Math.fround(Math.fround(s1 + (data[b + enters] ?? 0)) - (data[b + leaves] ?? 0));
    s2 = Math.fround(Math.fround(s2 + (data[c + enters] ?? 0)) - (data[c + leaves] ?? 0));
    s3 = Math.fround(Math.fround(s3 + (data[d + enters] ?? 0)) - (data[d + leaves] ?? 0));
    out[outA + p] = s0 * inverse;
    out[outB + p] = s1 * inverse;
    out[outC + p] = s2 * inverse;
    out[outD + p] = s3 * inverse;
  }
  for (let leaves = size - window, p = size - ahead; p < size; leaves++, p++) {
    s0 = Math.fround(s0 - (data[a + leaves] ?? 0));
    s1 = Math.fround(s1 - (data[b + leaves] ?? 0));
    s2 = Math.fround(s2 - (data[c + leaves] ?? 0));
    s3 = Math.fround(s3 - (data[d + leaves] ?? 0));
    const left = 1 / (size - leaves - 1);
    out[outA + p] = s0 * left;
    out[outB + p] = s1 * left;
    out[outC + p] = s2 * left;
    out[outD + p] = s3 * left;
  }
}

/** Filters one line of `line.length` samples. */
export function boxLine(line: Float32Array, window: number): Float32Array {
  const out = new Float32Array(line.length);
  const box = new ColumnBox({ data: line, stride: 1, rows: line.length }, { size: line.length, window });
  for (let p = 0; p < line.length; p++) box.next(out, p);
  return out;
}

export interface RowRing {
  readonly data: Float32Array;
  /** Samples in a row. */
  readonly stride: number;
  /** Row y is found at (y modulo rows). */
  readonly rows: number;
}

/** Columns that `ColumnBox.nextRows` takes at a time. Strides must be multiples of it. */
export const STRIP = 8;

/** Filters down all columns at once, in the order of the rows, so that a few rows of memory are enough. */
export class ColumnBox {
  readonly #ring: RowRing;
  readonly #axis: Axis;
  readonly #sums: Float32Array;
  #position: number;

  constructor(ring: RowRing, axis: Axis) {
    this.#ring = ring;
    this.#axis = axis;
    this.#sums = new Float32Array(ring.stride);
    this.#position = -reachAhead(axis.window);
  }

  /** Writes the means of the next row. The ring must hold the rows from `window - reachAhead` before it to `reachAhead` after it. */
  next(out: Float32Array, outAt: number): void {
    while (this.#position < 0) this.#move();
    const position = this.#position;
    const enters = position + reachAhead(this.#axis.window);
    const inverse = inverseCount(position, this.#axis);
    if (enters < this.#axis.size && enters >= this.#axis.window) {
      slideColumns(this.#sums, this.#ring.data, {
        entersAt: this.#at(enters),
        leavesAt: this.#at(enters - this.#axis.window),
        inverse,
        out,
        outAt,
      });
      this.#position++;
      return;
    }
    this.#move();
    for (let x = 0; x < this.#sums.length; x++) out[outAt + x] = (this.#sums[x] ?? 0) * inverse;
  }

  /** `next` for several rows, written one after the other at the distance of the ring's. The ring must hold what each of them needs. */
  nextRows(out: Float32Array, rows: number): void {
    const { size, window } = this.#axis;
    const { stride, data } = this.#ring;
    const enters = this.#position + reachAhead(window);
    if (this.#position >= 0 && enters >= window && enters + rows <= size) {
      slideStrips(this.#sums, data, { entersAt: this.#at(enters), leavesAt: this.#at(enters - window), window, out, rows, stride });
      this.#position += rows;
      return;
    }
    for (let row = 0; row < rows; row++) this.next(out, row * stride);
  }

  /** One step of the sums at an end of the columns, where a row only enters or only leaves. */
  #move(): void {
    const { size, window } = this.#axis;
    const { data } = this.#ring;
    const sums = this.#sums;
    const enters = this.#position + reachAhead(window);
    if (enters < size) {
      const at = this.#at(enters);
      for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] ?? 0) + (data[at + x] ?? 0);
    }
    if (enters >= window) {
      const at = this.#at(enters - window);
      for (let x = 0; x < sums.length; x++) sums[x] = (sums[x] ?? 0) - (data[at + x] ?? 0);
    }
    this.#position++;
  }

  #at(row: number): number {
    return (row % this.#ring.rows) * this.#ring.stride;
  }
}

interface Slide {
  readonly entersAt: number;
  readonly leavesAt: number;
  readonly inverse: number;
  readonly out: Float32Array;
  readonly outAt: number;
}

/** One step between the ends: add, subtract and write the means in one loop over the columns. */
function slideColumns(sums: Float32Array, data: Float32Array, slide: Slide): void {
  const { entersAt, leavesAt, inverse, out, outAt } = slide;
  for (let x = 0; x < sums.length; x++) {
    const wider = Math.fround((sums[x] ?? 0) + (data[entersAt + x] ?? 0));
    const sum = Math.fround(wider - (data[leavesAt + x] ?? 0));
    sums[x] = sum;
    out[outAt + x] = sum * inverse;
  }
}

interface StripSlide {
  readonly entersAt: number;
  readonly leavesAt: number;
  readonly window: number;
  readonly out: Float32Array;
  readonly rows: number;
  readonly stride: number;
}

/**
 * `slideColumns` for several rows: strip by strip of eight columns, whose sums stay in registers. That takes 0.6 of its time: a sum in
 * memory is converted from float32 and back at every step.
 */
function slideStrips(sums: Float32Array, data: Float32Array, { entersAt, leavesAt, window, out, rows, stride }: StripSlide): void {
  const inverse = 1 / window;
  const end = data.length;
  for (let x = 0; x < stride; x += STRIP) {
    let s0 = sums[x] ?? 0;
    let s1 = sums[x + 1] ?? 0;
    let s2 = sums[x + 2] ?? 0;
    let s3 = sums[x + 3] ?? 0;
    let s4 = sums[x + 4] ?? 0;
    let s5 = sums[x + 5] ?? 0;
    let s6 = sums[x + 6] ?? 0;
    let s7 = sums[x + 7] ?? 0;
    let enters = entersAt + x;
    let leaves = leavesAt + x;
    for (let row = 0, at = x; row < rows; row++, at += stride) {
      s0 = step(s0, data[enters], data[leaves]);
      s1 = step(s1, data[enters + 1], data[leaves + 1]);
      s2 = step(s2, data[enters + 2], data[leaves + 2]);
      s3 = step(s3, data[enters + 3], data[leaves + 3]);
      s4 = step(s4, data[enters + 4], data[leaves + 4]);
      s5 = step(s5, data[enters + 5], data[leaves + 5]);
      s6 = step(s6, data[enters + 6], data[leaves + 6]);
      s7 = step(s7, data[enters + 7], data[leaves + 7]);
      out[at] = s0 * inverse;
      out[at + 1] = s1 * inverse;
      out[at + 2] = s2 * inverse;
      out[at + 3] = s3 * inverse;
      out[at + 4] = s4 * inverse;
      out[at + 5] = s5 * inverse;
      out[at + 6] = s6 * inverse;
      out[at + 7] = s7 * inverse;
      enters = enters + stride === end + x ? x : enters + stride;
      leaves = leaves + stride === end + x ? x : leaves + stride;
    }
    sums[x] = s0;
    sums[x + 1] = s1;
    sums[x + 2] = s2;
    sums[x + 3] = s3;
    sums[x + 4] = s4;
    sums[x + 5] = s5;
    sums[x + 6] = s6;
    sums[x + 7] = s7;
  }
}

function step(sum: number, enters: number | undefined, leaves: number | undefined): number {
  return Math.fround(Math.fround(sum + (enters ?? 0)) - (leaves ?? 0));
}
