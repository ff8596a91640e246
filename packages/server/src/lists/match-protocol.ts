/** What the gateway and its match threads say to each other. All threads are of one process and one build: nothing of it is parsed. */
import type { MatchColumns, MergedSegments, SharedHammingIndex } from '@gatehouse/hamming';

/** What a thread is given at its start. */
export interface ThreadData {
  /** Its own scratch memory in every index: `openSharedIndex`. The owner of the indexes has 0. */
  readonly slot: number;
  /** Long work, which lets searches and the gateway itself go first. */
  readonly isBackground: boolean;
}

/** The queries `from` to `to` (exclusive) of a message, in one index. */
export interface SearchStep {
  /** The number of an index that is open. */
  readonly index: number;
  readonly radius: number;
  readonly from: number;
  readonly to: number;
}

/** Searches for several comparisons in one message. */
export interface SearchRequest {
  readonly kind: 'search';
  /** Before the searches: indexes that the thread does not know, or whose segments have changed. */
  readonly open: readonly { readonly index: number; readonly shared: SharedHammingIndex }[];
  readonly jobs: readonly (readonly SearchStep[])[];
  /** 32 bytes for each query. */
  readonly queries: Uint8Array;
  /** After the searches: indexes that are not needed any more, so that their memory can go. */
  readonly close: readonly number[];
}

export interface SearchAnswer {
  readonly kind: 'found';
  /** By job. */
  readonly jobs: readonly JobAnswer[];
}

export type JobAnswer =
  | { readonly columns: readonly MatchColumns[] }
  /** The name of what was thrown. */
  | { readonly fault: string };

/** Where the PDQ hashes of a list come from, and in which order. */
export interface HashSource {
  readonly segments: readonly { readonly path: string; readonly sha256: string; readonly count: number }[];
  /** Single additions: entry numbers, and 32 bytes for each. */
  readonly entries: Float64Array;
  readonly values: Uint8Array;
  /** Runs of PDQ entries: the first number of each, and its rank. */
  readonly firsts: readonly number[];
  readonly ranks: readonly number[];
  /** Hashes from this rank on are wanted, `count` of them. */
  readonly base: number;
  readonly count: number;
}

export type TaskRequest =
  /** All hashes, as an index. */
  | { readonly kind: 'build'; readonly source: HashSource }
  /** Hashes in the order of their ranks. */
  | { readonly kind: 'order'; readonly source: HashSource }
  | { readonly kind: 'merge'; readonly shared: SharedHammingIndex }
  | { readonly kind: 'save'; readonly shared: SharedHammingIndex; readonly path: string }
  | { readonly kind: 'restore'; readonly path: string };

export type TaskAnswer =
  | { readonly kind: 'index'; readonly shared: SharedHammingIndex }
  | { readonly kind: 'values'; readonly values: Uint8Array }
  | { readonly kind: 'merged'; readonly merged: MergedSegments }
  | { readonly kind: 'saved' }
  /** `code` of a GatehouseError, of the system (`ENOSPC`) or of a HammingError. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };

export type ThreadRequest = SearchRequest | TaskRequest;
export type ThreadAnswer = SearchAnswer | TaskAnswer;
export type ThreadMessage = { readonly kind: 'ready' } | { readonly id: number; readonly answer: ThreadAnswer };
export interface ThreadEnvelope {
  readonly id: number;
  readonly request: ThreadRequest;
}
