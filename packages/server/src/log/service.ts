/** The log as the rest of Gatehouse and outsiders use it. */
import { createHashReader, formatProofFile, formatVerifierKey, parseTilePath, proveInclusion, signNote, type SignerKey } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError, isGatehouseError } from '../platform/errors.ts';
import { createCheckpoints, type Checkpoints } from './checkpoints.ts';
import { writeLogFolder, type WrittenFolder } from './folder.ts';
import type { EventName } from '../platform/events.ts';
import type { LogParts, LogSource } from '../platform/log-source.ts';
import type { SelfCheckResult } from './checks-schema.ts';
import { createCompletenessCheck, type CompletenessCheck } from './completeness.ts';
import { recordEvents } from './recorder.ts';
import { LOGGED_EVENTS, toOrigin } from './rules.ts';
import { PublicEntrySchema, type EntryView, type LogProof, type LogStatus, type StoredCheckpoint, type TreeHead } from './schema.ts';
import { createSelfCheck, type SelfCheck } from './self-check.ts';
import { createSequencer } from './sequencer.ts';
import { createOutside, type Outside } from './outside.ts';
import { openLogKey } from './signer.ts';
import { isStatement } from './statement-rules.ts';
import { noteStates } from './states.ts';
import { findIndexOf, noteKinds } from './store-checks.ts';
import * as store from './store.ts';
import { isTileOf, readTile } from './tiles.ts';

