/**
 * What is so from one start to the next and must be an entry when it changes: the settings, the keys in use, the policy, the version of Gatehouse.
 * Kept are keyed digests, so that the table gives nothing away; the key stays in the database.
 */
import { createHmac } from 'node:crypto';
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import { takeRestoreNote } from '../platform/backup/recorded.ts';
import { randomHex } from '../platform/ids.ts';
import type { LogState } from '../platform/log-source.ts';
import { takeNodeName } from '../platform/node-name.ts';
import { VERSION } from '../platform/version.ts';
import * as store from './store-checks.ts';

type Parts = Pick<AppContext, 'database' | 'config' | 'events'>;

const DIGEST_KEY_BYTES = 32;
const SHOWN_DIGITS = 32;
/** Of the whole configuration, at the first start of a data directory. */
const ALL = 'all';

interface Now {
  /** Unique: `setting port`, `key receipts`. */
  readonly name: string;
  readonly digest: Buffer;
  emit(tx: Tx, change: 'set' | 'changed'): Promise<void>;
}

/** Compares with the last start of this data directory, and records each difference with what it was found by, in one transaction. */
export async function noteStates(parts: Parts, states: readonly LogState[]): Promise<void> {
  const { database, config, events } = parts;
  await takeRestoreNote(config, (note) => events.emit('backup.restored', note));
  const node = await takeNodeName(config);
  const digestKey = await store.takeDigestKey(database.sql, Buffer.from(randomHex(DIGEST_KEY_BYTES), 'hex'));
  const digest = (value: string): Buffer => createHmac('sha256', digestKey).update(value).digest();
  const settings = readSettings(parts, digest);
  await database.transact(async (tx) => {
    const before = await store.lockStates(tx, node);
    // Dozens of entries "set" at the first start would say less than one for all.
    if (!before.has(SETTING_VERSION)) {
      const whole = Buffer.concat(settings.map((setting) => setting.digest));
      await events.emit('config.changed', { setting: ALL, change: 'first_start', digest: show(digest(whole.toString('hex'))) }, tx);
      for (const setting of settings) await store.putState(tx, node, setting);
    } else {
      await noteChanged(tx, settings, { before, node });
      await noteGone(tx, settings, { before, node, events });
    }
    await noteChanged(
      tx,
      states.map((state) => toNow(state, { events, digest })),
      { before, node },
    );
  });
}

const SETTING = 'setting ';
const SETTING_VERSION = `${SETTING}version`;

function readSettings({ config, events }: Parts, digest: (value: string) => Buffer): Now[] {
  const values: [string, unknown][] = [['version', VERSION], ...Object.entries(config)];
  return values.flatMap(([key, value]) => {
    // Neither set nor with a value of its own.
    if (value === undefined) return [];
    const found = digest(JSON.stringify([key, value]));
    return [
      {
        name: `${SETTING}${key}`,
        digest: found,
        emit: (tx: Tx, change: 'set' | 'changed') => events.emit('config.changed', { setting: key, change, digest: show(found) }, tx),
      },
    ];
  });
}

function toNow(state: LogState, { events, digest }: { readonly events: AppContext['events']; readonly digest: (value: string) => Buffer }): Now {
  if (state.kind === 'policy.changed')
    return { name: 'policy', digest: digest(state.value), emit: (tx) => events.emit('policy.changed', { policyVersion: state.value }, tx) };
  const { purpose, value } = state;
  return { name: `key ${purpose}`, digest: digest(value), emit: (tx) => events.emit('key.changed', { purpose, keyId: value }, tx) };
}

interface Before {
  readonly before: ReadonlyMap<string, Buffer>;
  readonly node: string;
}

async function noteChanged(tx: Tx, now: readonly Now[], { before, node }: Before): Promise<void> {
  for (const state of now) {
    const known = before.get(state.name);
    if (known?.equals(state.digest) === true) continue;
    await store.putState(tx, node, state);
    await state.emit(tx, known === undefined ? 'set' : 'changed');
  }
}

async function noteGone(tx: Tx, settings: readonly Now[], { before, node, events }: Before & Pick<AppContext, 'events'>): Promise<void> {
  const there = new Set(settings.map(({ name }) => name));
  for (const name of before.keys()) {
    if (!name.startsWith(SETTING) || there.has(name)) continue;
    await store.removeState(tx, node, name);
    await events.emit('config.changed', { setting: name.slice(SETTING.length), change: 'unset', digest: '' }, tx);
  }
}

function show(digest: Buffer): string {
  return digest.toString('hex').slice(0, SHOWN_DIGITS);
}
