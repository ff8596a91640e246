/** Takes a body apart and has every piece screened. What is here decides only what a piece is; what may be let through decides intake. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { IntakeService, Passed, Spooled } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { ScreeningService } from '../../screening/index.ts';
import { createByteReader } from '../byte-reader.ts';
import { shapeOf } from './content-type-rules.ts';
import { MultipartError, readMultipart, type Part } from './multipart.ts';
import { runInSlices, type Steps } from '../../platform/slices.ts';
import { readingsOf } from './reading-rules.ts';
import type { BodyRefusal, BodyRequest, BodyVerdict } from './schema.ts';
import {
  EMBEDDED_MAX,
  findEmbedded,
  hasPictureInside,
  isOpaque,
  findShiftedPicture,
  isTextSoFar,
  readFormValues,
  readInertText,
  readJsonStrings,
} from './text-pieces.ts';

export interface BodyDeps {
  readonly intake: Pick<IntakeService, 'pass' | 'spool'>;
  readonly screening: Pick<ScreeningService, 'rematch'>;
  readonly limits: {
    /** Text up to this size is read as text; larger text is a file. Bounds the memory for a body. */
    readonly bodyTextMaxBytes: number;
    readonly bodyPartsMax: number;
    /** For a whole body, however many pieces it has. */
    readonly passDeadlineMs: number;
  };
}

export type BodyScreener = (request: BodyRequest) => Promise<BodyVerdict>;

/** Text within text within text. */
const DEPTH_MAX = 3;

class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: BodyRefusal;

  constructor(reason: BodyRefusal) {
    super(`refused: ${reason}`);
    this.reason = reason;
  }
}

/** @throws what the spool throws: the surface gives its own answer to a full disk; `busy` when the time is over */
export function createBodyScreener(deps: BodyDeps): BodyScreener {
  return async (asked) => {
    const shape = shapeOf(asked.headers);
    if (shape.kind === 'refuse') return shape;
    const deadline = AbortSignal.timeout(deps.limits.passDeadlineMs);
    const request = { ...asked, signal: AbortSignal.any([asked.signal, deadline]) };
    const task: Task = { deps, request, pieces: [], embedded: 0 };
    try {
      if (shape.kind === 'file') await screenWhole(task);
      else if (shape.kind === 'multipart') await screenParts(task, shape.boundary);
      else if (request.content.sizeBytes > deps.limits.bodyTextMaxBytes) await screenWhole(task);
      else await screenText(task, await readFile(request.content.path), { as: shape.as, depth: 0 });
      // A listed file under a false type.
      if (shape.kind !== 'file') await compareDigests(task, request.content);
    } catch (error) {
      if (error instanceof Refused) return { kind: 'refuse', reason: error.reason };
      // A piece that was being copied tells of a connection that broke off.
      if (deadline.aborted) throw new GatehouseError('busy', 'The body could not be screened in time. Nothing of it was let through.', { cause: error });
      throw error;
    }
    return conclude(task.pieces);
  };
}

interface Task {
  readonly deps: BodyDeps;
  readonly request: BodyRequest;
  readonly pieces: Piece[];
  /** Pieces found in text so far. */
  embedded: number;
}

interface Piece {
  readonly passed: Passed;
  readonly isLetGo: boolean;
}

const BADNESS = { error: 3, match: 2, unscannable: 1, clear: 0 } as const;

function conclude(pieces: readonly Piece[]): BodyVerdict {
  const all = pieces.map(({ passed }) => passed);
  const worst = pieces
    .filter(({ isLetGo }) => !isLetGo)
    .map(({ passed }) => passed)
    .toSorted((a, b) => BADNESS[b.verdict] - BADNESS[a.verdict])[0];
  return worst === undefined ? { kind: 'release', pieces: all } : { kind: 'stop', passed: worst, pieces: all };
}

async function pass({ deps, request, pieces }: Task, content: Spooled): Promise<Passed> {
  const { principal, surface, signal } = request;
  const wantsReceipt = request.wantsReceipt === true && content === request.content;
  const passed = await deps.intake.pass({ content, principal, surface, signal, wantsReceipt });
  pieces.push({ passed, isLetGo: passed.disposition === 'release' });
  return passed;
}

async function screenWhole(task: Task): Promise<void> {
  await pass(task, task.request.content);
}

async function screenParts(task: Task, boundary: string): Promise<void> {
  const { deps, request } = task;
  const file = createReadStream(request.content.path);
  try {
    const reader = createByteReader(file as AsyncIterable<Buffer>);
    for await (const part of readMultipart(reader, boundary, deps.limits.bodyPartsMax)) {
      await screenText(task, Buffer.from(part.head, 'latin1'), { as: 'plain', depth: 1, isHead: true });
      await screenPart(task, part);
    }
  } catch (error) {
    throw error instanceof MultipartError ? new Refused(error.fault) : error;
  } finally {
    file.destroy();
  }
}

/** So much of a part is held in memory to see whether it is text; of one that is, as much as of any text. */
const TEXT_PART_BYTES = 65_536;

async function screenPart(task: Task, { head, content }: Part): Promise<void> {
  const start: Buffer[] = [];
  let size = 0;
  for (let most = TEXT_PART_BYTES; size <= most;) {
    const next = await content.next();
    if (next.done === true) return screenSmall(task, head, Buffer.concat(start));
    start.push(next.value);
    size += next.value.length;
    if (size > most) most = isTextSoFar(Buffer.concat(start)) ? task.deps.limits.bodyTextMaxBytes : 0;
  }
  const state: { fault?: unknown } = {};
  await screenStream(task, joined(start, content, state), state);
}

