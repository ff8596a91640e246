/**
 * Signed callbacks (Standard Webhooks 1.0: webhook-id, webhook-timestamp, webhook-signature). The outbox row is written in the deciding
 * transaction; a job delivers it, with growing delays, and keeps what could not be delivered as a dead letter.
 */
import type { Tx } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { ATTEMPT_HELD_S, attemptCallback, newWebhookSecret, rateAttempt } from '../platform/webhooks.ts';
import { later, type Parts } from './parts.ts';
import type { CallbackBody, CallbackPage, CallbackView, ListCallbacks } from './schema.ts';
import { findCallback, findOverdue, insertCallback, listCallbacks, noteAttempt, reviveCallback, takeCallback, takeSecret } from './store-callbacks.ts';
import type { Upload } from './store.ts';
import { toCallbackBody, toCallbackView } from './views.ts';

export const DELIVER_JOB = 'intake.deliver';
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

/** One attempt, if the callback is due and nobody else is at it. */
export async function deliver(parts: Parts, id: string, signal: AbortSignal): Promise<void> {
  const { database, clock, jobs, outbound } = parts.context;
  const at = clock.now();
  const callback = await takeCallback(database.sql, id, { at: later(at, { s: SKEW_S }), until: later(at, { s: ATTEMPT_HELD_S }) });
  if (callback === undefined) return;
  const result = await attemptCallback(callback, { outbound, clock, secret: await readSecret(parts), signal });
  if (signal.aborted) return;
  const endedAt = clock.now();
  const { state, nextAttemptAt, ...rating } = rateAttempt({ attempts: callback.attempts, giveUpAt: callback.give_up_at }, result, endedAt);
  parts.counters.delivered(state === 'pending' ? 'failed' : state);
  const outcome = { state, next_attempt_at: nextAttemptAt, ended_at: rating.endedAt, last_status: result.status, last_fault: result.fault };
  await database.transact(async (tx) => {
    await noteAttempt(tx, id, outcome);
    if (nextAttemptAt !== null)
      await jobs.enqueue(DELIVER_JOB, { callbackId: id }, { tx, delayS: Math.ceil((nextAttemptAt.getTime() - endedAt.getTime()) / 1000) });
  });
  if (state === 'dead')
    parts.context.log.warn(
      { callbackId: id, attempts: callback.attempts, status: result.status },
      'a callback could not be delivered and went to the dead letters',
    );
}

/** Callbacks whose job was lost get a new one. */
export async function recoverCallbacks(parts: Parts): Promise<void> {
  const { database, clock, jobs } = parts.context;
  for (const callbackId of await findOverdue(database.sql, later(clock.now(), { s: -OVERDUE_S }), OVERDUE_LIMIT))
    await jobs.enqueue(DELIVER_JOB, { callbackId });
}

/** The secret of this installation, for the receivers; the same on every node. */
export async function readSecret(parts: Parts): Promise<string> {
  return takeSecret(parts.context.database.sql, newWebhookSecret(), parts.context.clock.now());
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
