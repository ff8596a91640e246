/** The closed set of faults. Whoever catches one can tell a bad argument from a log that does not say what it should. */
export type TlogErrorCode =
  /** An argument that no log could have: a negative size, an index behind the end, a hash that is not 32 bytes. */
  | 'bad_argument'
  /** An entry of more than 65,535 bytes: its length does not fit into a bundle. */
  | 'entry_too_large'
  /** A tile or bundle is missing, or has another length than its place asks for. */
  | 'bad_tile'
  /** The hashes do not lead to the root. Something was changed, left out, or is about another tree. */
  | 'bad_proof'
  /** Not a signed note, or one with a malformed line. */
  | 'bad_note'
  /** A text that is not a key of a verifier or signer. */
  | 'bad_key'
  /** No known key signed it, or a known key's signature is wrong. */
  | 'bad_signature'
  /** A note whose text is not a checkpoint. */
  | 'bad_checkpoint'
  /** A text that is not a proof of the form `c2sp.org/tlog-proof@v1`. */
  | 'bad_proof_file'
  /** A request to a witness, or its answer, that cannot be read. */
  | 'bad_witness_message';

export class TlogError extends Error {
  override readonly name = 'TlogError';
  readonly code: TlogErrorCode;

  constructor(code: TlogErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
