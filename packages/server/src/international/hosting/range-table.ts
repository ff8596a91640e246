/**
 * Ranges of addresses in sorted arrays of 32-bit words, looked up by binary search. Built once from any order; ranges inside of others win over those,
 * as the longer prefix wins in routing. IPv4 takes 12 bytes a range, IPv6 36.
 */

export interface RangeTable {
  /** Disjoint ranges: one that lies around others counts once for each of its parts. */
  readonly size: number;
  readonly bytes: number;
  /** @param words as many as the table has in an address @returns the value of the range, or -1 */
  find(words: Uint32Array): number;
}

export interface RangeBuilder {
  readonly size: number;
  /** @param value a whole number from 0 to 2^32 - 1 */
  add(first: Uint32Array, last: Uint32Array, value: number): void;
  /** Afterwards the builder is used up. @throws {RangeFault} for ranges that cross, and for equal ones with different values */
  build(): RangeTable;
}

export class RangeFault extends Error {
  override readonly name = 'RangeFault';
}

const FIRST_CAPACITY = 1024;

class Columns {
  readonly width: number;
  starts: Uint32Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
  values: Uint32Array<ArrayBuffer>;
  size = 0;

  constructor(width: number, capacity: number) {
    this.width = width;
    this.starts = new Uint32Array(capacity * width);
    this.ends = new Uint32Array(capacity * width);
    this.values = new Uint32Array(capacity);
  }

  push(first: Uint32Array, last: Uint32Array, value: number): void {
    if (this.size === this.values.length) this.resize(this.size * 2);
    this.starts.set(first, this.size * this.width);
    this.ends.set(last, this.size * this.width);
    this.values[this.size] = value;
    this.size += 1;
  }

  resize(capacity: number): void {
    this.starts = grow(this.starts, capacity * this.width);
    this.ends = grow(this.ends, capacity * this.width);
    this.values = grow(this.values, capacity);
  }

  startOf(row: number): Uint32Array {
    return this.starts.subarray(row * this.width, (row + 1) * this.width);
  }

  endOf(row: number): Uint32Array {
    return this.ends.subarray(row * this.width, (row + 1) * this.width);
  }
}

function grow(words: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (length <= words.length) return words.slice(0, length);
  const grown = new Uint32Array(length);
  grown.set(words);
  return grown;
}

/** @param width words in an address: 1 for IPv4 and for numbers of networks, 4 for IPv6 */
export function createRangeBuilder(width: 1 | 4): RangeBuilder {
  const columns = new Columns(width, FIRST_CAPACITY);
  return {
    get size() {
      return columns.size;
    },
    add(first, last, value) {
      if (first.length !== width || last.length !== width || compare(first, last) > 0) throw new RangeFault('a range that ends before it begins');
      columns.push(first, last, value);
    },
    build: () => freeze(isDisjoint(columns) ? columns : flatten(columns)),
  };
}

function compare(a: Uint32Array, b: Uint32Array): number {
  for (let i = 0; i < a.length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** In order, each behind the one before: most files are. Without views on the rows, because this is done in one go for all of them. */
function isDisjoint({ width, size, starts, ends }: Columns): boolean {
  for (let row = 1; row < size; row++) {
    let i = 0;
    while (i < width - 1 && ends[(row - 1) * width + i] === starts[row * width + i]) i++;
    if ((ends[(row - 1) * width + i] ?? 0) >= (starts[row * width + i] ?? 0)) return false;
  }
  return true;
}

/** Walks over the ranges by start, of those with the same start over the longest first. */
function flatten(columns: Columns): Columns {
  const order = Uint32Array.from({ length: columns.size }, (_none, row) => row).toSorted(
    (a, b) => compare(columns.startOf(a), columns.startOf(b)) || compare(columns.endOf(b), columns.endOf(a)),
  );
  const sweep = new Sweep(columns);
  for (const row of order) sweep.enter(row);
  return sweep.end();
}

class Sweep {
  private readonly columns: Columns;
  private readonly out: Columns;
  /** Ranges around the current place, the innermost last. */
  private readonly open: number[] = [];
  /** The first address that is not yet given to a range; undefined behind the last address of all. */
  private place: Uint32Array | undefined;

  constructor(columns: Columns) {
    this.columns = columns;
    this.out = new Columns(columns.width, columns.size * 2);
  }

  enter(row: number): void {
    const start = this.columns.startOf(row);
    for (let top = this.open.at(-1); top !== undefined && compare(this.columns.endOf(top), start) < 0; top = this.open.at(-1)) this.leave(top);
    const around = this.open.at(-1);
    if (around !== undefined) {
      if (this.isSame(row, around)) return;
      if (compare(this.columns.endOf(row), this.columns.endOf(around)) > 0) throw new RangeFault('ranges that cross each other');
      this.giveBefore(start, around);
    }
    this.place = Uint32Array.from(start);
    this.open.push(row);
  }

  end(): Columns {
    for (let top = this.open.at(-1); top !== undefined; top = this.open.at(-1)) this.leave(top);
    return this.out;
  }

  private isSame(row: number, around: number): boolean {
    const { columns } = this;
    if (compare(columns.startOf(row), columns.startOf(around)) !== 0 || compare(columns.endOf(row), columns.endOf(around)) !== 0) return false;
    if (columns.values[row] !== columns.values[around]) throw new RangeFault('the same range twice, with different values');
    return true;
  }

  private giveBefore(start: Uint32Array, around: number): void {
    const last = step(start, -1);
    if (this.place !== undefined && last !== undefined && compare(this.place, start) < 0) this.out.push(this.place, last, this.columns.values[around] ?? 0);
  }

  private leave(row: number): void {
    this.open.pop();
    const last = this.columns.endOf(row);
    if (this.place === undefined || compare(this.place, last) > 0) return;
    this.out.push(this.place, last, this.columns.values[row] ?? 0);
    this.place = step(last, 1);
  }
}

/** The address behind or before it; undefined where there is none. */
function step(words: Uint32Array, by: 1 | -1): Uint32Array | undefined {
  const next = Uint32Array.from(words);
  for (let i = next.length - 1; i >= 0; i--) {
    const word = next[i] ?? 0;
    next[i] = word + by;
    if (by === 1 ? word !== 0xffffffff : word !== 0) return next;
  }
  return undefined;
}

function freeze(columns: Columns): RangeTable {
  const { width, size } = columns;
  columns.resize(size);
  const { starts, ends, values } = columns;
  return {
    size,
    bytes: starts.byteLength + ends.byteLength + values.byteLength,
    find(words) {
      if (words.length !== width) return -1;
      // The number of rows that begin at or before the address.
      let low = 0;
      let high = size;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (compareAt(starts, middle * width, words) <= 0) low = middle + 1;
        else high = middle;
      }
      const row = low - 1;
      return row >= 0 && compareAt(ends, row * width, words) >= 0 ? (values[row] ?? -1) : -1;
    },
  };
}

function compareAt(column: Uint32Array, at: number, words: Uint32Array): number {
  for (let i = 0; i < words.length; i++) {
    const difference = (column[at + i] ?? 0) - (words[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
