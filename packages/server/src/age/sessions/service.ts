/** Age sessions: opened by a service, bound to the first browser, completed once. */
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { Waiters } from '../../platform/waiters.ts';
import type { Announcer } from './announce.ts';
import { addReturn, isReturnAllowed, judgeOutcome, methodKindOf, tellsUnder } from './rules.ts';
import {
  DEMO_SERVICE,
  type AgeOutcome,
  type AgeQuestion,
  type AgeResult,
  type AgeSession,
  type AgeSessions,
  type BrowserProof,
  type BrowserView,
  type Entry,
  type OpenedSession,
  type OpenSessionInput,
  type SessionView,
  type WatchOptions,
} from './schema.ts';
import { browserCookies, hashSecret, isSecretOf, newClientToken, newSecret, readBrowserSecret } from './secrets.ts';
import { findService } from './store-services.ts';
import * as store from './store.ts';

const MINUTE_MS = 60_000;

export interface SessionParts {
  readonly context: AppContext;
  readonly waiters: Waiters;
  readonly announcer: Announcer;
  readonly sign: (result: AgeResult) => Promise<string>;
  /** Told of each new question, so that what takes time (keys for tokens) is there before it is needed. */
  readonly prepare: (question: AgeQuestion) => Promise<void>;
  readonly count: (event: 'opened' | 'cancelled' | 'completed' | 'other_browser') => void;
}

export function createAgeSessions(parts: SessionParts): AgeSessions {
  const { context, waiters } = parts;
  const { database, clock, config } = context;
  return {
    open: (input, options) => open(parts, input, options),
    read: async (id, clientToken) => toView(parts, await requireClient(parts, id, clientToken)),
    async cancel(id, clientToken) {
      await requireClient(parts, id, clientToken);
      const ended = await store.endSession(database.sql, id, { state: 'cancelled', now: clock.now() });
      if (ended !== undefined) parts.count('cancelled');
      waiters.notify(id);
    },
    async watch(id, options) {
      const session = await watchFor(parts, id, options);
      return { view: await toView(parts, session), version: toVersion(session) };
    },
    watchAsBrowser: async (id, options) => toBrowserView(await watchFor(parts, id, options), config.ageAttempts),
    enter: (id, proof, options) => enter(parts, { id, proof }, options),
    findOwn: (id, proof) => findOwn(parts, id, proof),
    async findOwnOpen(id, proof) {
      const session = await findOwn(parts, id, proof);
      if (session.state === 'open') return session;
      throw new GatehouseError('gone', `This age check is ${session.state}. Go back to the service.`);
    },
    async findOpen(id) {
      const found = await store.findSession(database.sql, id, clock.now());
      return found?.session.state === 'open' ? found.session : undefined;
    },
    takeAttempt: (id, tx) => store.countAttempt(tx, id, { max: config.ageAttempts, now: clock.now() }),
    async note(id, notice) {
      await store.noteNotice(database.sql, id, { notice, now: clock.now() });
      waiters.notify(id);
    },
    setLocale: (id, locale) => store.updateLocale(database.sql, id, locale),
    async complete(id, outcome, tx) {
      const isFirst = tx === undefined ? await database.transact((own) => complete(parts, own, { id, outcome })) : await complete(parts, tx, { id, outcome });
      if (isFirst) parts.count('completed');
      waiters.notify(id);
      return isFirst;
    },
    findResult: (id) => store.findResult(database.sql, id, clock.now()),
    returnAddress: (id, proof) => returnAddress(parts, id, proof),
  };
}

async function open(parts: SessionParts, input: OpenSessionInput, options: { readonly returnsHere?: true } = {}): Promise<OpenedSession> {
  const { database, clock, config, outbound, publicUrl } = parts.context;
  const service = await findService(database.sql, input.service);
  if (service === undefined) throw refuseField('/service', 'there is no such service; `gatehouse age service list` lists them');
  const origins = options.returnsHere === true ? [new URL(publicUrl()).origin] : service.return_origins;
  if (!isReturnAllowed(input.returnUrl, origins)) throw refuseField('/returnUrl', 'it is not on an origin that this service registered');
  const callbackUrl = input.callbackUrl ?? service.callback_url;
  if (callbackUrl !== null) outbound.checkUrl(callbackUrl);
  // No token ever comes of the demonstration.
  // Not waited for: a new key takes a while on a busy machine, and nobody needs it before the check is over.
  if (service.id !== DEMO_SERVICE) void parts.prepare({ threshold: input.threshold, direction: input.direction });
  const id = newId<'AgeSessionId'>('age', clock);
  const clientToken = newClientToken();
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + config.ageSessionMinutes * MINUTE_MS);
  await store.insertSession(database.sql, {
    id,
    service: service.id,
    threshold: input.threshold,
    direction: input.direction,
    min_grade: input.minGrade,
    methods: input.methods ?? null,
    locale: input.locale,
    return_url: input.returnUrl,
    // What returns to a part of ours is led on from there.
    under_url: options.returnsHere === true ? null : service.under_url,
    nonce: input.nonce ?? null,
    callback_url: callbackUrl,
    state: 'open',
    notice: null,
    client_hash: hashSecret(clientToken),
    browser_hash: null,
    attempts: 0,
    version: 1,
    created_at: now,
    expires_at: expiresAt,
    ended_at: null,
  });
  parts.count('opened');
  return { id, url: `${publicUrl()}/age/${id}`, clientToken, expiresAt: expiresAt.toISOString() };
}

