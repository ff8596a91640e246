/**
 * Gives every recorded event its place, in order, in batches: one node at a time holds the lock. A place, the tiles that it fills and the new root are
 * one transaction, so that a kill leaves either all of a batch or nothing of it.
 */
import { hashComplete, listEdge, openTreeBuilder, type TreeBuilder, type TreeFile } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import { toEntryText } from './rules.ts';
import * as store from './store.ts';
import { readTile } from './tiles.ts';

const BATCH = 5_000;
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
      if (done < BATCH) return total;
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

async function sequence(tx: Tx, known: TreeBuilder | undefined): Promise<{ readonly done: number; readonly used: TreeBuilder | undefined }> {
  if (!(await store.tryLock(tx))) return { done: 0, used: known };
  const pending = await store.listPending(tx, BATCH);
  if (pending.length === 0) return { done: 0, used: known };
  const { size } = await store.readTree(tx);
  const builder = known?.size === size ? known : await openBuilder(tx, size);
  const entries = pending.map((record, i) => ({ ...record, index: size + i, leaf: toEntryText(record) }));
  const files = builder.append(entries.map(({ leaf }) => Buffer.from(leaf)));
  await store.insertEntries(tx, pending, entries);
  await store.insertTiles(tx, files.flatMap(toTileRow));
  await store.writeTree(tx, { size: builder.size, root: builder.root() });
  return { done: pending.length, used: builder };
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
function toTileRow({ tile, bytes }: TreeFile): store.TileRow[] {
  return tile.level === 'entries' ? [] : [{ level: tile.level, index: tile.index, bytes, root: hashComplete(bytes) }];
}
