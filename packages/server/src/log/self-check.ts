/**
 * Grows the whole tree once more from the entries in the database and compares every tile and every checkpoint on the way. Signing looks only at hashes,
 * and would not see an old entry that was changed while its hash was left; this does. In slices: each is a transaction of its own, and where it came is
 * kept, so that a stop loses one slice.
 */
import { hashComplete, openTreeBuilder, TILE_WIDTH, tilePath, type TreeBuilder, type TreeFile } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import type { Sql, Tx } from '../platform/db/database.ts';
import { SelfCheckSchema, type SelfCheckResult, type SelfCheckStep } from './checks-schema.ts';
import type { TreeHead } from './schema.ts';
import { openBuilder } from './sequencer.ts';
import * as checks from './store-checks.ts';
import { listLeaves, readTree } from './store.ts';

export interface SelfCheck {
  /** Does a slice of the check that is under way, or begins one. */
  step(): Promise<SelfCheckStep>;
  /** Slices until it is done, `entries` were checked, or it shall stop; one at least. */
  run(options: { readonly entries: number; readonly signal: AbortSignal }): Promise<SelfCheckStep>;
  /** Of the last whole check. */
  last(): Promise<SelfCheckResult | null>;
}

/** 16 tiles: some 5 ms of hashing at once, and some 1.5 MB. */
const SLICE = 16 * TILE_WIDTH;
const HASH_BYTES = 32;
/** Of tiles: 256^8 entries. */
const LEVELS = 8;

export function createSelfCheck({ database, clock }: Pick<AppContext, 'database' | 'clock'>): SelfCheck {
  /** Of the tree as far as it was checked here. */
  let builder: TreeBuilder | undefined;
  const stepIn = async (tx: Tx): Promise<SelfCheckStep> => {
    const row = (await checks.lockSelfCheck(tx)) ?? (await begin(tx, clock.now()));
    const [from, to] = [row.position, Math.min(row.position + SLICE, row.size)];
    builder = await resume(tx, from, builder);
    const fault = builder === undefined ? `Entries or tiles before ${from} are missing in the database.` : await checkSlice(tx, builder, { from, to, row });
    if (fault === undefined && to < row.size) {
      await checks.putSelfCheck(tx, { ...row, position: to });
      return { position: to, size: row.size, result: null };
    }
    builder = undefined;
    const at = clock.now();
    const result = { at: at.toISOString(), entries: to, isOk: fault === undefined, fault: fault ?? null };
    await checks.endSelfCheck(tx);
    await checks.insertResult(tx, 'self_check', { at, isOk: result.isOk, report: result });
    return { position: to, size: row.size, result };
  };
  const step = async (): Promise<SelfCheckStep> => {
    try {
      return await database.transact(stepIn);
    } catch (error) {
      // It may be further than what was kept.
      builder = undefined;
      throw error;
    }
  };
  return {
    step,
    async run({ entries, signal }) {
      for (let done = SLICE; ; done += SLICE) {
        const reached = await step();
        if (reached.result !== null || done >= entries || signal.aborted) return reached;
        // Others get a turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async last() {
      const kept = SelfCheckSchema.safeParse((await checks.findLastResult(database.sql, 'self_check'))?.report);
      if (!kept.success) return null;
      const { at, entries, isOk, fault } = kept.data;
      return { at: new Date(at), entries, isOk, fault };
    },
  };
}

async function begin(tx: Tx, beganAt: Date): Promise<checks.SelfCheckRow> {
  const row = { ...(await readTree(tx)), beganAt, position: 0 };
  await checks.putSelfCheck(tx, row);
  return row;
}

/** From tiles that were compared already. Undefined when they are not there any more. */
async function resume(tx: Tx, from: number, known: TreeBuilder | undefined): Promise<TreeBuilder | undefined> {
  if (from === 0) return openTreeBuilder();
  return known?.size === from ? known : openBuilder(tx, from).catch(() => undefined);
}

interface Slice {
  readonly from: number;
  readonly to: number;
  /** The whole tree, as it was when the check began. */
  readonly row: TreeHead;
}

/** @returns the first fault */
async function checkSlice(db: Sql, builder: TreeBuilder, { from, to, row }: Slice): Promise<string | undefined> {
  const leaves = await listLeaves(db, from, to);
  if (leaves.length < to - from) return `Entries are missing in the database between ${from} and ${to - 1}.`;
  const heads = [...(await checks.listHeads(db, from, to)), ...(to === row.size ? [row] : [])];
  const files: TreeFile[] = [];
  let fault: string | undefined;
  for (const end of [...heads, undefined]) {
    const more = leaves.slice(builder.size - from, (end?.size ?? to) - from);
    files.push(...builder.append(more.map((leaf) => Buffer.from(leaf))));
    if (end !== undefined && !Buffer.from(end.root).equals(builder.root()))
      fault ??= `The first ${end.size} entries do not give the root that was signed or kept.`;
  }
  // A tile says more exactly where it is.
  return (await compareFiles(db, files)) ?? fault;
}

async function compareFiles(db: Sql, files: readonly TreeFile[]): Promise<string | undefined> {
  for (let level = 0; level < LEVELS; level++) {
    // Bundles are made from the entries when they are asked for: there is nothing to compare with.
    const made = files.filter(({ tile }) => tile.level === level);
    if (made.length === 0) return undefined;
    const indexes = made.map(({ tile }) => tile.index);
    const kept = await checks.listTileRows(db, level, { from: Math.min(...indexes), to: Math.max(...indexes) + 1 });
    for (const file of made) {
      const fault = compareFile(file, kept.get(file.tile.index));
      if (fault !== undefined) return fault;
    }
  }
  return undefined;
}

function compareFile({ tile, bytes }: TreeFile, kept: checks.TileRow | undefined): string | undefined {
  if (kept === undefined) return `${tilePath(tile)} is missing in the database.`;
  if (!kept.root.equals(hashComplete(kept.bytes))) return `The hash that stands for ${tilePath(tile)} is not that of its bytes.`;
  if (kept.bytes.equals(bytes)) return undefined;
  if (tile.level !== 0) return `${tilePath(tile)} is not what the entries give.`;
  const isSame = (i: number): boolean => kept.bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES).equals(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  const at = Array.from({ length: TILE_WIDTH }, (_none, i) => i).find((i) => !isSame(i)) ?? 0;
  return `Entry ${tile.index * TILE_WIDTH + at} is not what was hashed when it got its place.`;
}
