import { HASH_BYTES } from './bits.ts';
import { MOST_INDEXES } from './collector.ts';
import { HammingError } from './errors.ts';
import type { KernelName } from './kernel.ts';
import type { MergeWork } from './merge.ts';
import type { HammingSearch } from './searcher.ts';
import { createHashSource, DEFAULT_LIMITS, type RowSource } from './segment.ts';
import { DEFAULT_YIELD_EVERY, type LimitedOptions, readSliceRows, SegmentedIndex } from './segmented-index.ts';
import type { SharedHammingIndex } from './shared.ts';
import { runAtOnce, runInSlices, type SliceOptions } from './slices.ts';

/** The set of hashes and the exact search in it. Indexes are given out in order, from 0, and never again for another hash. */
export interface HammingIndex extends HammingSearch {
  /** Hashes that searches find: those added and not removed. */
  readonly size: number;
  /** Highest index given out, plus 1. */
  readonly slots: number;
  /** Hashes added since the last merge, which searches find a little more slowly. */
  readonly unmerged: number;
  /** Bytes that are written or will be, tombstones and this thread's working memory included. */
  readonly bytesUsed: number;
  /** What runs the inner loops. */
  readonly kernel: KernelName;
  /** Rises when a reader in another thread must `refresh`: a segment was added or merged. */
  readonly layout: number;
  /** Adds a hash, also one that is there already; the next search finds it. Returns its index. */
  add(hash: Uint8Array, label?: number): number;
  /** Hides a hash from the next search on. False when there is none, or it is removed already. */
  remove(index: number): boolean;
  /** Undoes `remove`. False when there is nothing to undo. */
  restore(index: number): boolean;
  /** Whether searches can find this index. */
  has(index: number): boolean;
  /** A copy of the 32 bytes, also of a removed hash. */
  hashAt(index: number): Uint8Array;
  /** The label that the hash was added with; 0 in an index without labels. */
  labelAt(index: number): number;
  /** Merges all segments that are not full into one, at once: 0.3 s for a million hashes. */
  optimise(): void;
  /** The same in slices. Searches, additions and removals go on meanwhile; what is added meanwhile stays unmerged. */
  optimiseInSlices(options?: BuildOptions): Promise<void>;
  /** The same in another thread: see `mergeShared`. @throws HammingError `busy` */
  startMerge(): MergeWork;
  /** What `openSharedIndex` takes in another thread. @throws HammingError `not_shareable` */
  share(): SharedHammingIndex;
}

export interface HammingIndexOptions {
  /** One label (0 to 65,535) for each hash, and that additions may have labels. 2 bytes a hash. Default: none. */
  readonly labels?: Uint16Array | undefined;
  /** Default `auto`: WebAssembly where the platform allows it. */
  readonly kernel?: KernelName | 'auto' | undefined;
}

export interface BuildOptions extends SliceOptions {
  /** Hashes to take in between two pauses; list entries, which are cheaper, come by the multiple. Default 8,192. */
  readonly yieldEvery?: number | undefined;
}

/** An index over `hashes` (32 bytes each, no separators), built at once. Index i is hash i. */
export function createHammingIndex(hashes: Uint8Array = new Uint8Array(0), options: HammingIndexOptions = {}): HammingIndex {
  return createLimitedIndex(hashes, { ...options, limits: DEFAULT_LIMITS });
}

/** The same without blocking the event loop for long. `hashes` must not change until the promise settles. */
export async function buildHammingIndex(hashes: Uint8Array, options: HammingIndexOptions & BuildOptions = {}): Promise<HammingIndex> {
  const index = new SegmentedIndex({ ...options, limits: DEFAULT_LIMITS });
  await runInSlices(index.load(readSource(hashes, options.labels), readSliceRows(options)), options);
  return index;
}

/** The index that another thread built and shared, owned by this thread from now on. The other must not use it any more. */
export function adoptSharedIndex(shared: SharedHammingIndex, options: Pick<HammingIndexOptions, 'kernel'> = {}): HammingIndex {
  const index = new SegmentedIndex({ ...options, limits: shared.limits, hasLabels: shared.hasLabels });
  index.adopt(shared);
  return index;
}

/** For tests: the same structure with small segments. */
export function createLimitedIndex(hashes: Uint8Array, options: LimitedOptions): HammingIndex {
  const index = new SegmentedIndex(options);
  runAtOnce(index.load(readSource(hashes, options.labels), DEFAULT_YIELD_EVERY));
  return index;
}

function readSource(hashes: Uint8Array, labels: Uint16Array | undefined): RowSource {
  if (!(hashes instanceof Uint8Array) || hashes.length % HASH_BYTES !== 0) {
    throw new HammingError('bad_hashes', 'Hashes must be a Uint8Array with 32 bytes for each.');
  }
  const count = hashes.length / HASH_BYTES;
  if (count > MOST_INDEXES) throw new HammingError('full', 'The index cannot number so many hashes.');
  if (labels !== undefined && labels.length !== count) throw new HammingError('bad_label', 'There must be one label for each hash.');
  return createHashSource(hashes, labels);
}
