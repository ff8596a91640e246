/**
 * The wallet flows. An answer uses its request up before anything of it is verified: whatever the verdict, and whatever happens in between,
 * the same presentation is never looked at twice. Nothing of it is stored or logged.
 */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import { hashSecret, newSecret } from '../sessions/secrets.ts';
import type { AgeSession, AgeSessions, BrowserProof, Grade } from '../sessions/schema.ts';
import type { Gate } from './gate.ts';
import { gradeWallet, isOffered, methodOf } from './rules.ts';
import type { Begun, Channel, DcAnswer, DcRequests, Landing, Links, TrustCircle, WalletAnswer, WalletFlows } from './schema.ts';
import { hashId, newRequestId, seal, unseal } from './sealing.ts';
import * as store from './store.ts';

export interface WalletParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'config' | 'publicUrl' | 'log'>;
  readonly sessions: AgeSessions;
  /** By the id of the session's service. */
  readonly circleOf: (service: string) => TrustCircle;
  readonly gate: Gate;
  readonly counters: WalletCounters;
}

export interface WalletCounters {
  presented(channel: Channel, outcome: 'true' | 'false' | 'unknown' | 'refused' | 'declined'): void;
  /** By the verifier's own code; the person sees none of it. */
  refused(code: string): void;
}

/** What is sealed beside the protocol's own memory. */
interface Memory {
  /** Of the session: it decides whose proofs count. */
  readonly service: string;
  readonly protocol: string;
  readonly links: Links | undefined;
  readonly matchCode: string;
}

/** Reading an answer, opening the wallet's page and coming back. */
const COME_BACK_MS = 300_000;

export function createWalletFlows(parts: WalletParts): WalletFlows {
  return {
    begin: (sessionId, proof, channel) => begin(parts, { sessionId, proof }, channel),
    land: (requestId) => land(parts, requestId),
    async readRequest(requestId, walletNonce) {
      const { memory } = await open(parts, requestId);
      if (memory.links === undefined) throw gone();
      return parts.circleOf(memory.service).protocol.signRequest(memory.protocol, { walletNonce, now: parts.context.clock.now() });
    },
    answer: (requestId, answer) => answerDirectly(parts, requestId, answer),
    comeBack: (sessionId, proof, code) => comeBack(parts, { sessionId, proof }, code),
    beginDcApi: (sessionId, proof, origin) => beginDcApi(parts, { sessionId, proof }, origin),
    answerDcApi: (sessionId, proof, answer) => answerDcApi(parts, { sessionId, proof }, answer),
  };
}

interface Asking {
  readonly sessionId: string;
  readonly proof: BrowserProof;
}

/** The session of this browser, when it is open, admits this way and has attempts left. */
async function requireOffered({ sessions, context }: WalletParts, { sessionId, proof }: Asking, channel: Channel): Promise<AgeSession> {
  const session = await sessions.findOwnOpen(sessionId, proof);
  if (!isOffered(session, channel)) throw new GatehouseError('conflict', 'This way is not offered for this age check. Choose another one.');
  if (session.attempts >= context.config.ageAttempts) throw new GatehouseError('conflict', 'No further attempt with a wallet is possible. Choose another way.');
  return session;
}

async function keep(
  parts: WalletParts,
  what: { readonly id: string; readonly session: AgeSession; readonly channel: Channel; readonly memory: Memory },
): Promise<Date> {
  const { database, clock, config } = parts.context;
  const now = clock.now();
  const lastMs = Math.min(now.getTime() + config.ageRequestSeconds * 1000, what.session.expiresAt.getTime());
  const expiresAt = new Date(lastMs);
  await database.transact((tx) =>
    store.putRequest(tx, {
      id_hash: hashId(what.id),
      session_id: what.session.id,
      channel: what.channel,
      sealed: seal(what.id, JSON.stringify(what.memory)),
      created_at: now,
      expires_at: expiresAt,
    }),
  );
  return expiresAt;
}