export interface LogService {
  status(): Promise<LogStatus>;
  head(): Promise<TreeHead>;
  /** Every event so far has its place, and a checkpoint stands for it. @throws {GatehouseError} `log_diverged` */
  checkpoint(): Promise<StoredCheckpoint>;
  /** The note that is published. @throws {GatehouseError} `not_found` before the first */
  lastNote(): Promise<string>;
  /** A tile or bundle under its address (`tile/0/000`). @throws {GatehouseError} `not_found` unless the last checkpoint stands for all of it */
  readFile(path: string): Promise<Uint8Array>;
  entries(page: { readonly before: number; readonly limit: number }): Promise<EntryView[]>;
  entry(index: number): Promise<EntryView>;
  /** Makes a checkpoint first when the entry is behind the last one. @throws {GatehouseError} `not_found`, `log_diverged` */
  prove(index: number): Promise<LogProof>;
  /** A signed note of the log about something else than its size, such as the list of files of an evidence pack. Its first line says what it is. */
  sign(statement: string): Promise<string>;
  /** Copies everything that is public into an empty folder of this machine. */
  export(folder: string): Promise<WrittenFolder>;
  /** @throws {GatehouseError} `log_diverged` */
  verify(): Promise<void>;
  /** The place of the newest entry of this kind that is about this id (`ID_FIELDS` in rules.ts). Undefined while it has none. */
  find(kind: EventName, id: string): Promise<number | undefined>;
  /** Whether all of the tree is as it was hashed: what the last whole check found. */
  selfCheck(): Promise<SelfCheckResult | null>;
  readonly checks: { readonly tree: SelfCheck; readonly completeness: CompletenessCheck };
  /** When every domain has started: what the log is compared with, and what changed since the last start. */
  begin(domains: LogParts): Promise<void>;
  /** Witnesses and time stamps. */
  readonly outside: Outside;
  /** What outsiders have seen of this log. */
  anchors: Outside['anchors'];
  /** Gives places to what waits. */
  drain(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
}

interface Parts {
  readonly context: AppContext;
  readonly checkpoints: Checkpoints;
  readonly signer: () => Promise<SignerKey>;
  readonly drain: () => Promise<number>;
}

export async function createLogService(context: AppContext): Promise<LogService> {
  const { config, database } = context;
  const keyFor = await openLogKey(config);
  const signer = (): Promise<SignerKey> => keyFor(config.logOrigin ?? toOrigin(context.publicUrl()));
  const checkpoints = createCheckpoints({ context, signer });
  const sequencer = createSequencer(context);
  const parts: Parts = { context, checkpoints, signer, drain: sequencer.drain };
  const outside = await createOutside({ context, signer, checkpoint: () => drainAndPublish(parts) });
  let sources: readonly LogSource[] = [];
  const tree = createSelfCheck(context);
  recordEvents(context);
  await noteKinds(database.sql, LOGGED_EVENTS, context.clock.now());
  return {
    find: (kind, id) => findIndexOf(database.sql, kind, id),
    selfCheck: tree.last,
    checks: { tree, completeness: createCompletenessCheck({ context, sources: () => sources }) },
    async begin(domains) {
      ({ sources } = domains);
      await noteStates(context, domains.states);
    },
    status: () => readStatus(parts, outside),
    head: () => store.readTree(database.sql),
    checkpoint: () => drainAndPublish(parts),
    async lastNote() {
      const last = await store.findLastCheckpoint(database.sql);
      if (last === undefined) throw new GatehouseError('not_found', 'There is no checkpoint yet. The first is made within two minutes.');
      return last.note;
    },
    readFile: (path) => readPublished(parts, path),
    entries: async (page) => (await store.listEntries(database.sql, page)).map(toView),
    entry: async (index) => toView(await requireEntry(parts, index)),
    prove: (index) => prove(parts, index),
    async sign(statement) {
      if (!isStatement(statement)) throw new GatehouseError('internal', 'Nothing was signed: this text could be taken for a checkpoint.');
      return signNote(statement, [await signer()]);
    },
    export: async (folder) => {
      await drainAndPublish(parts);
      return writeLogFolder(folder, { database, verifierKey: formatVerifierKey(await signer()) });
    },
    verify: checkpoints.verify,
    outside,
    anchors: outside.anchors,
    drain: sequencer.drain,
    start: sequencer.start,
    stop: sequencer.stop,
  };
}

async function drainAndPublish({ checkpoints, drain }: Parts): Promise<StoredCheckpoint> {
  await drain();
  return checkpoints.publish();
}

async function readStatus({ context, checkpoints, signer }: Parts, outside: Outside): Promise<LogStatus> {
  const { sql } = context.database;
  const key = await signer();
  const last = await store.findLastCheckpoint(sql);
  return {
    origin: key.name,
    verifierKey: formatVerifierKey(key),
    size: (await store.readTree(sql)).size,
    pending: await store.countPending(sql),
    checkpoint: last === undefined ? null : { size: last.size, at: last.at.toISOString() },
    outside: await outside.describe(),
    isConsistent: await checkpoints.verify().then(
      () => true,
      (error: unknown) => {
        if (isGatehouseError(error) && error.code === 'log_diverged') return false;
        throw error;
      },
    ),
  };
}

async function readPublished({ context }: Parts, path: string): Promise<Uint8Array> {
  const { sql } = context.database;
  const tile = parseTilePath(path);
  const last = await store.findLastCheckpoint(sql);
  const bytes = tile !== undefined && last !== undefined && isTileOf(last.size, tile) ? await readTile(sql, tile) : undefined;
  if (bytes === undefined) throw new GatehouseError('not_found', 'The log has no such file, or no checkpoint stands for it yet.');
  return bytes;
}

async function requireEntry({ context }: Parts, index: number): Promise<store.EntryRow> {
  const row = await store.findEntry(context.database.sql, index);
  if (row === undefined) throw new GatehouseError('not_found', 'The log has no entry at this place.');
  return row;
}

async function prove(parts: Parts, index: number): Promise<LogProof> {
  const { sql } = parts.context.database;
  const row = await requireEntry(parts, index);
  const last = await store.findLastCheckpoint(sql);
  const { size, note } = last !== undefined && last.size > index ? last : await drainAndPublish(parts);
  const hashes = await proveInclusion(
    index,
    createHashReader(size, (tile) => readTile(sql, tile)),
  );
  return { index, entry: row.leaf, proof: formatProofFile({ index, hashes, checkpoint: note }) };
}

function toView({ index, leaf, at, body, salt }: store.EntryRow): EntryView {
  const record = body === null || salt === null ? null : { at: at.toISOString(), body, salt: salt.toString('base64url') };
  return { index, entry: PublicEntrySchema.parse(JSON.parse(leaf)), record };
}
