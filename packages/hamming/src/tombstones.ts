import { allocateBuffer } from './memory.ts';

/** One bit for each index: set when it is removed. Read only for rows that match, so that it costs searches nothing. */
export class Tombstones {
  #bits: Uint32Array;
  #count = 0;

  constructor(bits: Uint32Array = new Uint32Array(allocateBuffer(0))) {
    this.#bits = bits;
    for (const word of bits) this.#count += countBits(word);
  }

  get count(): number {
    return this.#count;
  }

  get bytesUsed(): number {
    return this.#bits.byteLength;
  }

  /** The words, which threads may share; replaced by longer ones when `reserve` says so. */
  get bits(): Uint32Array {
    return this.#bits;
  }

  has(index: number): boolean {
    return (((this.#bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  /** Makes room for an index; true when the words were replaced. */
  reserve(index: number): boolean {
    const words = (index >>> 5) + 1;
    if (words <= this.#bits.length) return false;
    const grown = new Uint32Array(allocateBuffer(Math.max(words, this.#bits.length * 2) * 4));
    grown.set(this.#bits);
    this.#bits = grown;
    return true;
  }

  set(index: number): void {
    this.#bits[index >>> 5] = (this.#bits[index >>> 5] ?? 0) | (1 << (index & 31));
    this.#count++;
  }

  unset(index: number): void {
    this.#bits[index >>> 5] = (this.#bits[index >>> 5] ?? 0) & ~(1 << (index & 31));
    this.#count--;
  }
}

function countBits(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}
