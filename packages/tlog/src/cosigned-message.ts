/** What a witness signs (C2SP tlog-cosignature, v1): when, and the whole text of the checkpoint. */
import { toUtf8 } from './bytes.ts';
import { TlogError } from './errors.ts';

export function toCosignedMessage(text: string, timeS: number): Uint8Array {
  if (!Number.isSafeInteger(timeS) || timeS < 0) throw new TlogError('bad_argument', 'The time of a cosignature is a whole number of seconds since 1970.');
  return toUtf8(`cosignature/v1\ntime ${timeS}\n${text}`);
}

/** @param bytes eight, big-endian. @throws {TlogError} `bad_signature` */
export function readCosignedAt(bytes: Uint8Array): number {
  const time = bytes.length === 8 ? Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)) : Number.NaN;
  if (!Number.isSafeInteger(time)) throw new TlogError('bad_signature', 'A cosignature has no time, or one that cannot be.');
  return time;
}