async function begin(parts: WalletParts, asking: Asking, channel: 'redirect' | 'qr'): Promise<Begun> {
  const session = await requireOffered(parts, asking, channel);
  const base = parts.context.publicUrl();
  const id = newRequestId();
  const where = { responseUri: `${base}/age/wallet/response/${id}`, requestUri: `${base}/age/wallet/request/${id}`, now: parts.context.clock.now() };
  const { memory: protocol, links } = await parts.circleOf(session.service).protocol.openLinks(session, where);
  const matchCode = newMatchCode();
  const expiresAt = await keep(parts, { id, session, channel, memory: { service: session.service, protocol, links, matchCode } });
  return { requestId: id, links, landingUrl: `${base}/age/w/${id}`, matchCode, expiresAt };
}

/** 10 to 99: two digits that nobody reads as one. */
function newMatchCode(): string {
  return String(10 + (Number.parseInt(randomHex(4), 16) % 90));
}

function gone(): GatehouseError {
  return new GatehouseError('gone', 'This request was answered before, has expired or never was. Nothing was taken from the answer.');
}

async function open(parts: WalletParts, requestId: string): Promise<{ readonly memory: Memory; readonly session: AgeSession }> {
  const { database, clock } = parts.context;
  const row = await store.findRequest(database.sql, hashId(requestId), clock.now());
  const session = row === undefined ? undefined : await parts.sessions.findOpen(row.session_id);
  if (row === undefined || session === undefined) throw gone();
  return { memory: readMemory(requestId, row.sealed), session };
}

/** We wrote it ourselves, and GCM has shown that nobody changed it. */
function readMemory(requestId: string, sealed: Uint8Array): Memory {
  return JSON.parse(unseal(requestId, sealed)) as Memory;
}

async function land(parts: WalletParts, requestId: string): Promise<Landing> {
  const { memory, session } = await open(parts, requestId);
  if (memory.links === undefined) throw gone();
  return { matchCode: memory.matchCode, links: memory.links, serviceName: session.serviceName, question: session, session };
}

interface Taken {
  readonly sessionId: string;
  readonly channel: Channel;
  readonly memory: Memory;
}

/** Used up here, with one attempt of its session. @throws {GatehouseError} `gone` */
async function take(parts: WalletParts, requestId: string, ofSession?: string): Promise<Taken> {
  const { database, clock } = parts.context;
  const row = await database.transact(async (tx) => {
    const found = await store.takeRequest(tx, hashId(requestId), clock.now());
    if (found === undefined || (ofSession !== undefined && found.session_id !== ofSession)) return undefined;
    return (await parts.sessions.takeAttempt(found.session_id, tx)) ? found : undefined;
  });
  if (row === undefined) throw gone();
  return { sessionId: row.session_id, channel: row.channel, memory: readMemory(requestId, row.sealed) };
}

interface Found {
  readonly result: 'true' | 'false' | 'unknown';
  readonly grade: Grade;
  readonly generation: number;
}

/** The central operation: judge what was taken. @throws {GatehouseError} `age_not_accepted`, one message for every refusal */
async function judge(parts: WalletParts, taken: Taken, answer: WalletAnswer): Promise<Found> {
  const { context, counters } = parts;
  const { protocol, trust } = parts.circleOf(taken.memory.service);
  // Read before: an issuer that is muted meanwhile voids this answer.
  const generation = await trust.generation();
  try {
    const verified = await protocol.verify(taken.memory.protocol, answer, context.clock.now());
    counters.presented(taken.channel, verified.answer);
    return { result: verified.answer, grade: gradeWallet(taken.channel, await trust.isHighAssurance(verified.anchorId)), generation };
  } catch (error) {
    counters.presented(taken.channel, 'refused');
    counters.refused(nameRefusal(parts, error));
    await parts.sessions.note(taken.sessionId, 'refused');
    throw new GatehouseError('age_not_accepted', 'The proof was not accepted. Nothing of it was kept.');
  }
}

/** Anything but a refusal by name is a fault of ours: it refuses too, and the log says so, without a word of what was sent. */
function nameRefusal({ context }: WalletParts, error: unknown): string {
  const code: unknown = Reflect.get(Object(error), 'code');
  if (error instanceof Error && error.name === 'CredentialError' && typeof code === 'string') return code;
  context.log.error({ reason: error instanceof Error ? error.name : 'unknown' }, 'a proof of age could not be judged; it was refused');
  return 'internal';
}

