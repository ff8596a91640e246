/**
 * Signs how large the log is and what its root is, and never two things that contradict each other. The last signed checkpoint is also a file
 * outside the database: a database that was rolled back, cut off or rewritten does not continue it, and then nothing is signed any more.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createHashReader, createVerifierKey, openCheckpoint, peekCheckpoint, signCheckpoint, type SignerKey } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import { inDataDir } from '../platform/config.ts';
import type { Sql, Tx } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import { writeFileDurably } from '../platform/files.ts';
import type { StoredCheckpoint, TreeHead } from './schema.ts';
import * as store from './store.ts';
import { readTile } from './tiles.ts';

export interface Checkpoints {
  /** Signs the tree as it is, unless it has not grown. @throws {GatehouseError} `log_diverged` */
  publish(): Promise<StoredCheckpoint>;
  /** Whether the database continues what was signed. @throws {GatehouseError} `log_diverged` when it does not */
  verify(): Promise<void>;
}

export interface CheckpointParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'config'>;
  readonly signer: () => Promise<SignerKey>;
}

const FILE_MODE = 0o644;

export function createCheckpoints({ context, signer }: CheckpointParts): Checkpoints {
  const { database, clock, config } = context;
  const path = inDataDir(config, 'log', 'checkpoint');
  const publishIn = async (tx: Tx): Promise<StoredCheckpoint> => {
    await store.waitForLock(tx);
    const tree = await store.readTree(tx);
    const last = await store.findLastCheckpoint(tx);
    const key = await signer();
    await assertContinues(tx, { tree, last, file: await readOwn(path, key) });
    if (last?.size === tree.size && peekCheckpoint(last.note).origin === key.name) return last;
    const note = await signCheckpoint({ origin: key.name, ...tree }, [key]);
    const made = { ...tree, at: clock.now(), note };
    // Before anybody sees it. The tree that it stands for was committed before.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFileDurably(path, note, FILE_MODE);
    await store.putCheckpoint(tx, made);
    return made;
  };
  return {
    publish: () => database.transact(publishIn),
    async verify() {
      await database.transact(async (tx) => {
        await store.waitForLock(tx);
        const file = await readOwn(path, await signer());
        await assertContinues(tx, { tree: await store.readTree(tx), last: await store.findLastCheckpoint(tx), file });
      });
    },
  };
}

/** Only what this log signed itself counts: a file of somebody else stops nothing. */
async function readOwn(path: string, key: SignerKey): Promise<TreeHead | undefined> {
  const note = await readFile(path, 'utf8').catch(() => undefined);
  if (note === undefined) return undefined;
  const origin = originOf(note) ?? key.name;
  // The address may have changed since; the key decides.
  return openCheckpoint(note, origin, [createVerifierKey(origin, key.publicKey)]).catch(() => undefined);
}

function originOf(note: string): string | undefined {
  try {
    return peekCheckpoint(note).origin;
  } catch {
    return undefined;
  }
}

interface Heads {
  readonly tree: TreeHead;
  readonly last: TreeHead | undefined;
  readonly file: TreeHead | undefined;
}

async function assertContinues(db: Sql, { tree, last, file }: Heads): Promise<void> {
  for (const signed of [last, file]) {
    if (signed === undefined || signed.size === 0) continue;
    if (signed.size > tree.size)
      throw diverged(`A checkpoint of ${signed.size} entries was signed, and the database has ${tree.size}: it was rolled back, or entries were taken out.`);
    if (!(await hasRoot(db, tree.size, signed))) throw diverged(`The first ${signed.size} entries are not those that were signed: something was changed.`);
  }
}

async function hasRoot(db: Sql, size: number, signed: TreeHead): Promise<boolean> {
  try {
    const root = await createHashReader(size, (tile) => readTile(db, tile)).read(0, signed.size);
    return Buffer.from(root).equals(signed.root);
  } catch {
    return false;
  }
}

function diverged(what: string): GatehouseError {
  return new GatehouseError('log_diverged', `${what} Nothing more is signed; events are recorded and wait.`);
}
