/** Checkpoints (C2SP tlog-checkpoint): a signed note that says how large a log is and what its root is. */
import { fromBase64, readDecimal, toBase64 } from './bytes.ts';
import { TlogError } from './errors.ts';
import { assertHash, assertSize } from './hashing.ts';
import type { SignerKey, VerifierKey } from './keys.ts';
import { openNote, parseNote, signNote, type Signed } from './note.ts';
import { HASH_BYTES } from './sha256.ts';

export interface Checkpoint {
  /** Names the log; the name of its key, too. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface VerifiedCheckpoint extends Checkpoint {
  readonly signed: readonly Signed[];
}

export function formatCheckpointText({ origin, size, root }: Checkpoint): string {
  assertSize(size);
  assertHash(root);
  if (origin === '' || origin.includes('\n')) throw new TlogError('bad_argument', 'The origin of a log is one line that is not empty.');
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Lines behind the third are allowed, and nobody's statement. @throws {TlogError} `bad_checkpoint` */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...extensions] = text.endsWith('\n') ? text.slice(0, -1).split('\n') : [];
  const [count, hash] = [readDecimal(size), fromBase64(root)];
  if (origin === '' || count === undefined || hash?.length !== HASH_BYTES || extensions.includes(''))
    throw new TlogError('bad_checkpoint', 'This is not a checkpoint: origin, size and root, a line each.');
  return { origin, size: count, root: hash };
}

/** The note, signed by the log. */
export function signCheckpoint(checkpoint: Checkpoint, keys: readonly SignerKey[]): Promise<string> {
  return signNote(formatCheckpointText(checkpoint), keys);
}

/**
 * @param origin the log that it must be
 * @param keys of the log and of its witnesses; the log's own must have signed
 * @throws {TlogError} `bad_note`, `bad_signature`, `bad_checkpoint`
 */
export async function openCheckpoint(note: string, origin: string, keys: readonly VerifierKey[]): Promise<VerifiedCheckpoint> {
  const { text, signed } = await openNote(note, keys);
  const checkpoint = parseCheckpointText(text);
  if (checkpoint.origin !== origin) throw new TlogError('bad_checkpoint', `The checkpoint is of another log: ${checkpoint.origin}.`);
  if (!signed.some(({ key }) => key.use === 'ed25519')) throw new TlogError('bad_signature', 'The log itself did not sign this checkpoint.');
  return { ...checkpoint, signed };
}

/** Without any key: for looking at, not for believing. @throws {TlogError} `bad_note`, `bad_checkpoint` */
export function peekCheckpoint(note: string): Checkpoint {
  return parseCheckpointText(parseNote(note).text);
}
