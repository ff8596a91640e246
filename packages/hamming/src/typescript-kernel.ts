import { byteAt, CHUNK_VALUES, chunkAt, CHUNKS, HASH_BYTES, POPCOUNT_16, wordAt } from './bits.ts';
import type { Kernel } from './kernel.ts';
import { BOUNDS_PER_CHUNK, HEADER, SCRATCH } from './layout.ts';
import { permuteHash } from './permutation.ts';
import { compareRows, listRows } from './typescript-rows.ts';

const LINE_SIGNATURES = 32;
const CHECKSUM_LANES = 16;
/** Odd, so that multiplication loses nothing. */
const CHECKSUM_FACTOR = 0x9e37_79b1;

/** assembly/kernel.ts in plain TypeScript: the oracle of the tests, and what runs where WebAssembly is not allowed. */
export class TypescriptKernel implements Kernel {
  readonly #words: Uint32Array;
  readonly #halves: Uint16Array;
  readonly #bytes: Uint8Array;

  constructor(buffer: ArrayBufferLike) {
    this.#words = new Uint32Array(buffer);
    this.#halves = new Uint16Array(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  permuteRow(at: number): void {
    permuteHash(this.#bytes, at, this.#words);
  }

  permuteRows(from: number, to: number): void {
    const rowsAt = this.#field(HEADER.rowsAt);
    for (let row = from; row < to; row++) this.permuteRow(rowsAt + row * HASH_BYTES);
  }

  scanRows(s: number, from: number, to: number): number {
    return compareRows(this.#words, this.#bytes, { s, count: to - from, first: from, isListed: false });
  }

  searchRing(s: number): number {
    if (this.#locate(s) > this.#field(HEADER.count)) return -1;
    this.#touch(s);
    return this.#compare(s, this.#filter(s));
  }

  searchChains(s: number): number {
    return this.#compare(s, this.#walk(s));
  }

  linkRows(from: number, to: number): void {
    const chunks = this.#field(HEADER.rowsAt) >>> 1;
    const links = this.#field(HEADER.entriesAt) >>> 2;
    const heads = this.#field(HEADER.tableAt) >>> 1;
    for (let row = from; row < to; row++) {
      const at = chunks + row * CHUNKS;
      for (let chunk = 0; chunk < CHUNKS; chunk++) {
        const head = heads + chunk * CHUNK_VALUES + chunkAt(this.#halves, at + chunk);
        const signature = chunkAt(this.#halves, at + ((chunk + 1) & (CHUNKS - 1)));
        this.#words[links + (row + 1) * CHUNKS + chunk] = (chunkAt(this.#halves, head) << 16) | signature;
        Atomics.store(this.#halves, head, row + 1);
      }
    }
  }

  countKeys(chunk: number, from: number, to: number): void {
    const bounds = this.#boundsOf(chunk) + 1;
    const chunks = (this.#field(HEADER.rowsAt) >>> 1) + chunk;
    for (let row = from; row < to; row++) {
      const bound = bounds + chunkAt(this.#halves, chunks + row * CHUNKS);
      this.#words[bound] = wordAt(this.#words, bound) + 1;
    }
  }

  startBuckets(chunk: number): void {
    const bounds = this.#boundsOf(chunk) + 1;
    let start = 0;
    for (let bound = bounds; bound < bounds + CHUNK_VALUES; bound++) {
      const count = wordAt(this.#words, bound);
      this.#words[bound] = start;
      start += count;
    }
  }

  placeEntries(chunk: number, from: number, to: number): void {
    const count = this.#field(HEADER.count);
    const bounds = this.#boundsOf(chunk) + 1;
    const chunks = this.#field(HEADER.rowsAt) >>> 1;
    const signatures = (this.#field(HEADER.entriesAt) >>> 1) + chunk * count;
    const ids = (this.#field(HEADER.idsAt) >>> 2) + chunk * count;
    const next = (chunk + 1) & (CHUNKS - 1);
    for (let row = from; row < to; row++) {
      const bound = bounds + chunkAt(this.#halves, chunks + row * CHUNKS + chunk);
      const at = wordAt(this.#words, bound);
      this.#words[bound] = at + 1;
      this.#halves[signatures + at] = chunkAt(this.#halves, chunks + row * CHUNKS + next);
      this.#words[ids + at] = row;
    }
  }

  checkBounds(): number {
    const count = this.#field(HEADER.count);
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const bounds = this.#boundsOf(chunk);
      if (wordAt(this.#words, bounds) !== 0 || wordAt(this.#words, bounds + CHUNK_VALUES) !== count) return 0;
      for (let bound = bounds; bound < bounds + CHUNK_VALUES; bound++) if (wordAt(this.#words, bound) > wordAt(this.#words, bound + 1)) return 0;
    }
    const ids = this.#field(HEADER.idsAt) >>> 2;
    for (let at = ids; at < ids + count * CHUNKS; at++) if (wordAt(this.#words, at) >= count) return 0;
    return 1;
  }

  addChecksum(s: number, at: number, bytes: number): void {
    const sums = this.#words.subarray((s + SCRATCH.checksum) >>> 2, ((s + SCRATCH.checksum) >>> 2) + CHECKSUM_LANES);
    const end = (at + bytes) / 4;
    for (let from = at / 4; from < end; from += CHECKSUM_LANES) {
      for (let lane = 0; lane < CHECKSUM_LANES; lane++) {
        sums[lane] = Math.imul(wordAt(sums, lane), CHECKSUM_FACTOR) + wordAt(this.#words, from + lane);
      }
    }
  }

  #field(offset: number): number {
    return wordAt(this.#words, offset >>> 2);
  }

  #boundsOf(chunk: number): number {
    return (this.#field(HEADER.tableAt) >>> 2) + chunk * BOUNDS_PER_CHUNK;
  }

  #locate(s: number): number {
    const words = this.#words;
    const halves = this.#halves;
    const count = this.#field(HEADER.count);
    let probe = (s + SCRATCH.probes) >>> 2;
    let entries = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const key = chunkAt(halves, (s >>> 1) + chunk);
      const flips = chunkAt(halves, ((s + SCRATCH.flipCounts) >>> 1) + chunk);
      const bounds = this.#boundsOf(chunk);
      for (let flip = 0; flip < flips; flip++) {
        const at = bounds + (key ^ chunkAt(halves, ((s + SCRATCH.flips) >>> 1) + flip));
        const start = wordAt(words, at);
        const end = wordAt(words, at + 1);
        words[probe] = chunk * count + start;
        words[probe + 1] = chunk * count + end;
        entries += end - start;
        probe += 2;
      }
    }
    return entries;
  }

  /**
   * Reads one word of every line of every bucket. Without branches on the data the processor has many of these reads under way at
   * once; the filter's own reads would wait for one another. The sum only keeps the reads from being optimised away.
   */
  #touch(s: number): void {
    const signatures = this.#field(HEADER.entriesAt) >>> 1;
    const halves = this.#halves;
    let probe = (s + SCRATCH.probes) >>> 2;
    let sum = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const flips = chunkAt(halves, ((s + SCRATCH.flipCounts) >>> 1) + chunk);
      for (let flip = 0; flip < flips; flip++, probe += 2) {
        const end = signatures + wordAt(this.#words, probe + 1);
        for (let at = signatures + wordAt(this.#words, probe); at < end; at += LINE_SIGNATURES) sum = (sum + chunkAt(halves, at)) | 0;
      }
    }
    this.#words[(s + SCRATCH.touched) >>> 2] = sum;
  }

  /** Lists the rows that fulfil the pigeonring condition; returns their number, or -1 when there are too many. */
  #filter(s: number): number {
    const words = this.#words;
    const halves = this.#halves;
    const bytes = this.#bytes;
    const signatures = this.#field(HEADER.entriesAt) >>> 1;
    const ids = this.#field(HEADER.idsAt) >>> 2;
    const add = listRows(words, s);
    let probe = (s + SCRATCH.probes) >>> 2;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const next = chunkAt(halves, (s >>> 1) + ((chunk + 1) & (CHUNKS - 1)));
      const pairLimit = byteAt(bytes, s + SCRATCH.pairLimits + chunk);
      const flips = chunkAt(halves, ((s + SCRATCH.flipCounts) >>> 1) + chunk);
      for (let flip = 0; flip < flips; flip++, probe += 2) {
        const limit = pairLimit - byteAt(bytes, s + SCRATCH.flipWeights + flip);
        const end = wordAt(words, probe + 1);
        for (let at = wordAt(words, probe); at < end; at++) {
          if (byteAt(POPCOUNT_16, chunkAt(halves, signatures + at) ^ next) <= limit && !add.row(wordAt(words, ids + at))) return add.giveUp();
        }
      }
    }
    return add.end();
  }

  /** The same through the chains; -1 also when they are longer than the segment. */
  #walk(s: number): number {
    const words = this.#words;
    const halves = this.#halves;
    const links = this.#field(HEADER.entriesAt) >>> 2;
    const heads = this.#field(HEADER.tableAt) >>> 1;
    const add = listRows(words, s);
    let budget = Atomics.load(words, HEADER.count >>> 2);
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const key = chunkAt(halves, (s >>> 1) + chunk);
      const next = chunkAt(halves, (s >>> 1) + ((chunk + 1) & (CHUNKS - 1)));
      const pairLimit = byteAt(this.#bytes, s + SCRATCH.pairLimits + chunk);
      const flips = chunkAt(halves, ((s + SCRATCH.flipCounts) >>> 1) + chunk);
      for (let flip = 0; flip < flips; flip++) {
        const limit = pairLimit - byteAt(this.#bytes, s + SCRATCH.flipWeights + flip);
        let row = chunkAt(halves, heads + chunk * CHUNK_VALUES + (key ^ chunkAt(halves, ((s + SCRATCH.flips) >>> 1) + flip)));
        while (row !== 0) {
          const link = wordAt(words, links + row * CHUNKS + chunk);
          if (--budget < 0 || (byteAt(POPCOUNT_16, (link & 0xffff) ^ next) <= limit && !add.row(row - 1))) return add.giveUp();
          row = link >>> 16;
        }
      }
    }
    return add.end();
  }

  #compare(s: number, survivors: number): number {
    return survivors < 0 ? -1 : compareRows(this.#words, this.#bytes, { s, count: survivors, first: 0, isListed: true });
  }
}
