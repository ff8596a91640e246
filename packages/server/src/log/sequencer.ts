/**
 * Gives every recorded event its place, in order, in batches: one node at a time holds the lock. A place, the tiles that it fills and the new root are
 * one transaction, so that a kill leaves either all of a batch or nothing of it.
 */
import { hashComplete, listEdge, openTreeBuilder, type TreeBuilder, type TreeFile } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import { ID_FIELDS, toEntryText } from './rules.ts';
import * as store from './store.ts';
import { readTile } from './tiles.ts';

/** Events of one statement. */
const BATCH = 2_000;
/** Batches of one transaction, at most: a kill undoes so much. */
const BATCHES = 10;
const PAUSE_MS = 250;
/** After a fault, such as a database that is away. */
const PAUSE_AFTER_FAULT_MS = 5_000;

export interface Sequencer {
  /** Until nothing waits. @returns how many got a place here */
  drain(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
}

export function createSequencer(context: Pick<AppContext, 'database' | 'clock' | 'log' | 'stopping'>): Sequencer {
  const { database, clock, log, stopping } = context;
  /** Of the tree as it was after the last batch here. */
  let builder: TreeBuilder | undefined;
  let running: Promise<void> | undefined;
  const drainOnce = async (): Promise<number> => {
    try {
      const { done, used } = await database.transact((tx) => sequence(tx, builder));
      builder = used;
      return done;
    } catch (error) {
      // It may hold what was rolled back.
      builder = undefined;
      throw error;
    }
  };
  const drain = async (): Promise<number> => {
    for (let total = 0; ;) {
      // Most of the time nothing waits: one small question.
      const done = (await store.hasPending(database.sql)) ? await drainOnce() : 0;
      total += done;
      if (done < BATCHES * BATCH) return total;
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  // One at a time: two would give one builder two batches.
  const inTurn = (): Promise<number> => {
    const next = turn.then(drain, drain);
    turn = next.catch(() => undefined);
    return next;
  };
  const run = async (): Promise<void> => {
    while (!stopping.aborted) {
      const isDone = await inTurn().then(
        () => true,
        (error: unknown) => {
          log.warn({ err: error }, 'events could not be given their place in the log; it will be tried again');
          return false;
        },
      );
      await clock.sleep(isDone ? PAUSE_MS : PAUSE_AFTER_FAULT_MS, stopping);
    }
  };
  return {
    drain: inTurn,
    start() {
      running ??= run();
    },
    async stop() {
      await running;
      await turn;
    },
  };
}

interface Sequenced {
  readonly done: number;
  readonly used: TreeBuilder | undefined;
}

/** While the database writes a batch, this process makes the texts and hashes of the next one. */
async function sequence(tx: Tx, known: TreeBuilder | undefined): Promise<Sequenced> {
  if (!(await store.tryLock(tx))) return { done: 0, used: known };
  const { size } = await store.readTree(tx);
  let pending = await store.listPending(tx, { after: 0, limit: BATCH });
  if (pending.length === 0) return { done: 0, used: known };
  const builder = known?.size === size ? known : await openBuilder(tx, size);
  let writing: Promise<void> = Promise.resolve();
  let done = 0;
  while (pending.length > 0) {
    const batch = place(builder, pending);
    done += pending.length;
    const isLast = pending.length < BATCH || done >= BATCHES * BATCH;
    await writing;
    // Asked before the writing begins: a connection answers in order.
    pending = isLast ? [] : await store.listPending(tx, { after: pending.at(-1)?.id ?? 0, limit: BATCH });
    writing = write(tx, batch);
    // It is awaited in the next round; a fault must not be nobody's until then.
    writing.catch(() => undefined);
    // Sent, before this thread is busy with the next texts.
    await new Promise((resolve) => setImmediate(resolve));
  }
  await writing;
  await store.writeTree(tx, { size: builder.size, root: builder.root() });
  return { done, used: builder };
}

interface Batch {
  /** The place of the first. */
  readonly from: number;
  readonly entries: readonly store.NewEntry[];
  readonly files: readonly TreeFile[];
}

function place(builder: TreeBuilder, pending: readonly store.PendingRow[]): Batch {
  const from = builder.size;
  const entries = pending.map((record) => ({ id: record.id, leaf: toEntryText(record), idField: ID_FIELDS[record.kind] }));
  return { from, entries, files: builder.append(entries.map(({ leaf }) => Buffer.from(leaf))) };
}

async function write(tx: Tx, { from, entries, files }: Batch): Promise<void> {
  // Fewer would leave places without an entry: somebody took an event out at this moment. Everything is undone and tried again.
  if ((await store.moveEntries(tx, from, entries)) !== entries.length) throw new Error('events left the waiting list while they were given their places');
  await store.insertTiles(tx, files.flatMap(toTileRow));
}

export async function openBuilder(tx: Tx, size: number): Promise<TreeBuilder> {
  const edge: TreeFile[] = [];
  for (const tile of listEdge(size)) {
    const bytes = await readTile(tx, tile);
    if (bytes === undefined) throw new Error('entries or tiles of the log are missing in the database');
    edge.push({ tile, bytes });
  }
  return openTreeBuilder(size, edge);
}

/** Bundles are made from the entries when they are asked for. */
function toTileRow({ tile, bytes, root }: TreeFile): store.TileRow[] {
  return tile.level === 'entries' ? [] : [{ level: tile.level, index: tile.index, bytes, root: root ?? hashComplete(bytes) }];
}
