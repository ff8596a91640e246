/**
 * The token keys: one for each question, band and epoch, made when first needed, and for the next epoch some days ahead, because a pair of 2048
 * bits takes up to half a second. Every node has the same keys; of two that make one at once, the database keeps the first.
 */
import { type KeyObject } from 'node:crypto';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { generateSigningKey, importTokenKey } from './blind-rsa.ts';
import type { KeyVault } from './key-vault.ts';
import type { RecheckPolicy } from './recheck-rules.ts';
import { epochAt, isOffered, PREPARE_DAYS, timesOf } from './rules.ts';
import type { Band, TokenClass, TokenKey, TokenQuestion, TrustState } from './schema.ts';
import { findKeyById, findKeyOf, insertKey, listClasses, listKeys, pruneKeys, type StoredKey } from './store.ts';
import { hashBytes } from './wire.ts';

export interface KeyRing {
  /** The key that issues now, made when there is none. */
  issuing(question: TokenQuestion, band: Band, generation: number): Promise<StoredKey>;
  find(keyId: Uint8Array): Promise<TokenKey | undefined>;
  /** Those that issue or are still taken. */
  list(): Promise<readonly StoredKey[]>;
  privateKeyOf(key: StoredKey): KeyObject;
  publicKeyOf(key: TokenKey): KeyObject;
  /** The keys of the epoch and, shortly before it ends, of the next one; old ones go. Returns how many were made. */
  rotate(signal: AbortSignal): Promise<number>;
}

export interface KeyRingParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'events'>;
  readonly vault: KeyVault;
  readonly trust: TrustState;
  readonly policy: RecheckPolicy;
  /** Only for tests, which would else spend most of their time on it. */
  readonly generateKey?: typeof generateSigningKey;
}

const DAY_MS = 86_400_000;
/** Parsed keys in memory: some questions, two bands, three epochs. */
const CACHE_MAX = 64;

export function createKeyRing({ context, vault, trust, policy, generateKey = generateSigningKey }: KeyRingParts): KeyRing {
  const { database, clock, events } = context;
  const underWay = new Map<string, Promise<StoredKey>>();
  const privateKeys = createCache<KeyObject>();
  const publicKeys = createCache<KeyObject>();

  const ensure = (cls: TokenClass, generation: number): Promise<StoredKey> => {
    const name = [cls.threshold, cls.direction, cls.band, cls.epoch, generation].join(' ');
    const running = underWay.get(name) ?? findOrMake(cls, generation).finally(() => underWay.delete(name));
    underWay.set(name, running);
    return running;
  };

  const findOrMake = async (cls: TokenClass, generation: number): Promise<StoredKey> => {
    const known = await findKeyOf(database.sql, cls, generation);
    if (known !== undefined) return known;
    const { privateKey, publicKey } = await generateKey();
    const keyId = hashBytes(publicKey);
    await database.transact(async (tx) => {
      const isNew = await insertKey(tx, { ...cls, generation, keyId, publicKey, sealed: vault.seal(keyId, privateKey), ...timesOf(cls, policy) });
      if (isNew) await events.emit('key.changed', { purpose: 'age_tokens', keyId: Buffer.from(keyId).toString('hex') }, tx);
    });
    const made = await findKeyOf(database.sql, cls, generation);
    if (made === undefined) throw new GatehouseError('conflict', 'The token keys were renewed at this moment. No token was issued.');
    return made;
  };

  return {
    issuing: (question, band, generation) =>
      ensure({ threshold: question.threshold, direction: question.direction, band, epoch: epochAt(clock.now()) }, generation),
    find: (keyId) => findKeyById(database.sql, keyId),
    list: async () => listKeys(database.sql, await trust.generation(), clock.now()),
    privateKeyOf(key) {
      const { sealed } = key;
      if (sealed === undefined) throw new GatehouseError('gone', 'This key issues no more tokens.');
      return privateKeys.get(key.row, () => vault.unseal(key.keyId, sealed));
    },
    publicKeyOf: (key) => publicKeys.get(key.row, () => importTokenKey(key.publicKey)),
    async rotate(signal) {
      const now = clock.now();
      const generation = await trust.generation();
      const epoch = epochAt(now);
      const ahead = epochAt(new Date(now.getTime() + PREPARE_DAYS * DAY_MS));
      const before = await listKeys(database.sql, generation, now);
      // Questions of the epoch before count too: a quiet month does not make the next person wait.
      for (const cls of await listClasses(database.sql, epoch - 1)) {
        for (const wanted of new Set([epoch, ahead])) {
          if (signal.aborted || !isOffered(cls.direction, cls.band, policy)) continue;
          await ensure({ ...cls, epoch: wanted }, generation);
        }
      }
      await pruneKeys(database.sql, now, generation);
      privateKeys.clear();
      const known = new Set(before.map(({ row }) => row));
      return (await listKeys(database.sql, generation, now)).filter(({ row }) => !known.has(row)).length;
    },
  };
}

interface Cache<Value> {
  get(row: number, make: () => Value): Value;
  clear(): void;
}

function createCache<Value>(): Cache<Value> {
  const values = new Map<number, Value>();
  return {
    get(row, make) {
      const known = values.get(row);
      if (known !== undefined) return known;
      if (values.size >= CACHE_MAX) values.clear();
      const made = make();
      values.set(row, made);
      return made;
    },
    clear: () => values.clear(),
  };
}
