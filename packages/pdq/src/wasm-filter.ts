import { EdgeLuma } from './edges.ts';
import type { WasmKernel } from './kernel.ts';
import type { Picture } from './picture.ts';
import { BEFORE_FIRST, reachAhead, windowFor } from './sampling.ts';

/** Fields of a filter, in words. The numbers of assembly/layout.ts. */
const FIELD = {
  width: 0,
  channels: 1,
  height: 2,
  read: 3,
  done: 4,
  windowX: 5,
  windowY: 6,
  stride: 7,
  ringRows: 8,
  ringAt: 9,
  sumsAt: 10,
  zeroAt: 11,
  batchAt: 12,
  boxesAt: 13,
  countsAt: 14,
  columns: 15,
  columnsAt: 16,
  narrowRows: 17,
  narrowAt: 18,
  narrowSumsAt: 19,
  samples: 20,
  samplesAt: 21,
  sampled: 22,
  gridAt: 23,
} as const;
const FIELD_BYTES = 128;

/** Rows that go through at a time. */
export const BATCH = 8;
/** Kernels read whole vectors, and so up to this much beyond an area. */
const SLACK_BYTES = 64;
/** Rows of the ring begin in different sets of the processor's cache, also for widths that are powers of two. */
const STRIDE_EXTRA_BYTES = 64;

const alignUp = (bytes: number): number => Math.ceil(bytes / 64) * 64;

export interface FilterPlan {
  readonly size: Pick<Picture, 'width' | 'height' | 'channels'>;
  /** Positions of sampling.ts; the number of columns is a multiple of four. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

interface Areas extends Readonly<
  Record<
    'ringAt' | 'sumsAt' | 'zeroAt' | 'batchAt' | 'boxesAt' | 'countsAt' | 'columnsAt' | 'narrowAt' | 'narrowSumsAt' | 'samplesAt' | 'gridAt' | 'end',
    number
  >
> {
  readonly stride: number;
  readonly ringRows: number;
  readonly narrowRows: number;
}

function layOut({ size, rows, columns }: FilterPlan, start: number): Areas {
  const { width, height } = size;
  const window = windowFor(height);
  const stride = alignUp(width * 4) + STRIDE_EXTRA_BYTES;
  // Beside the window: the rows of a batch, and those that are read before the next batch can be filtered.
  const ringRows = Math.ceil((window + 2 * BATCH) / BATCH) * BATCH;
  const narrowRows = Math.ceil((window + BATCH) / BATCH) * BATCH;
  let at = start + FIELD_BYTES;
  const take = (bytes: number): number => {
    const from = at;
    at += alignUp(bytes) + SLACK_BYTES;
    return from;
  };
  const narrowBytes = columns.length * 4;
  return {
    stride,
    ringRows,
    narrowRows,
    sumsAt: take(stride),
    zeroAt: take(Math.max(stride, narrowBytes)),
    narrowSumsAt: take(narrowBytes),
    ringAt: take(ringRows * stride),
    batchAt: take(width * 32 + 128),
    boxesAt: take(width * 32 + 128),
    countsAt: take((width + 4) * 4),
    columnsAt: take(narrowBytes),
    narrowAt: take(narrowRows * narrowBytes),
    samplesAt: take(rows.length * 8),
    gridAt: take(rows.length * narrowBytes),
    end: at,
  };
}

/** Filters and samples a picture whose rows come in order, in the memory of a kernel. What filter.ts does, bit for bit. */
export class WasmFilter {
  readonly end: number;
  readonly gridAt: number;
  readonly #kernel: WasmKernel;
  readonly #start: number;
  readonly #plan: FilterPlan;
  readonly #edges: EdgeLuma | undefined;
  #read = 0;

  /** @param start a multiple of 64, behind everything else that is in use */
  constructor(kernel: WasmKernel, plan: FilterPlan, start: number) {
    const areas = layOut(plan, start);
    kernel.reserve(areas.end);
    this.#kernel = kernel;
    this.#plan = plan;
    this.#start = start;
    this.end = areas.end;
    this.gridAt = areas.gridAt;
    this.#edges = EdgeLuma.isNeeded(plan) ? new EdgeLuma(plan.size) : undefined;
    this.#write(areas);
  }

  /** The next eight rows of pixels at an address, or those that are left. */
  push(from: number): void {
    const { width, height, channels } = this.#plan.size;
    const rows = Math.min(BATCH, height - this.#read);
    this.#edges?.note(this.#kernel.bytes.subarray(from, from + rows * width * channels), this.#read, rows);
    this.#kernel.run.pushRows(this.#start, from);
    this.#read += rows;
    if (this.#read < height || this.#edges === undefined) return;
    const { rows: gridRows, columns } = this.#plan;
    this.#edges.apply({ rows: gridRows, columns, grid: this.#kernel.floats.subarray(this.gridAt / 4, this.gridAt / 4 + gridRows.length * columns.length) });
  }

  #write(areas: Areas): void {
    const { words, floats } = this.#kernel;
    const { size, rows, columns } = this.#plan;
    const [windowX, windowY] = [windowFor(size.width), windowFor(size.height)];
    const { end: _end, ...fields } = areas;
    const samples = rows.flatMap((position, slot) => (position === BEFORE_FIRST ? [] : [{ position, slot }])).toSorted((a, b) => a.position - b.position);
    const values = { ...fields, ...size, windowX, windowY, columns: columns.length, samples: samples.length, read: 0, done: 0, sampled: 0 };
    for (const [name, word] of Object.entries(FIELD)) words[this.#start / 4 + word] = values[name as keyof typeof FIELD];
    floats.fill(0, areas.sumsAt / 4, areas.ringAt / 4);
    words.set(
      columns.map((position) => Math.max(position, 0)),
      areas.columnsAt / 4,
    );
    words.set(
      samples.flatMap(({ position, slot }) => [position, slot]),
      areas.samplesAt / 4,
    );
    const ahead = reachAhead(windowX);
    for (let x = 0; x < size.width; x++) {
      const last = Math.min(x + ahead + 1, size.width);
      floats[areas.countsAt / 4 + x] = last - Math.max(x + ahead + 1 - windowX, 0);
    }
  }
}
