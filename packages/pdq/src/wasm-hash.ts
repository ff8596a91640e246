import { AREA, type WasmKernel } from './kernel.ts';
import type { Picture } from './picture.ts';
import type { PdqOrientationsResult, PdqResult } from './results.ts';
import { forwardPositions, GRID, mirroredPositions } from './sampling.ts';
import { BATCH, type FilterPlan, planFilter, WasmFilter } from './wasm-filter.ts';

const GRID_ROW_BYTES = GRID * 4;

type Size = Pick<Picture, 'width' | 'height' | 'channels'>;

/** Of the sizes that were hashed last: a small picture takes less time than its plan. */
const plans = new Map<string, FilterPlan>();
const PLANS_KEPT = 16;

function remember(key: string, make: () => FilterPlan): FilterPlan {
  const plan = plans.get(key) ?? make();
  plans.delete(key);
  plans.set(key, plan);
  for (const oldest of plans.keys()) {
    if (plans.size <= PLANS_KEPT) break;
    plans.delete(oldest);
  }
  return plan;
}

function planPlain({ width, height, channels }: Size): FilterPlan {
  const size = { width, height, channels };
  return remember(`plain ${width} ${height} ${channels}`, () => planFilter(size, forwardPositions(height), forwardPositions(width)));
}

/** The picture as it is and mirrored, along both axes: 128 x 128 samples. */
export function planMirrored({ width, height, channels }: Size): FilterPlan {
  const both = (length: number): number[] => [...forwardPositions(length), ...mirroredPositions(length)];
  return remember(`mirrored ${width} ${height} ${channels}`, () => planFilter({ width, height, channels }, both(height), both(width)));
}

/** Puts a whole picture through a filter. Its pixels are copied eight rows at a time, so that they stay in the processor's cache. */
function filterPicture(kernel: WasmKernel, picture: Picture, plan: FilterPlan): WasmFilter {
  const { data, width, height, channels } = picture;
  const rowBytes = width * channels;
  const filter = new WasmFilter(kernel, plan, AREA.rest);
  kernel.reserve(filter.end + BATCH * rowBytes + 64);
  for (let y = 0; y < height; y += BATCH) {
    kernel.bytes.set(data.subarray(y * rowBytes, Math.min(y + BATCH, height) * rowBytes), filter.end);
    filter.push(filter.end);
  }
  return filter;
}

export function hashPlain(kernel: WasmKernel, picture: Picture): PdqResult {
  const { gridAt } = filterPicture(kernel, picture, planPlain(picture));
  kernel.run.copyGrid(gridAt, GRID_ROW_BYTES, AREA.grid);
  return { hash: kernel.hashGrid(AREA.grid), quality: kernel.measureQuality() };
}

/** The 64 x 64 samples of a picture, outside the kernel's memory. */
export function samplePlain(kernel: WasmKernel, picture: Picture): Float32Array {
  const { gridAt } = filterPicture(kernel, picture, planPlain(picture));
  return kernel.floats.slice(gridAt / 4, gridAt / 4 + GRID * GRID);
}

export function hashMirrored(kernel: WasmKernel, picture: Picture): PdqOrientationsResult {
  return hashQuarters(kernel, filterPicture(kernel, picture, planMirrored(picture)).gridAt);
}

/**
 * All eight hashes of a 128 x 128 grid of `planMirrored`: its quarters are the picture as it is and mirrored left to right; and the same
 * mirrored top to bottom.
 */
export function hashQuarters(kernel: WasmKernel, gridAt: number): PdqOrientationsResult {
  const both = (row: number, column: number): readonly [straight: string, turned: string] => {
    kernel.run.copyGrid(gridAt + row * 2 * GRID_ROW_BYTES + column * 4, 2 * GRID_ROW_BYTES, AREA.grid);
    kernel.run.turnGrid(AREA.grid, AREA.turned);
    return [kernel.hashGrid(AREA.grid), kernel.hashGrid(AREA.turned)];
  };
  const [leftRight, turnedLeftRight] = both(0, GRID);
  const [upsideDown, turnedUpsideDown] = both(GRID, 0);
  const [reversed, turnedReversed] = both(GRID, GRID);
  // Last, because its samples stay where the quality is measured.
  const [plain, turnedPlain] = both(0, 0);
  const hashes = [plain, turnedLeftRight, reversed, turnedUpsideDown, upsideDown, leftRight, turnedPlain, turnedReversed];
  return { hashes, quality: kernel.measureQuality() };
}
