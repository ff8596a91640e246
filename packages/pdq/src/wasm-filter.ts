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

/** What a filter for pictures of one size consists of. Made once, used for every picture of that size. */
export interface FilterPlan {
  readonly size: Pick<Picture, 'width' | 'height' | 'channels'>;
  /** Positions of sampling.ts; the number of columns is a multiple of four. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  readonly hasEdges: boolean;
  /** By column: the samples that its box holds. */
  readonly counts: Float32Array;
  readonly columnsAt: Uint32Array;
  /** Sampled rows in ascending order, each with its row in the grid. */
  readonly samples: Uint32Array;
}

export function planFilter(size: FilterPlan['size'], rows: readonly number[], columns: readonly number[]): FilterPlan {
  const window = windowFor(size.width);
  const samples = rows.flatMap((position, slot) => (position === BEFORE_FIRST ? [] : [{ position, slot }])).toSorted((a, b) => a.position - b.position);
  return {
    size,
    rows,
    columns,
    hasEdges: EdgeLuma.isNeeded({ rows, columns }),
    counts: Float32Array.from({ length: size.width }, (_, x) => {
      const end = x + reachAhead(window) + 1;
      return Math.min(end, size.width) - Math.max(end - window, 0);
    }),
    columnsAt: Uint32Array.from(columns, (position) => Math.max(position, 0)),
    samples: Uint32Array.from(samples.flatMap(({ position, slot }) => [position, slot])),
  };
}

const AREA_FIELDS = [
  'stride',
  'ringRows',
  'ringAt',
  'sumsAt',
  'zeroAt',
  'batchAt',
  'boxesAt',
  'countsAt',
  'columnsAt',
  'narrowRows',
  'narrowAt',
  'narrowSumsAt',
  'samplesAt',
  'gridAt',
] as const;

type Areas = Readonly<Record<(typeof AREA_FIELDS)[number] | 'end', number>>;

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
    this.#edges = plan.hasEdges ? new EdgeLuma(plan.size) : undefined;
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
    const { size, columns, counts, columnsAt, samples } = this.#plan;
    const field = (name: keyof typeof FIELD, value: number): void => {
      words[this.#start / 4 + FIELD[name]] = value;
    };
    for (const name of AREA_FIELDS) field(name, areas[name]);
    for (const name of ['width', 'height', 'channels'] as const) field(name, size[name]);
    field('windowX', windowFor(size.width));
    field('windowY', windowFor(size.height));
    field('columns', columns.length);
    field('samples', samples.length / 2);
    for (const name of ['read', 'done', 'sampled'] as const) field(name, 0);
    floats.fill(0, areas.sumsAt / 4, areas.ringAt / 4);
    floats.set(counts, areas.countsAt / 4);
    words.set(columnsAt, areas.columnsAt / 4);
    words.set(samples, areas.samplesAt / 4);
  }
}
