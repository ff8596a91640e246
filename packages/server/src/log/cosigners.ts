/**
 * Asking witnesses to cosign the checkpoints of this log (C2SP tlog-witness 1.0.0), over the guarded outbound client. A cosignature that holds becomes part of the published
 * note. What a witness remembers is the one memory that whoever has database and disk of this installation cannot change: when it does not fit, that is shown.
 */
import {
  addCosignatures,
  createHashReader,
  formatAddCheckpoint,
  formatVerifierKey,
  parseNote,
  formatNote,
  parseVerifierKey,
  proveConsistency,
  TlogError,
} from '@gatehouse/tlog';
import type { VerifierKey } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError, isGatehouseError } from '../platform/errors.ts';
import { planNextAsk, planRetry, readAnswer, type Answered, type Asked } from './cosign-rules.ts';
import type { StoredCheckpoint } from './schema.ts';
import * as logStore from './store.ts';
import * as store from './store-witness.ts';
import { readTile } from './tiles.ts';
import { readKey } from './witness.ts';
import type { AddCosigner, Cosigner, CosignerFault } from './witness-schema.ts';

export interface Cosigners {
  list(): Promise<Cosigner[]>;
  /** @throws {GatehouseError} `invalid_request`, `conflict`, `outbound_refused` */
  add(cosigner: AddCosigner, actor: string): Promise<Cosigner>;
  /** It is asked no more; what it signed stays. @throws {GatehouseError} `not_found` */
  remove(name: string, actor: string): Promise<void>;
  /** Asks those whose turn it is, each at most once a minute. */
  askDue(signal: AbortSignal): Promise<void>;
  /** Asks all of them now. @returns how each of them stands then. @throws {GatehouseError} `log_diverged` */
  askAll(signal: AbortSignal): Promise<Cosigner[]>;
}

export interface CosignerParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'events' | 'outbound' | 'log'>;
  /** Signs what is there first. */
  readonly checkpoint: () => Promise<StoredCheckpoint>;
  /** Keys of this installation, none of which is an outsider's. */
  readonly ownKeys: () => Promise<readonly VerifierKey[]>;
}

const TIMEOUT_MS = 15_000;
/** An answer is a line or a few. */
const ANSWER_BYTES_MAX = 65_536;
/** A witness may name another size once, and again when another node of ours was faster. */
const ATTEMPTS = 3;

export function createCosigners(parts: CosignerParts): Cosigners {
  const { database, clock, events } = parts.context;
  const list = async (): Promise<Cosigner[]> => (await store.listCosigners(database.sql)).map(toView);
  const askEach = async (rows: readonly store.CosignerRow[], size: number, signal: AbortSignal): Promise<void> => {
    await Promise.all(rows.map((row) => askAndKeep(row, { ...parts, size, signal })));
  };
  return {
    list,
    add: (input, actor) => add(parts, input, actor),
    async remove(name, actor) {
      await database.transact(async (tx) => {
        const isRemoved = await store.deleteCosigner(tx, name);
        if (!isRemoved) throw new GatehouseError('not_found', 'No witness of this name is asked.');
        await events.emit('log.witness_changed', { change: 'cosigner.removed', subject: name, actor }, tx);
      });
    },
    async askDue(signal) {
      const now = clock.now();
      if (!(await store.hasDueCosigner(database.sql, now))) return;
      const { size } = await parts.checkpoint();
      await askEach(await store.claimCosigners(database.sql, { size, now, nextAt: planNextAsk(now) }), size, signal);
    },
    async askAll(signal) {
      const { size } = await parts.checkpoint();
      await askEach(await store.listCosigners(database.sql), size, signal);
      return list();
    },
  };
}

async function add({ context, ownKeys }: CosignerParts, { url, verifierKey }: AddCosigner, actor: string): Promise<Cosigner> {
  const key = readKey(verifierKey, 'cosignature');
  if ((await ownKeys()).some(({ publicKey }) => Buffer.from(publicKey).equals(key.publicKey)))
    throw new GatehouseError('conflict', 'That is a key of this installation. A witness is somebody else. Nothing was added.');
  context.outbound.checkUrl(url);
  const row = await context.database.transact(async (tx) => {
    const isAdded = await store.insertCosigner(tx, { name: key.name, url, verifierKey: formatVerifierKey(key), at: context.clock.now(), actor });
    if (!isAdded)
      throw new GatehouseError('conflict', 'A witness of this name is asked already. Remove it first to change its address or its key. Nothing was added.');
    await context.events.emit('log.witness_changed', { change: 'cosigner.added', subject: key.name, actor }, tx);
    return (await store.listCosigners(tx)).find(({ name }) => name === key.name);
  });
  if (row === undefined) throw new Error('the row of a witness is missing');
  return toView(row);
}

interface Errand extends CosignerParts {
  readonly size: number;
  readonly signal: AbortSignal;
}

