/** The closed set of faults. Each names the argument that was wrong or the resource that was missing. */
export type HammingErrorCode =
  /** A hash is not a Uint8Array of exactly 32 bytes. */
  | 'bad_hash'
  /** A block of hashes is not a Uint8Array whose length is a multiple of 32. */
  | 'bad_hashes'
  /** The radius is not a whole number from 0 to 63. */
  | 'bad_radius'
  /** An index is not a whole number >= 0, or `hashAt` was asked for one that was never given out. */
  | 'bad_index'
  /** More queries than one call takes, or not an array. */
  | 'bad_queries'
  /** An option has a value that cannot be used. */
  | 'bad_option'
  /** The index holds as many hashes as it can number. */
  | 'full'
  /** A label is not a whole number from 0 to 65,535, or the index has no labels. */
  | 'bad_label'
  /** There is no memory. The index is as before. */
  | 'allocation_failed'
  /** The platform has no shared memory. */
  | 'not_shareable'
  /** What was read is not a snapshot, is damaged, or was written by another version. */
  | 'bad_snapshot'
  /** A merge is already running on this index. */
  | 'busy'
  /** The signal of a sliced build or merge was aborted; the index is as before. */
  | 'aborted';

export class HammingError extends Error {
  override readonly name = 'HammingError';
  readonly code: HammingErrorCode;

  /** @param message what was wrong; it never holds a hash */
  constructor(code: HammingErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
