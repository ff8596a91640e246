/**
 * Being a witness (C2SP tlog-witness 1.0.0): cosigns checkpoints of logs that the operator added, each only when it contains all that was cosigned
 * before. What is cosigned is in the database before the cosignature leaves, under a lock of the log's own row, so that no two requests together get
 * two histories signed.
 */
import {
  cosign,
  formatVerifierKey,
  judgeCheckpoint,
  parseAddCheckpoint,
  parseVerifierKey,
  peekCheckpoint,
  TlogError,
  type AddCheckpoint,
} from '@gatehouse/tlog';
import type { SignerKey, VerifierKey, WitnessVerdict } from '@gatehouse/tlog';
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import { keepMade } from '../platform/keep-made.ts';
import type { NamedKey } from './signer.ts';
import * as store from './store-witness.ts';
import type { AddWitnessedLog, WitnessAnswer, WitnessedLog, WitnessView } from './witness-schema.ts';

export interface Witness {
  /** The body of an add-checkpoint request. Nothing is kept of what is not signed by a known log. @throws {GatehouseError} `rate_limited` */
  addCheckpoint(body: string): Promise<WitnessAnswer>;
  describe(): Promise<WitnessView>;
  /** @throws {GatehouseError} `invalid_request`, `conflict` */
  add(log: AddWitnessedLog, actor: string): Promise<WitnessedLog>;
  /** The key, if there is one: none is made for asking. */
  ownKey(): Promise<readonly SignerKey[]>;
  /** It is cosigned no more. What was cosigned stays remembered. @throws {GatehouseError} `not_found` */
  remove(origin: string, actor: string): Promise<void>;
}

export interface WitnessParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'events'>;
  /** The key of this installation's own log. */
  readonly logKey: () => Promise<VerifierKey>;
  /** Made when it is first asked for. */
  readonly openKey: () => Promise<NamedKey>;
  readonly name: () => Promise<string>;
}

/** Checkpoints of one log in a minute, on one node. A log asks once a minute. */
const PER_MINUTE = 60;

export function createWitness(parts: WitnessParts): Witness {
  const { database } = parts.context;
  // A file that is put right needs no restart.
  const openKey = keepMade(parts.openKey);
  const key = async (): Promise<SignerKey> => (await openKey())(await parts.name());
  const mayPass = createBound(parts);
  return {
    addCheckpoint: (body) => addCheckpoint(body, { ...parts, key, mayPass }),
    async describe() {
      const logs = await store.listWitnessed(database.sql);
      return { name: await parts.name(), verifierKey: logs.length === 0 ? null : formatVerifierKey(await key()), logs: logs.map(toView) };
    },
    async add(input, actor) {
      await key();
      return toView(await add(parts, input, actor));
    },
    ownKey: async () => ((await store.listWitnessed(database.sql)).length === 0 ? [] : [await key()]),
    async remove(origin, actor) {
      await database.transact(async (tx) => {
        const isRemoved = await store.removeWitnessed(tx, origin, parts.context.clock.now());
        if (!isRemoved) throw new GatehouseError('not_found', 'No log of this name is witnessed here.');
        await parts.context.events.emit('log.witness_changed', { change: 'witnessed.removed', subject: origin, actor }, tx);
      });
    },
  };
}

interface Desk extends WitnessParts {
  readonly key: () => Promise<SignerKey>;
  readonly mayPass: (origin: string) => boolean;
}

async function addCheckpoint(body: string, desk: Desk): Promise<WitnessAnswer> {
  const read = readRequest(body);
  if (read === undefined) return { kind: 'refused', status: 400, reason: 'this is not a request to a witness' };
  const { request, origin } = read;
  // Most of what strangers send ends here, without a lock.
  const early = await judge(request, await store.findWitnessed(desk.context.database.sql, origin));
  if (early.kind === 'refused' && early.status !== 422) return early;
  if (!desk.mayPass(origin)) throw new GatehouseError('rate_limited', `At most ${PER_MINUTE} checkpoints of one log a minute.`, { retryAfterS: 60 });
  const answer = await desk.context.database.transact((tx) => decide(tx, read, desk));
  if (answer !== undefined) return answer;
  const timeS = Math.floor(desk.context.clock.now().getTime() / 1000);
  return { kind: 'cosigned', lines: await cosign(request.checkpoint, await desk.key(), timeS) };
}