function refuseField(at: string, message: string): GatehouseError {
  return new GatehouseError('invalid_request', 'The age check was not opened.', { errors: [{ at, message }] });
}

/** One answer for unknown ids and wrong tokens. */
function notFound(): GatehouseError {
  return new GatehouseError('not_found', 'There is no such age check for these credentials. It may have ended some time ago.');
}

async function requireClient(parts: SessionParts, id: string, clientToken: string | undefined): Promise<AgeSession> {
  const { database, clock } = parts.context;
  const found = await store.findSession(database.sql, id, clock.now());
  if (found === undefined || !isSecretOf(clientToken, found.clientHash)) throw notFound();
  return found.session;
}

async function findOwn(parts: SessionParts, id: string, proof: BrowserProof): Promise<AgeSession> {
  const { database, clock } = parts.context;
  const found = await store.findSession(database.sql, id, clock.now());
  if (found === undefined || !isSecretOf(readBrowserSecret(id, proof), found.browserHash)) throw notFound();
  return found.session;
}

interface Entering {
  readonly id: string;
  readonly proof: BrowserProof;
}

async function enter(parts: SessionParts, { id, proof }: Entering, options: { readonly isSecure: boolean; readonly mayBind: boolean }): Promise<Entry> {
  const { database, clock, config } = parts.context;
  const now = clock.now();
  const found = await store.findSession(database.sql, id, now);
  if (found === undefined) throw notFound();
  const { session, browserHash } = found;
  if (isSecretOf(readBrowserSecret(id, proof), browserHash)) return { kind: 'own', session };
  if (browserHash === null && session.state !== 'open') throw new GatehouseError('gone', `This age check is ${session.state}. Go back to the service.`);
  const secret = newSecret();
  const isBound = options.mayBind && browserHash === null && (await store.bindBrowser(database.sql, id, { hash: hashSecret(secret), now }));
  if (!isBound) {
    parts.count('other_browser');
    return { kind: 'other_browser' };
  }
  // As long as the session can be open or its result read.
  const maxAgeS = 60 * (config.ageSessionMinutes + config.ageResultMinutes);
  return { kind: 'bound', session, cookies: browserCookies(id, secret, { isSecure: options.isSecure, maxAgeS }) };
}

interface Completing {
  readonly id: string;
  readonly outcome: AgeOutcome;
}

/** Session, result, outbox and event: all or nothing. */
async function complete(parts: SessionParts, tx: Tx, { id, outcome }: Completing): Promise<boolean> {
  const { clock, config, events } = parts.context;
  const now = clock.now();
  const ended = await store.endSession(tx, id, { state: 'completed', now });
  if (ended === undefined) return false;
  const { service, threshold, direction } = ended;
  const { result, grade } = judgeOutcome({ direction, minGrade: ended.min_grade as AgeSession['minGrade'] }, outcome);
  const expiresAt = new Date(now.getTime() + config.ageResultMinutes * MINUTE_MS);
  await store.insertResult(tx, {
    session_id: id,
    service,
    threshold,
    direction,
    result,
    grade,
    method: outcome.method,
    kind: outcome.kind,
    generation: outcome.generation ?? null,
    completed_at: now,
    expires_at: expiresAt,
  });
  if (ended.callback_url !== null) await parts.announcer.enqueue(tx, { sessionId: id, url: ended.callback_url, giveUpAt: expiresAt });
  await events.emit('age.result', { service, threshold, direction, result, grade, methodKind: methodKindOf(outcome.method) }, tx);
  return true;
}

async function watchFor(parts: SessionParts, id: string, { sinceVersion, waitMs, signal }: WatchOptions): Promise<AgeSession> {
  const { database, clock } = parts.context;
  const look = async (): Promise<AgeSession> => {
    const found = await store.findSession(database.sql, id, clock.now());
    if (found === undefined) throw notFound();
    return found.session;
  };
  return parts.waiters.watch(id, look, { waitMs, signal, isDone: (session) => toVersion(session) > sinceVersion });
}

/** An open session expires by itself, without a change of its row; the job that notes it later makes no further version. */
function toVersion({ state, version, endedAt }: AgeSession): number {
  return state === 'expired' && endedAt === undefined ? version + 1 : version;
}

async function toView(parts: SessionParts, session: AgeSession): Promise<SessionView> {
  const { database, clock } = parts.context;
  const result = session.state === 'completed' ? await store.findResult(database.sql, session.id, clock.now()) : undefined;
  return {
    id: session.id,
    state: session.state,
    service: session.service,
    threshold: session.threshold,
    direction: session.direction,
    createdAt: session.createdAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    ...(result === undefined ? {} : { result: await parts.sign(result) }),
  };
}

function toBrowserView(session: AgeSession, attemptsMax: number): BrowserView {
  return {
    id: session.id,
    state: session.state,
    notice: session.notice,
    attemptsLeft: Math.max(0, attemptsMax - session.attempts),
    version: toVersion(session),
  };
}

async function returnAddress(parts: SessionParts, id: string, proof: BrowserProof): Promise<string> {
  const { database, clock } = parts.context;
  const session = await findOwn(parts, id, proof);
  const found = session.underUrl === undefined ? undefined : await store.findResult(database.sql, id, clock.now());
  const isUnder = found !== undefined && tellsUnder(found);
  const code = newSecret();
  await store.noteReturn(database.sql, id, hashSecret(code));
  return addReturn((isUnder ? session.underUrl : undefined) ?? session.returnUrl, { sessionId: id, code });
}
