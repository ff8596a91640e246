/** What can be wrong with an input. Closed: a new code is a breaking change. */
export type PdqErrorCode =
  /** `width`, `height` or `channels` is not a whole number in range. */
  | 'invalid_dimensions'
  /** `data` is not a Uint8Array or Uint8ClampedArray, or its length is not width x height x channels. */
  | 'invalid_data'
  /** A hash is not 64 hexadecimal digits, or not 32 bytes. */
  | 'invalid_hash';

/** The one error class of this package. */
export class PdqError extends Error {
  override readonly name: string = 'PdqError';
  readonly code: PdqErrorCode;

  constructor(code: PdqErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
