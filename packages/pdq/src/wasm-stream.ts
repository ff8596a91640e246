import { AREA, type WasmKernel } from './kernel.ts';
import { nearestPositions, SIDE } from './nearest.ts';
import type { Picture } from './picture.ts';
import type { PdqForms } from './results.ts';
import { BATCH, WasmFilter } from './wasm-filter.ts';
import { hashQuarters, planMirrored } from './wasm-hash.ts';

type Size = Pick<Picture, 'width' | 'height' | 'channels'>;

/** Kernels read, and gather, whole vectors. */
const SLACK_BYTES = 64;

const alignUp = (bytes: number): number => Math.ceil(bytes / 64) * 64;

/** The rows of a picture on their way through the filters of both forms; of the picture only eight rows are held. */
export class WasmStream {
  readonly #kernel: WasmKernel;
  readonly #size: Size;
  readonly #full: WasmFilter;
  readonly #nearest: NearestRows | undefined;
  readonly #stagingAt: number;
  /** Bytes of the present batch of rows. */
  #filled = 0;
  #rows = 0;

  constructor(kernel: WasmKernel, size: Size) {
    this.#kernel = kernel;
    this.#size = size;
    this.#full = new WasmFilter(kernel, planMirrored(size), AREA.rest);
    const hasNearest = size.width > SIDE || size.height > SIDE;
    this.#nearest = hasNearest ? new NearestRows(kernel, size, this.#full.end) : undefined;
    this.#stagingAt = this.#nearest?.end ?? this.#full.end;
    kernel.reserve(this.#stagingAt + BATCH * this.#rowBytes + SLACK_BYTES);
  }

  /** Not more than the picture has. */
  write(bytes: Picture['data']): void {
    for (let from = 0; from < bytes.length;) {
      const batchBytes = Math.min(BATCH, this.#size.height - this.#rows) * this.#rowBytes;
      const part = bytes.subarray(from, from + batchBytes - this.#filled);
      this.#kernel.bytes.set(part, this.#stagingAt + this.#filled);
      this.#filled += part.length;
      from += part.length;
      if (this.#filled === batchBytes) this.#push();
    }
  }

  finish(): PdqForms {
    return {
      full: hashQuarters(this.#kernel, this.#full.gridAt),
      nearest512: this.#nearest === undefined ? undefined : hashQuarters(this.#kernel, this.#nearest.gridAt),
    };
  }

  get #rowBytes(): number {
    return this.#size.width * this.#size.channels;
  }

  #push(): void {
    const rows = this.#filled / this.#rowBytes;
    this.#full.push(this.#stagingAt);
    this.#nearest?.take(this.#stagingAt, this.#rows, rows);
    this.#rows += rows;
    this.#filled = 0;
  }
}

/** The 512 x 512 picture, gathered from the rows of the large one. */
class NearestRows {
  readonly end: number;
  readonly #kernel: WasmKernel;
  readonly #size: Size;
  readonly #filter: WasmFilter;
  readonly #offsetsAt: number;
  readonly #stagingAt: number;
  /** Rows of the large picture that the small one consists of, in order; a short picture has some twice. */
  readonly #sources: readonly number[];
  #taken = 0;

  constructor(kernel: WasmKernel, size: Size, start: number) {
    const { width, height, channels } = size;
    this.#kernel = kernel;
    this.#size = size;
    this.#sources = nearestPositions(height);
    this.#filter = new WasmFilter(kernel, planMirrored({ width: SIDE, height: SIDE, channels }), alignUp(start));
    this.#offsetsAt = alignUp(this.#filter.end);
    this.#stagingAt = this.#offsetsAt + SIDE * 4;
    this.end = alignUp(this.#stagingAt + BATCH * SIDE * channels + SLACK_BYTES);
    kernel.reserve(this.end);
    kernel.words.set(
      nearestPositions(width).map((x) => x * channels),
      this.#offsetsAt / 4,
    );
  }

  get gridAt(): number {
    return this.#filter.gridAt;
  }

  /** @param first which row of the large picture stands at `from` */
  take(from: number, first: number, rows: number): void {
    const { width, channels } = this.#size;
    for (let source = this.#sources[this.#taken]; source !== undefined && source < first + rows; source = this.#sources[this.#taken]) {
      const to = this.#stagingAt + (this.#taken % BATCH) * SIDE * channels;
      this.#kernel.run.gatherRow(from + (source - first) * width * channels, this.#offsetsAt, SIDE, channels, to);
      this.#taken += 1;
      if (this.#taken % BATCH === 0) this.#filter.push(this.#stagingAt);
    }
  }
}