async function askAndKeep(row: store.CosignerRow, errand: Errand): Promise<void> {
  const { database, clock, log } = errand.context;
  const fault = await ask(row, errand);
  if (fault === undefined) return;
  const at = clock.now();
  await store.writeCosignerFault(database.sql, { name: row.name, failure: fault, at, nextAt: planRetry(at, row.failures + 1) });
  log.warn({ fault }, 'a witness did not cosign the checkpoint of the log');
}

/** @returns why not */
async function ask(row: store.CosignerRow, errand: Errand): Promise<CosignerFault | undefined> {
  const checkpoint = await store.findCheckpoint(errand.context.database.sql, errand.size);
  if (checkpoint === undefined) return 'log_damaged';
  let oldSize = Math.min(row.cosignedSize ?? 0, checkpoint.size);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const asked = { oldSize, size: checkpoint.size };
    const answered = await send(row.url, { asked, note: checkpoint.note, errand });
    if (typeof answered === 'string') return answered;
    const reading = readAnswer(asked, answered);
    if (reading.kind === 'cosigned') return keep(row, { checkpoint, answer: answered.body, errand });
    if (reading.kind === 'failed') return reading.fault;
    if (reading.kind === 'ahead') return judgeAhead(reading.size, errand);
    oldSize = reading.oldSize;
  }
  return 'busy';
}

interface Sending {
  readonly asked: Asked;
  readonly note: string;
  readonly errand: Errand;
}

async function send(url: string, { asked: { oldSize, size }, note, errand }: Sending): Promise<Answered | CosignerFault> {
  const { database, outbound } = errand.context;
  try {
    const reader = createHashReader(size, (tile) => readTile(database.sql, tile));
    const proof = await proveConsistency(oldSize, reader);
    const { status, bytes } = await outbound.download({
      url: `${url}/add-checkpoint`,
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: formatAddCheckpoint({ oldSize, proof, checkpoint: note }),
      timeoutMs: TIMEOUT_MS,
      maxBytes: ANSWER_BYTES_MAX,
      signal: errand.signal,
    });
    return { status, body: Buffer.from(bytes).toString('utf8') };
  } catch (error) {
    return nameFault(error);
  }
}

function nameFault(error: unknown): CosignerFault {
  if (error instanceof TlogError) return 'log_damaged';
  if (isGatehouseError(error, 'outbound_refused')) return 'refused_address';
  if (isGatehouseError(error, 'too_large')) return 'bad_answer';
  return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no_connection';
}

/** Another node may have had a larger checkpoint cosigned since; else the witness has seen what is gone here. */
async function judgeAhead(size: number, { context }: Errand): Promise<CosignerFault> {
  const last = await logStore.findLastCheckpoint(context.database.sql);
  return last !== undefined && last.size >= size ? 'busy' : 'rolled_back';
}

interface Answer {
  readonly checkpoint: StoredCheckpoint;
  readonly answer: string;
  readonly errand: Errand;
}

async function keep(row: store.CosignerRow, { checkpoint: { size }, answer, errand }: Answer): Promise<CosignerFault | undefined> {
  const { database, clock } = errand.context;
  const key = parseVerifierKey(row.verifierKey);
  return database.transact(async (tx) => {
    const note = await store.lockNote(tx, size);
    const added = note === undefined ? undefined : await addTo(note, answer, key);
    if (added === undefined) return 'bad_answer';
    await store.writeNote(tx, size, added.note);
    await store.insertCosignature(tx, { size, verifierKey: row.verifierKey, at: added.at, line: added.line });
    await store.writeCosignerSuccess(tx, { name: row.name, size, at: added.at, askedAt: clock.now() });
    return undefined;
  });
}

interface Added {
  readonly note: string;
  readonly at: Date;
  readonly line: string;
}

/** @returns undefined unless the answer holds a cosignature of this key on this checkpoint */
async function addTo(note: string, answer: string, key: VerifierKey): Promise<Added | undefined> {
  try {
    const { checkpoint, signed } = await addCosignatures(note, answer, [key]);
    const { text, signatures } = parseNote(checkpoint);
    const own = signatures.filter(({ name, id }) => name === key.name && id === key.id);
    return {
      note: checkpoint,
      at: new Date((signed[0]?.timeS ?? 0) * 1000),
      line: formatNote({ text, signatures: own })
        .slice(text.length + 1)
        .trimEnd(),
    };
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}

function toView(row: store.CosignerRow): Cosigner {
  const { name, url, verifierKey, cosignedSize: size, failure } = row;
  return {
    name,
    url,
    verifierKey,
    addedAt: row.addedAt.toISOString(),
    askedAt: row.askedAt?.toISOString() ?? null,
    size,
    cosignedAt: row.cosignedAt?.toISOString() ?? null,
    failingSince: row.failingSince?.toISOString() ?? null,
    failure,
  };
}
