import { type Allocate, growWords } from './allocation.ts';
import { wordAt } from './bits.ts';

/** Fewer than this are always verified one by one, however small the segment. */
const LEAST_LIMIT = 64;
/** More survivors than one row in sixteen: reading all rows in order is cheaper than reading these at random. */
const LIMIT_SHIFT = 4;

/**
 * The rows of one segment that passed the signature filter, each once. One row can pass in several chunks (all of them when it
 * equals the query): a bitmap drops the repeats, and is cleared through the list. Reused by all searches of an index.
 */
export class Survivors {
  readonly #allocate: Allocate;
  #visited: Uint32Array;
  #rows: Uint32Array;
  #count = 0;
  #limit = 0;

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
    this.#visited = new Uint32Array(0);
    this.#rows = new Uint32Array(0);
  }

  get bytesUsed(): number {
    return this.#visited.byteLength + this.#rows.byteLength;
  }

  get count(): number {
    return this.#count;
  }

  /** The first `count` are those of the current search. */
  get rows(): Uint32Array {
    return this.#rows;
  }

  /** Makes ready for a segment of that many rows. */
  begin(segmentRows: number): void {
    this.#clear();
    const words = (segmentRows + 31) >>> 5;
    this.#limit = Math.max(LEAST_LIMIT, segmentRows >>> LIMIT_SHIFT);
    if (this.#visited.length < words) this.#visited = growWords(this.#visited, words, this.#allocate);
    if (this.#rows.length < this.#limit) this.#rows = growWords(this.#rows, this.#limit, this.#allocate);
  }

  /** False when there are too many: the caller then scans the segment instead. */
  add(row: number): boolean {
    const bit = 1 << (row & 31);
    const word = wordAt(this.#visited, row >>> 5);
    if ((word & bit) !== 0) return true;
    if (this.#count >= this.#limit) return false;
    this.#visited[row >>> 5] = word | bit;
    this.#rows[this.#count++] = row;
    return true;
  }

  #clear(): void {
    for (let at = 0; at < this.#count; at++) this.#visited[wordAt(this.#rows, at) >>> 5] = 0;
    this.#count = 0;
  }
}
