/** The signed callback `age.session.completed`: delivered with growing delays for as long as the result can be used, then no more. */
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { newId } from '../../platform/ids.ts';
import { ATTEMPT_HELD_S, attemptCallback, rateAttempt } from '../../platform/webhooks.ts';
import type { AgeResult } from './schema.ts';
import { findOverdue, insertCallback, noteAttempt, takeCallback } from './store-callbacks.ts';
import { findResult } from './store.ts';

export const DELIVER_JOB = 'age.deliver';
/** The queue counts its delays by the database's clock. */
const SKEW_S = 5;
const OVERDUE_S = 60;
const OVERDUE_LIMIT = 200;

export interface AnnounceParts {
  readonly context: AppContext;
  readonly sign: (result: AgeResult) => Promise<string>;
  /** The secret of this installation, the same for every domain's callbacks. */
  readonly secret: () => Promise<string>;
  readonly count: (outcome: 'delivered' | 'failed' | 'dead') => void;
}

export interface Announcer {
  enqueue(tx: Tx, what: { readonly sessionId: string; readonly url: string; readonly giveUpAt: Date }): Promise<void>;
  deliver(callbackId: string, signal: AbortSignal): Promise<void>;
  recover(): Promise<void>;
}

export function createAnnouncer(parts: AnnounceParts): Announcer {
  const { clock, jobs, database } = parts.context;
  return {
    async enqueue(tx, { sessionId, url, giveUpAt }) {
      const id = newId<'CallbackId'>('msg', clock);
      await insertCallback(tx, { id, session_id: sessionId, url, created_at: clock.now(), give_up_at: giveUpAt });
      await jobs.enqueue(DELIVER_JOB, { callbackId: id }, { tx });
    },
    deliver: (callbackId, signal) => deliver(parts, callbackId, signal),
    async recover() {
      for (const callbackId of await findOverdue(database.sql, addS(clock.now(), -OVERDUE_S), OVERDUE_LIMIT)) await jobs.enqueue(DELIVER_JOB, { callbackId });
    },
  };
}

/** One attempt, if the callback is due and nobody else is at it. */
async function deliver(parts: AnnounceParts, id: string, signal: AbortSignal): Promise<void> {
  const { database, clock, jobs, outbound } = parts.context;
  const at = clock.now();
  const callback = await takeCallback(database.sql, id, { at: addS(at, SKEW_S), until: addS(at, ATTEMPT_HELD_S) });
  if (callback === undefined) return;
  const result = await findResult(database.sql, callback.session_id, at);
  if (result === undefined) {
    parts.count('dead');
    return noteAttempt(database.sql, id, { state: 'dead', next_attempt_at: null });
  }
  const body = JSON.stringify({
    type: 'age.session.completed',
    timestamp: result.completedAt.toISOString(),
    data: { id: result.sessionId, service: result.service, result: await parts.sign(result) },
  });
  const answer = await attemptCallback({ id, url: callback.url, body }, { outbound, clock, secret: await parts.secret(), signal });
  if (signal.aborted) return;
  const endedAt = clock.now();
  const { state, nextAttemptAt } = rateAttempt({ attempts: callback.attempts, giveUpAt: callback.give_up_at }, answer, endedAt);
  parts.count(state === 'pending' ? 'failed' : state);
  await database.transact(async (tx) => {
    await noteAttempt(tx, id, { state, next_attempt_at: nextAttemptAt });
    if (nextAttemptAt !== null)
      await jobs.enqueue(DELIVER_JOB, { callbackId: id }, { tx, delayS: Math.ceil((nextAttemptAt.getTime() - endedAt.getTime()) / 1000) });
  });
}

function addS(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}
