/**
 * Signed callbacks (Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature). The outbox row is written in the deciding
 * transaction; a job delivers it, with growing delays, and keeps what could not be delivered as a dead letter.
 */
import { createHmac } from 'node:crypto';
import type { Tx } from '../platform/db/database.ts';
import { GatehouseError, isGatehouseError } from '../platform/errors.ts';
import { newId, randomHex } from '../platform/ids.ts';
import { later, type Parts } from './parts.ts';
import { callbackDelayS } from './rules.ts';
import type { CallbackBody, CallbackPage, CallbackView, ListCallbacks } from './schema.ts';
import {
  findCallback,
  findOverdue,
  insertCallback,
  listCallbacks,
  noteAttempt,
  reviveCallback,
  takeCallback,
  takeSecret,
  type Callback,
} from './store-callbacks.ts';
import type { Upload } from './store.ts';
import { toCallbackBody, toCallbackView } from './views.ts';

export const DELIVER_JOB = 'intake.deliver';
const ATTEMPT_TIMEOUT_MS = 15_000;
/** Longer than an attempt can take: after it, somebody else may try. */
const ATTEMPT_HELD_S = 60;
/** Standard Webhooks: 24 to 64 bytes. */
const SECRET_BYTES = 32;
const SECRET_PREFIX = 'whsec_';
/** The queue counts its delays by the database's clock. */
const SKEW_S = 5;
const OVERDUE_S = 120;
const OVERDUE_LIMIT = 500;

/** In the transaction that decides; nothing when the upload asked for none. */
export async function enqueueCallback(
  parts: Parts,
  tx: Tx,
  what: { readonly type: CallbackBody['type']; readonly upload: Upload; readonly receipt: string | undefined },
): Promise<void> {
  const { callbackUrl: url } = what.upload;
  if (url === undefined) return;
  const { clock, config, jobs } = parts.context;
  const at = clock.now();
  const id = newId<'CallbackId'>('msg', clock);
  const body = JSON.stringify(toCallbackBody(what.type, what.upload, { receipt: what.receipt, at }));
  await insertCallback(tx, {
    id,
    upload_id: what.upload.id,
    url,
    type: what.type,
    body,
    created_at: at,
    give_up_at: later(at, { hours: config.callbackRetryHours }),
  });
  await jobs.enqueue(DELIVER_JOB, { callbackId: id }, { tx });
}

/** `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, with the base64 part of the secret as the key. */
export function signCallback(secret: string, message: { readonly id: string; readonly timestampS: number; readonly body: string }): string {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${message.id}.${message.timestampS}.${message.body}`).digest('base64')}`;
}

/** One attempt, if the callback is due and nobody else is at it. */
export async function deliver(parts: Parts, id: string, signal: AbortSignal): Promise<void> {
  const { database, clock, jobs } = parts.context;
  const at = clock.now();
  const callback = await takeCallback(database.sql, id, { at: later(at, { s: SKEW_S }), until: later(at, { s: ATTEMPT_HELD_S }) });
  if (callback === undefined) return;
  const result = await attempt(parts, callback, signal);
  if (signal.aborted) return;
  const endedAt = clock.now();
  const outcome = rateAttempt(callback, result, endedAt);
  parts.counters.delivered(outcome.state === 'pending' ? 'failed' : outcome.state);
  await database.transact(async (tx) => {
    await noteAttempt(tx, id, outcome);
    if (outcome.next_attempt_at !== null)
      await jobs.enqueue(DELIVER_JOB, { callbackId: id }, { tx, delayS: Math.ceil((outcome.next_attempt_at.getTime() - endedAt.getTime()) / 1000) });
  });
  if (outcome.state === 'dead')
    parts.context.log.warn(
      { callbackId: id, attempts: callback.attempts, status: result.status },
      'a callback could not be delivered and went to the dead letters',
    );
}

interface AttemptResult {
  readonly status: number | null;
  /** A closed word; never what the other side said. */
  readonly fault: string | null;
}

async function attempt(parts: Parts, callback: Callback, signal: AbortSignal): Promise<AttemptResult> {
  const timestampS = Math.floor(parts.context.clock.now().getTime() / 1000);
  const signature = signCallback(await readSecret(parts), { id: callback.id, timestampS, body: callback.body });
  try {
    const reply = await parts.context.outbound.send({
      url: callback.url,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'webhook-id': callback.id, 'webhook-timestamp': String(timestampS), 'webhook-signature': signature },
      body: callback.body,
      timeoutMs: ATTEMPT_TIMEOUT_MS,
      signal,
    });
    if (reply.status >= 200 && reply.status < 300) return { status: reply.status, fault: null };
    return { status: reply.status, fault: reply.status >= 300 && reply.status < 400 ? 'redirect' : 'status' };
  } catch (error) {
    return { status: null, fault: nameFault(error) };
  }
}

function nameFault(error: unknown): string {
  if (isGatehouseError(error, 'outbound_refused')) return 'refused_address';
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  return 'no_connection';
}

/** 410 Gone: the receiver wants no more (Standard Webhooks). */
const GONE = 410;

function rateAttempt(
  callback: Callback,
  result: AttemptResult,
  at: Date,
): Pick<Callback, 'state' | 'last_status' | 'last_fault' | 'next_attempt_at' | 'ended_at'> {
  const seen = { last_status: result.status, last_fault: result.fault };
  if (result.fault === null) return { ...seen, state: 'delivered', next_attempt_at: null, ended_at: at };
  const next = later(at, { s: callbackDelayS(callback.attempts) });
  if (result.status === GONE || next > callback.give_up_at) return { ...seen, state: 'dead', next_attempt_at: null, ended_at: at };
  return { ...seen, state: 'pending', next_attempt_at: next, ended_at: null };
}

/** Callbacks whose job was lost get a new one. */
export async function recoverCallbacks(parts: Parts): Promise<void> {
  const { database, clock, jobs } = parts.context;
  for (const callbackId of await findOverdue(database.sql, later(clock.now(), { s: -OVERDUE_S }), OVERDUE_LIMIT))
    await jobs.enqueue(DELIVER_JOB, { callbackId });
}

/** The secret of this installation, for the receivers; the same on every node. */
export async function readSecret(parts: Parts): Promise<string> {
  const fresh = `${SECRET_PREFIX}${Buffer.from(randomHex(SECRET_BYTES), 'hex').toString('base64')}`;
  return takeSecret(parts.context.database.sql, fresh, parts.context.clock.now());
}

export async function pageCallbacks(parts: Parts, filter: ListCallbacks): Promise<CallbackPage> {
  const rows = await listCallbacks(parts.context.database.sql, filter);
  const items = rows.slice(0, filter.limit).map(toCallbackView);
  const next = rows.length > filter.limit ? items.at(-1)?.id : undefined;
  return { items, ...(next === undefined ? {} : { next }) };
}

/** @throws {GatehouseError} not_found, conflict */
export async function resendCallback(parts: Parts, id: string): Promise<CallbackView> {
  const { database, clock, config, jobs } = parts.context;
  const now = clock.now();
  return database.transact(async (tx) => {
    const revived = await reviveCallback(tx, id, { now, giveUpAt: later(now, { hours: config.callbackRetryHours }) });
    if (revived === undefined) {
      const found = await findCallback(tx, id);
      if (found === undefined) throw new GatehouseError('not_found', 'There is no such callback.');
      throw new GatehouseError('conflict', `This callback is ${found.state}; only dead ones can be sent again.`);
    }
    await jobs.enqueue(DELIVER_JOB, { callbackId: id }, { tx });
    return toCallbackView(revived);
  });
}
