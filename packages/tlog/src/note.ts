/** Signed notes (C2SP signed-note): a text, an empty line, and one line for each signature. */
import { concat, fromBase64, toBase64, toUtf8 } from './bytes.ts';
import { readCosignedAt, toCosignedMessage } from './cosigned-message.ts';
import { TlogError } from './errors.ts';
import { idToBytes, isKeyName, isSignedBy, type SignerKey, type VerifierKey } from './keys.ts';

/** The specification asks for at least 16; a log with many witnesses has more. */
const SIGNATURES_MAX = 100;
const NOTE_LENGTH_MAX = 1_000_000;
const DASH = '\u2014 ';
const SIGNATURE_BYTES = 64;
const TIME_BYTES = 8;
/** Half a character: it has no UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export interface NoteSignature {
  readonly name: string;
  readonly id: number;
  /** What stands behind the id. */
  readonly bytes: Uint8Array;
}

/** As it was read: nobody's word for anything yet. */
export interface UnverifiedNote {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that was checked. */
export interface Signed {
  readonly key: VerifierKey;
  /** Of a cosignature: when it was made, in seconds since 1970. */
  readonly timeS?: number;
}

export interface VerifiedNote {
  readonly text: string;
  /** At least one. */
  readonly signed: readonly Signed[];
}

/** @throws {TlogError} `bad_note` */
export function parseNote(note: string): UnverifiedNote {
  if (note.length > NOTE_LENGTH_MAX) throw refuse('it is too long');
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note) || LONE_SURROGATE.test(note)) throw refuse('it holds a character that no note has');
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw refuse('it has no text, no signature or no last newline');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw refuse(`it has more than ${SIGNATURES_MAX} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** A line such as a witness answers with. @throws {TlogError} `bad_note` */
export function parseSignature(line: string): NoteSignature {
  const [name = '', encoded = '', ...rest] = line.startsWith(DASH) ? line.slice(DASH.length).split(' ') : [];
  const bytes = fromBase64(encoded);
  if (rest.length > 0 || !isKeyName(name) || bytes === undefined || bytes.length <= 4) throw refuse('a line of a signature is malformed');
  return { name, id: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), bytes: bytes.subarray(4) };
}

export function formatSignature({ name, id, bytes }: NoteSignature): string {
  return `${DASH}${name} ${toBase64(concat(idToBytes(id), bytes))}`;
}

export function formatNote({ text, signatures }: UnverifiedNote): string {
  return `${text}\n${signatures.map((one) => `${formatSignature(one)}\n`).join('')}`;
}

/** Signs with each key, in its own way. @param timeS of cosignatures. @throws {TlogError} `bad_note` unless the text can stand in a note */
export async function signNote(text: string, keys: readonly SignerKey[], timeS?: number): Promise<string> {
  const signatures = await Promise.all(keys.map((key) => makeSignature(text, key, timeS)));
  const note = formatNote({ text, signatures });
  if (parseNote(note).text !== text) throw refuse('its text does not end with a newline');
  return note;
}

async function makeSignature(text: string, key: SignerKey, timeS: number | undefined): Promise<NoteSignature> {
  const { name, id, use } = key;
  if (use === 'ed25519') return { name, id, bytes: await key.sign(toUtf8(text)) };
  if (timeS === undefined) throw new TlogError('bad_argument', 'A cosignature says when it was made.');
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(timeS));
  return { name, id, bytes: concat(time, await key.sign(toCosignedMessage(text, timeS))) };
}

/**
 * Whose signatures on a note hold. Unknown keys are passed over; a known key's signature that is wrong refuses the whole note, because somebody made it
 * so.
 *
 * @throws {TlogError} `bad_note`, `bad_signature` when none of the keys signed it
 */
export async function openNote(note: string, keys: readonly VerifierKey[]): Promise<VerifiedNote> {
  const { text, signatures } = parseNote(note);
  const signed: Signed[] = [];
  for (const signature of signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id);
    if (key === undefined || signed.some((one) => one.key === key)) continue;
    // oxlint-disable-next-line no-await-in-loop -- few, and the first wrong one ends it
    signed.push(await verifySignature(text, signature, key));
  }
  if (signed.length === 0) throw new TlogError('bad_signature', 'None of the known keys signed this note.');
  return { text, signed };
}

/** @throws {TlogError} `bad_signature` */
export async function verifySignature(text: string, { bytes }: NoteSignature, key: VerifierKey): Promise<Signed> {
  const timeS = key.use === 'cosignature' ? readCosignedAt(bytes.subarray(0, TIME_BYTES)) : undefined;
  const message = timeS === undefined ? toUtf8(text) : toCosignedMessage(text, timeS);
  const signature = timeS === undefined ? bytes : bytes.subarray(TIME_BYTES);
  if (signature.length !== SIGNATURE_BYTES || !(await isSignedBy(key, message, signature)))
    throw new TlogError('bad_signature', `The signature of ${key.name} is wrong.`);
  return timeS === undefined ? { key } : { key, timeS };
}

function refuse(why: string): TlogError {
  return new TlogError('bad_note', `This is not a signed note: ${why}.`);
}
