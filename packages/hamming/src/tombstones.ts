import { type Allocate, growWords } from './allocation.ts';

/** One bit for each index: set when it is removed. Read only for rows that match, so that it costs searches nothing. */
export class Tombstones {
  readonly #allocate: Allocate;
  #bits: Uint32Array = new Uint32Array(0);
  #count = 0;

  constructor(allocate: Allocate) {
    this.#allocate = allocate;
  }

  get count(): number {
    return this.#count;
  }

  get bytesUsed(): number {
    return this.#bits.byteLength;
  }

  has(index: number): boolean {
    return (((this.#bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  set(index: number): void {
    const word = index >>> 5;
    if (word >= this.#bits.length) this.#bits = growWords(this.#bits, Math.max(word + 1, this.#bits.length * 2), this.#allocate);
    this.#bits[word] = (this.#bits[word] ?? 0) | (1 << (index & 31));
    this.#count++;
  }

  unset(index: number): void {
    this.#bits[index >>> 5] = (this.#bits[index >>> 5] ?? 0) & ~(1 << (index & 31));
    this.#count--;
  }
}
