/** What logs and witnesses say to each other (C2SP tlog-witness), and what a witness decides. No I/O: whoever calls keeps the state, in one step with the decision. */
import { isEqual, readDecimal, toBase64 } from './bytes.ts';
import { parseCheckpointText, peekCheckpoint, type Checkpoint } from './checkpoint.ts';
import { TlogError } from './errors.ts';
import { hashEmpty, readProofLines } from './hashing.ts';
import type { SignerKey, VerifierKey } from './keys.ts';
import { formatSignature, openNote, parseNote, parseSignature, signNote, verifySignature, type NoteSignature, type Signed } from './note.ts';
import { verifyConsistency } from './proofs.ts';

const BODY_LENGTH_MAX = 1_100_000;

export interface AddCheckpoint {
  /** Of the last checkpoint that the witness signed; 0 for none. */
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
}

export function formatAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${toBase64(hash)}\n`).join('')}\n${checkpoint}`;
}

/** @throws {TlogError} `bad_witness_message` */
export function parseAddCheckpoint(body: string): AddCheckpoint {
  const end = body.indexOf('\n\n');
  const [first = '', ...lines] = end < 0 || body.length > BODY_LENGTH_MAX ? [] : body.slice(0, end).split('\n');
  const oldSize = readDecimal(/^old (\d+)$/.exec(first)?.[1] ?? '');
  const proof = readProofLines(lines);
  if (oldSize === undefined || proof === undefined)
    throw new TlogError('bad_witness_message', 'This is not a request to a witness: the old size, the proof, an empty line, the checkpoint.');
  return { oldSize, proof, checkpoint: body.slice(end + 2) };
}

/** What a witness remembers of a log. */
export interface WitnessedTree {
  readonly size: number;
  readonly root: Uint8Array;
}

export type WitnessVerdict =
  /** Keep `tree` in place of what was remembered, then cosign. */
  | { readonly kind: 'consistent'; readonly tree: WitnessedTree }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 404 | 422; readonly reason: string }
  /** 409. `size`: the log knows another last checkpoint than we do. Without: two roots for one size, which is proof of a fork. */
  | { readonly kind: 'conflict'; readonly size?: number };

/** Whom a witness knows, and what it remembers. */
export interface WitnessMemory {
  /** The keys of the log of that origin; undefined when it is not known. */
  known(origin: string): readonly VerifierKey[] | undefined;
  /** What was kept of it, if anything. */
  last(origin: string): WitnessedTree | undefined;
}

export async function judgeCheckpoint(request: AddCheckpoint, memory: WitnessMemory): Promise<WitnessVerdict> {
  const read = await readSigned(request.checkpoint, memory);
  if ('kind' in read) return read;
  const before = memory.last(read.origin) ?? EMPTY;
  if (request.oldSize > read.size) return { kind: 'refused', status: 400, reason: 'the old size is larger than the new one' };
  if (request.oldSize !== before.size) return { kind: 'conflict', size: before.size };
  if (before.size > 0 && before.size === read.size && !isEqual(before.root, read.root)) return { kind: 'conflict' };
  if (!isConsistent(before, read, request.proof)) return { kind: 'refused', status: 422, reason: 'the trees are not consistent' };
  return { kind: 'consistent', tree: { size: read.size, root: read.root } };
}

const EMPTY: WitnessedTree = { size: 0, root: hashEmpty() };

async function readSigned(note: string, { known }: WitnessMemory): Promise<Checkpoint | WitnessVerdict> {
  let checkpoint: Checkpoint;
  try {
    checkpoint = peekCheckpoint(note);
  } catch {
    return { kind: 'refused', status: 400, reason: 'it is not a checkpoint' };
  }
  const keys = known(checkpoint.origin);
  if (keys === undefined) return { kind: 'refused', status: 404, reason: 'this log is not known here' };
  try {
    return parseCheckpointText((await openNote(note, keys)).text);
  } catch {
    return { kind: 'refused', status: 403, reason: 'no known key of the log signed it' };
  }
}

function isConsistent(before: WitnessedTree, { size, root }: Checkpoint, proof: readonly Uint8Array[]): boolean {
  try {
    verifyConsistency({ oldSize: before.size, oldRoot: before.root, newSize: size, newRoot: root, proof });
    return true;
  } catch {
    return false;
  }
}

/** The body of a witness's answer: one line. */
export async function cosign(checkpoint: string, key: SignerKey, timeS: number): Promise<string> {
  const { text } = parseNote(checkpoint);
  return (await signNote(text, [key], timeS)).slice(text.length + 1);
}

/**
 * Adds to a checkpoint what a witness answered: the lines of witnesses that are known and whose signatures hold.
 *
 * @throws {TlogError} `bad_witness_message` when there is no such line, `bad_note`, `bad_signature`
 */
export async function addCosignatures(
  checkpoint: string,
  answer: string,
  witnesses: readonly VerifierKey[],
): Promise<{ readonly checkpoint: string; readonly signed: readonly Signed[] }> {
  const { text, signatures } = parseNote(checkpoint);
  const added: { readonly line: NoteSignature; readonly signed: Signed }[] = [];
  for (const line of answer
    .split('\n')
    .filter((one) => one !== '')
    .map(parseSignature)) {
    const key = witnesses.find(({ name, id, use }) => use === 'cosignature' && name === line.name && id === line.id);
    if (key === undefined || added.some((one) => one.signed.key === key)) continue;
    // oxlint-disable-next-line no-await-in-loop -- one or two
    added.push({ line, signed: await verifySignature(text, line, key) });
  }
  if (added.length === 0) throw new TlogError('bad_witness_message', 'The answer holds no cosignature of a known witness.');
  const names = new Set(added.map(({ line }) => `${line.name} ${line.id}`));
  const kept = signatures.filter(({ name, id }) => !names.has(`${name} ${id}`));
  const lines = [...kept, ...added.map(({ line }) => line)].map((one) => `${formatSignature(one)}\n`).join('');
  return { checkpoint: `${text}\n${lines}`, signed: added.map(({ signed }) => signed) };
}
