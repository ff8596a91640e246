import { buildSegments } from './build.ts';
import type { KernelName } from './kernel.ts';
import { allocateMemory } from './memory.ts';
import { createSegmentSource, type SharedSegment } from './segment.ts';
import { openSegment, type SharedHammingIndex } from './shared.ts';
import { runAtOnce } from './slices.ts';

/** A merge that another thread does. Searches, additions and removals of the owner go on meanwhile. */
export interface MergeWork {
  /** What `mergeShared` takes in the other thread. */
  readonly shared: SharedHammingIndex;
  /** Puts its answer in place of what was merged; from then on the owner is free to merge again. */
  finish(merged: MergedSegments): void;
  /** The merge failed or is not wanted any more: the index is as before. */
  cancel(): void;
}

/** Structured-cloneable, without a copy of what it holds. */
export interface MergedSegments {
  readonly segments: readonly SharedSegment[];
}

/**
 * Builds one segment of all that are not full: 0.3 s for a million hashes, in the calling thread. Removed hashes keep their places.
 *
 * @param slot the calling thread's, as for `openSharedIndex`
 * @throws HammingError `allocation_failed`
 */
export function mergeShared(shared: SharedHammingIndex, options: { readonly slot: number; readonly kernel?: KernelName | 'auto' }): MergedSegments {
  const { limits, hasLabels } = shared;
  const { slot, kernel = 'auto' } = options;
  const open = shared.segments.map((segment) => openSegment(segment, { slot, kernel, hasLabels, limits }));
  const first = open.findIndex(({ count }) => count < limits.ringRows);
  const parts = first === -1 ? [] : open.slice(first);
  if (parts.length < 2) return { segments: [] };
  const base = parts[0]?.base ?? 0;
  let id = 0;
  const settings = { limits, hasLabels, kernel, allocate: allocateMemory, nextId: () => ++id };
  const merged = runAtOnce(buildSegments(createSegmentSource(parts), { settings, base, sliceRows: MOST_ROWS }));
  return { segments: merged.map((segment) => segment.share()) };
}

/** There is nobody to give way to. */
const MOST_ROWS = 2 ** 20;