async function answerDirectly(
  parts: WalletParts,
  requestId: string,
  answer: WalletAnswer | { readonly kind: 'declined' },
): Promise<{ redirectUri: string | undefined }> {
  return parts.gate.pass(async () => {
    const taken = await take(parts, requestId);
    if (taken.channel === 'dc_api') throw gone();
    if (answer.kind === 'declined') {
      parts.counters.presented(taken.channel, 'declined');
      await parts.sessions.note(taken.sessionId, 'declined');
      return { redirectUri: pageOf(parts, taken) };
    }
    const found = await judge(parts, taken, answer);
    if (taken.channel === 'redirect' && found.result !== 'unknown')
      return { redirectUri: await holdForBrowser(parts, taken, { ...found, result: found.result }) };
    await conclude(parts, taken, found);
    return { redirectUri: pageOf(parts, taken) };
  });
}

/** On another device there is no page of the session: its browser is elsewhere. */
function pageOf({ context }: WalletParts, { channel, sessionId }: Taken): string {
  return channel === 'qr' ? `${context.publicUrl()}/age/done` : `${context.publicUrl()}/age/${sessionId}`;
}

/**
 * On the same device the answer counts only when the browser of the session comes back with the code: a request that somebody else's session
 * made, sent on as a link, leads the person who answers it into a browser without that session.
 */
async function holdForBrowser({ context }: WalletParts, taken: Taken, found: Found & { readonly result: 'true' | 'false' }): Promise<string> {
  const code = newSecret();
  await store.insertAnswer(context.database.sql, {
    code_hash: hashSecret(code),
    session_id: taken.sessionId,
    result: found.result,
    grade: found.grade,
    generation: found.generation,
    expires_at: new Date(context.clock.now().getTime() + COME_BACK_MS),
  });
  return `${context.publicUrl()}/age/${taken.sessionId}/back?response_code=${code}`;
}

async function comeBack(parts: WalletParts, { sessionId, proof }: Asking, responseCode: string): Promise<boolean> {
  const { database, clock } = parts.context;
  const session = await parts.sessions.findOwn(sessionId, proof);
  return database.transact(async (tx) => {
    const held = await store.takeAnswer(tx, { codeHash: hashSecret(responseCode), sessionId: session.id, now: clock.now() });
    if (held === undefined) return false;
    // The table's column was written from a grade.
    const grade = held.grade as Grade;
    return parts.sessions.complete(session.id, { result: held.result, grade, method: 'wallet', kind: 'verified', generation: held.generation }, tx);
  });
}

/** An answer that says nothing about this age leaves the session open for another way. */
async function conclude(parts: WalletParts, taken: Taken, { result, grade, generation }: Found): Promise<'completed' | 'inconclusive'> {
  if (result === 'unknown') {
    await parts.sessions.note(taken.sessionId, 'inconclusive');
    return 'inconclusive';
  }
  const outcome = { result, grade, method: methodOf(taken.channel), kind: 'verified', generation } as const;
  if (await parts.sessions.complete(taken.sessionId, outcome)) return 'completed';
  throw new GatehouseError('gone', 'This age check ended meanwhile. Go back to the service.');
}

async function beginDcApi(parts: WalletParts, asking: Asking, origin: string): Promise<DcRequests> {
  const session = await requireOffered(parts, asking, 'dc_api');
  const id = newRequestId();
  const { memory: protocol, requests } = await parts.circleOf(session.service).protocol.openDcApi(session, { origin, now: parts.context.clock.now() });
  const expiresAt = await keep(parts, { id, session, channel: 'dc_api', memory: { service: session.service, protocol, links: undefined, matchCode: '' } });
  return { request: id, expiresAt: expiresAt.toISOString(), requests: [...requests] };
}

async function answerDcApi(parts: WalletParts, { sessionId, proof }: Asking, answer: DcAnswer): Promise<'completed' | 'inconclusive'> {
  const session = await parts.sessions.findOwnOpen(sessionId, proof);
  return parts.gate.pass(async () => {
    const taken = await take(parts, answer.request, session.id);
    if (taken.channel !== 'dc_api') throw gone();
    const found = await judge(parts, taken, { kind: 'dc_api', protocol: answer.protocol, data: answer.data });
    return conclude(parts, taken, found);
  });
}
