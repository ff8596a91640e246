/** The log as the rest of Gatehouse and outsiders use it. */
import { createHashReader, formatProofFile, formatVerifierKey, parseTilePath, proveInclusion, type SignerKey } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError, isGatehouseError } from '../platform/errors.ts';
import { createCheckpoints, type Checkpoints } from './checkpoints.ts';
import { writeLogFolder, type WrittenFolder } from './folder.ts';
import { recordEvents } from './recorder.ts';
import { toOrigin } from './rules.ts';
import { PublicEntrySchema, type EntryView, type LogProof, type LogStatus, type StoredCheckpoint, type TreeHead } from './schema.ts';
import { createSequencer } from './sequencer.ts';
import { openLogKey } from './signer.ts';
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
  /** Copies everything that is public into an empty folder of this machine. */
  export(folder: string): Promise<WrittenFolder>;
  /** @throws {GatehouseError} `log_diverged` */
  verify(): Promise<void>;
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
  recordEvents(context);
  return {
    status: () => readStatus(parts),
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
    export: async (folder) => {
      await drainAndPublish(parts);
      return writeLogFolder(folder, { database, verifierKey: formatVerifierKey(await signer()) });
    },
    verify: checkpoints.verify,
    drain: sequencer.drain,
    start: sequencer.start,
    stop: sequencer.stop,
  };
}

async function drainAndPublish({ checkpoints, drain }: Parts): Promise<StoredCheckpoint> {
  await drain();
  return checkpoints.publish();
}

async function readStatus({ context, checkpoints, signer }: Parts): Promise<LogStatus> {
  const { sql } = context.database;
  const key = await signer();
  const last = await store.findLastCheckpoint(sql);
  return {
    origin: key.name,
    verifierKey: formatVerifierKey(key),
    size: (await store.readTree(sql)).size,
    pending: await store.countPending(sql),
    checkpoint: last === undefined ? null : { size: last.size, at: last.at.toISOString() },
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