interface ReadRequest {
  readonly request: AddCheckpoint;
  readonly origin: string;
}

function readRequest(body: string): ReadRequest | undefined {
  try {
    const request = parseAddCheckpoint(body);
    return { request, origin: peekCheckpoint(request.checkpoint).origin };
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}

/** @returns undefined when it may be cosigned: then it is remembered already */
async function decide(tx: Tx, { request, origin }: ReadRequest, { context }: Desk): Promise<WitnessAnswer | undefined> {
  const row = await store.lockWitnessed(tx, origin);
  const verdict = await judge(request, row);
  const [note, at] = [request.checkpoint, context.clock.now()];
  if (verdict.kind === 'consistent') {
    await store.writeCosigned(tx, { origin, ...verdict.tree, note, at });
    return undefined;
  }
  if (verdict.kind === 'refused') {
    if (verdict.status === 422) await store.writeRefused(tx, { origin, note, at, why: 'proof' });
    return verdict;
  }
  // Two roots for one size, both signed by the log.
  if (verdict.size === undefined) await store.writeRefused(tx, { origin, note, at, why: 'fork' });
  return { kind: 'conflict', size: verdict.size ?? row?.size ?? 0 };
}

function judge(request: AddCheckpoint, row: store.WitnessedRow | undefined): Promise<WitnessVerdict> {
  const isKnown = row !== undefined && row.removedAt === null;
  return judgeCheckpoint(request, { known: () => (isKnown ? [parseVerifierKey(row.verifierKey)] : undefined), last: () => row });
}

/** Counted only once the log's signature was checked: nobody else can use up its share. */
function createBound({ context: { clock } }: WitnessParts): (origin: string) => boolean {
  const counts = new Map<string, { minute: number; count: number }>();
  return (origin) => {
    const minute = Math.floor(clock.monotonicMs() / 60_000);
    const before = counts.get(origin);
    const count = before?.minute === minute ? before.count + 1 : 1;
    counts.set(origin, { minute, count });
    return count <= PER_MINUTE;
  };
}

async function add({ context, logKey }: WitnessParts, input: AddWitnessedLog, actor: string): Promise<store.WitnessedRow> {
  const key = readKey(input.verifierKey, 'ed25519');
  const origin = input.origin ?? key.name;
  if (Buffer.from((await logKey()).publicKey).equals(key.publicKey))
    throw new GatehouseError('conflict', 'That is the key of this log itself. A witness is somebody else. Nothing was added.');
  return context.database.transact(async (tx) => {
    const isAdded = await store.insertWitnessed(tx, { origin, verifierKey: formatVerifierKey(key), at: context.clock.now(), actor });
    if (!isAdded)
      throw new GatehouseError(
        'conflict',
        'A log of this name is witnessed here already. To change its key, remove it first; what was cosigned stays remembered.',
      );
    await context.events.emit('log.witness_changed', { change: 'witnessed.added', subject: origin, actor }, tx);
    const row = await store.findWitnessed(tx, origin);
    if (row === undefined) throw new Error('the row of a witnessed log is missing');
    return row;
  });
}

/** @throws {GatehouseError} `invalid_request` */
export function readKey(text: string, use: VerifierKey['use']): VerifierKey {
  let key: VerifierKey | undefined;
  try {
    key = parseVerifierKey(text.trim());
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
  }
  if (key?.use === use) return key;
  const wanted = use === 'ed25519' ? 'the key of a log (type 1)' : 'the key of a witness (type 4, for cosignatures)';
  throw new GatehouseError('invalid_request', `The verifier key cannot be used: it must be ${wanted}, as name+id+key. Nothing was added.`, {
    errors: [{ at: '/verifierKey', message: `must be ${wanted}` }],
  });
}

function toView({ origin, verifierKey, addedAt, size, cosignedAt, refusedNote: note, refusedAt, refusedWhy: why }: store.WitnessedRow): WitnessedLog {
  const refused = why === null || refusedAt === null || note === null ? null : { why, at: refusedAt.toISOString(), note };
  return { origin, verifierKey, addedAt: addedAt.toISOString(), size, cosignedAt: cosignedAt?.toISOString() ?? null, refused };
}
