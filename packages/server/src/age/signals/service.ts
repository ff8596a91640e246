/** Signals of devices: taken once, graded low, noted as hints; they rarely end a check, and speak against what contradicts them. */
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError, isGatehouseError } from '../../platform/errors.ts';
import { admitsMethod } from '../sessions/rules.ts';
import type { AgeOutcome, AgeSession, AgeSessions } from '../sessions/schema.ts';
import { hashSecret, newSecret } from '../sessions/secrets.ts';
import { answerOf, gradeOf, mayConclude, sideOf, weigh } from './rules.ts';
import type { Signal, SignalNonce, SignalReply, SignalService } from './schema.ts';
import * as store from './store.ts';

export interface SignalParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'config' | 'metrics'>;
  readonly sessions: AgeSessions;
}

/** For an app that asks its platform, which may ask a person. */
const NONCE_MS = 300_000;
const METHOD = 'signal';
const REASON = 'signal_conflict';

interface Counters {
  taken(source: Signal['source'], outcome: 'noted' | 'completed' | 'unknown'): void;
  contradicted(outcome: 'counted' | 'held_back'): void;
}

export function createSignalService(parts: SignalParts): SignalService {
  const counters = createCounters(parts.context);
  return {
    issueNonce: (sessionId, clientToken) => issueNonce(parts, sessionId, clientToken),
    submit: (signal) => submit(parts, signal, counters),
    guard: (sessions) => ({ ...sessions, complete: (id, outcome, tx) => completeGuarded(parts, { sessions, counters }, { id, outcome, tx }) }),
  };
}

function createCounters({ metrics }: SignalParts['context']): Counters {
  const signals = metrics.counter({ name: 'gatehouse_age_signals_total', help: 'Signals of devices, by platform and outcome.', labels: ['source', 'outcome'] });
  const conflicts = metrics.counter({
    name: 'gatehouse_age_signal_conflicts_total',
    help: 'Answers that contradict a signal of the device, by what became of them.',
    labels: ['outcome'],
  });
  return { taken: (source, outcome) => signals.add({ source, outcome }), contradicted: (outcome) => conflicts.add({ outcome }) };
}

async function issueNonce({ context, sessions }: SignalParts, sessionId: string, clientToken: string | undefined): Promise<SignalNonce> {
  const { database, clock } = context;
  const { state, expiresAt: end } = await sessions.read(sessionId, clientToken);
  if (state !== 'open') throw new GatehouseError('gone', `This age check is ${state}. Open another one.`);
  const nonce = newSecret();
  const expiresAt = new Date(Math.min(clock.now().getTime() + NONCE_MS, Date.parse(end)));
  await store.putNonce(database.sql, { session_id: sessionId, nonce_hash: hashSecret(nonce), expires_at: expiresAt });
  return { nonce, expiresAt: expiresAt.toISOString() };
}

/** The nonce is used up before anything of the signal is weighed. */
async function submit(parts: SignalParts, signal: Signal, counters: Counters): Promise<SignalReply> {
  const { database, clock } = parts.context;
  const hash = hashSecret(signal.nonce);
  const sessionId = await store.findNonce(database.sql, hash, clock.now());
  const isMeant = signal.session === undefined || signal.session === sessionId;
  const session = sessionId === undefined || !isMeant ? undefined : await parts.sessions.findOpen(sessionId);
  if (session === undefined) throw gone();
  const reply = await database.transact(async (tx) => {
    if (!(await store.takeNonce(tx, hash))) throw gone();
    return take(parts, { session, signal }, tx);
  });
  counters.taken(signal.source, reply.answer === 'unknown' ? 'unknown' : reply.status);
  return reply;
}

function gone(): GatehouseError {
  return new GatehouseError('gone', 'This nonce was used before, has expired or is for another age check. Nothing was taken from the signal.');
}

interface Taking {
  readonly session: AgeSession;
  readonly signal: Signal;
}

async function take({ sessions }: SignalParts, { session, signal }: Taking, tx: Tx): Promise<SignalReply> {
  const side = sideOf(signal.range, session.threshold);
  const answer = answerOf(side, session.direction);
  const grade = gradeOf(signal);
  if (answer === 'unknown') return { status: 'noted', answer, grade };
  await store.noteSignal(tx, session.id, { direction: session.direction, saysOver: side === 'over', saysUnder: side === 'under' });
  // Two signals that say different things end nothing that opens something, whatever the setting for other ways is.
  const isClear = weigh(await store.findHint(tx, session.id), { result: answer, kind: 'declared' }) !== 'opens_against_signal';
  const isEnd = signal.conclude && isClear && admitsMethod(session.methods, METHOD) && mayConclude(session, { answer, grade });
  const isOurs = isEnd && (await sessions.complete(session.id, { result: answer, grade, method: METHOD, kind: 'declared' }, tx));
  return { status: isOurs ? 'completed' : 'noted', answer, grade };
}

interface Guarded {
  readonly sessions: AgeSessions;
  readonly counters: Counters;
}

interface Completing {
  readonly id: string;
  readonly outcome: AgeOutcome;
  readonly tx: Tx | undefined;
}

async function completeGuarded({ context }: SignalParts, { sessions, counters }: Guarded, { id, outcome, tx }: Completing): Promise<boolean> {
  const weight = weigh(await store.findHint(tx ?? context.database.sql, id), outcome);
  if (weight === 'opens_against_signal' && context.config.ageSignalConflict === 'verify') {
    counters.contradicted('held_back');
    throw new GatehouseError('conflict', 'The device says otherwise about this age. Choose a way that verifies it; nothing was decided.', {
      members: { reason: REASON },
    });
  }
  const isFirst = await sessions.complete(id, outcome, tx);
  if (isFirst && weight !== 'agrees') counters.contradicted('counted');
  return isFirst;
}

/** An outcome that was not taken because a signal speaks against it: the check goes on, in another way. */
export function isHeldBack(error: unknown): boolean {
  return isGatehouseError(error, 'conflict') && error.extras.members?.['reason'] === REASON;
}