/** Browsers send an empty part without a name for a file that nobody chose; with a name it is an empty file, which is never clear. */
const NAMED_FILE = /;[ \t]*filename\*?[ \t]*=[ \t]*"?[^";\s]/i;

async function screenSmall(task: Task, head: string, bytes: Buffer): Promise<void> {
  if (bytes.length > 0) await screenText(task, bytes, { as: 'plain', depth: 0 });
  else if (NAMED_FILE.test(head)) await screenBytes(task, bytes);
}

async function* joined(start: readonly Buffer[], rest: AsyncGenerator<Buffer>, state: { fault?: unknown }): AsyncGenerator<Buffer> {
  try {
    yield* start;
    yield* rest;
  } catch (error) {
    // The spool takes every fault of its source for a connection that broke off.
    state.fault = error;
    throw error;
  }
}

async function screenStream(task: Task, stream: AsyncIterable<Buffer>, state: { readonly fault?: unknown } = {}): Promise<void> {
  const { deps, request } = task;
  let piece: Spooled;
  try {
    piece = await deps.intake.spool(Readable.from(stream), { signal: request.signal });
  } catch (error) {
    throw state.fault ?? error;
  }
  try {
    await pass(task, piece);
  } finally {
    await piece.discard();
  }
}

interface TextHow {
  readonly as: 'json' | 'form' | 'plain';
  readonly depth: number;
  /** The head of a part: Latin-1, and no file by itself. */
  readonly isHead?: true;
}

/** A piece that may be nothing but text: compared by its digests, and looked through for files that are written in it. */
async function screenText(task: Task, bytes: Buffer, how: TextHow): Promise<void> {
  if (how.depth > DEPTH_MAX) throw new Refused('too_deep');
  const text = how.isHead === true ? bytes.toString('latin1') : readInertText(bytes);
  if (text === undefined) return screenBytes(task, bytes);
  if (how.isHead === undefined) await compareDigests(task, { digests: digestsOf(bytes), sizeBytes: bytes.length, bytes });
  for (const inner of readStrings(text, how.as)) {
    if (typeof inner !== 'string') await screenText(task, inner, { as: 'plain', depth: how.depth + 1 });
    else await screenEmbedded(task, await inTurns(task, readingsOf(inner)), how.depth);
  }
  // The strings of JSON were read one by one.
  await screenEmbedded(task, how.as === 'json' ? [text] : await inTurns(task, readingsOf(text)), how.depth);
}

/** Names, values and strings of a structured text. */
function readStrings(text: string, as: TextHow['as']): readonly (string | Buffer)[] {
  const strings = as === 'json' ? readJsonStrings(text) : as === 'form' ? readFormValues(text) : [];
  if (strings === undefined) throw new Refused('malformed');
  return strings;
}

async function screenEmbedded(task: Task, readings: readonly string[], depth: number): Promise<void> {
  if (await inTurns(task, findShiftedPicture(readings))) throw new Refused('disguised');
  for (const bytes of await inTurns(task, findEmbedded(readings))) {
    task.embedded += 1;
    if (task.embedded > EMBEDDED_MAX) throw new Refused('too_many_parts');
    if (readInertText(bytes) !== undefined) await screenText(task, bytes, { as: 'plain', depth: depth + 1 });
    // Tokens, signatures, encrypted state: of no kind that is known, and not to be decoded by anybody.
    else if (isOpaque(bytes)) await compareDigests(task, { digests: digestsOf(bytes), sizeBytes: bytes.length, bytes });
    else await screenBytes(task, bytes, true);
  }
}

/** The texts are a stranger's, and may be long. */
function inTurns<T>({ request }: Task, steps: Steps<T>): Promise<T> {
  return runInSlices(steps, request.signal);
}

async function screenBytes(task: Task, bytes: Buffer, isEmbedded = false): Promise<void> {
  const { deps, request } = task;
  const piece = await deps.intake.spool(Readable.from([bytes]), { signal: request.signal });
  try {
    const { mediaType } = await pass(task, piece);
    // Behind other bytes, where screening does not look.
    if (isEmbedded && mediaType === 'application/octet-stream' && hasPictureInside(bytes)) throw new Refused('disguised');
  } finally {
    await piece.discard();
  }
}

interface Compared {
  readonly digests: Spooled['digests'];
  readonly sizeBytes: number;
  /** In memory, when they are no file of their own. */
  readonly bytes?: Buffer;
}

/** With the lists in force, without an entry of the log for each field of a form; what is found is screened as a file, and recorded. */
async function compareDigests(task: Task, compared: Compared): Promise<void> {
  const { verdict } = await task.deps.screening.rematch({ digests: compared.digests, pictures: [] });
  if (verdict === 'clear' || verdict === 'unscannable') return;
  if (compared.bytes === undefined) await pass(task, task.request.content);
  else await screenBytes(task, compared.bytes);
}

function digestsOf(bytes: Buffer): Spooled['digests'] {
  const digest = (algorithm: string): string => createHash(algorithm).update(bytes).digest('hex');
  return { md5: digest('md5'), sha1: digest('sha1'), sha256: digest('sha256') };
}
