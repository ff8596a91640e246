/** Passkeys: bound to an answer after a check, shown in place of one. */
import { isIP } from 'node:net';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import { RECHECK_POLICY, type RecheckPolicy } from '../tokens/recheck-rules.ts';
import type { OpenSession, ReuseSessions, SessionProof, TrustState } from '../tokens/schema.ts';
import { hashBytes } from '../tokens/wire.ts';
import type { DecodeCbor } from './authenticator-data.ts';
import { fromBase64Url, readChallenge, refusePasskey, verifyAssertion, verifyRegistration, type Expected } from './ceremonies.ts';
import { ALGORITHMS, exportKey, importStoredKey } from './cose-key.ts';
import { decideKeep, findAnswerRefusal, isCounterFine, outcomeOf, type Kept } from './rules.ts';
import type { Assertion, Ceremony, CreationOptions, Registration, RequestOptions } from './schema.ts';
import { advanceCounter, findPasskey, finishCeremony, insertPasskey, openChallenge, prunePasskeys, useChallenge } from './store.ts';

export interface PasskeyParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'metrics' | 'publicUrl'>;
  readonly sessions: ReuseSessions;
  readonly trust: TrustState;
  /** `decodeCbor` of @gatehouse/credential. */
  readonly decodeCbor: DecodeCbor;
  /** Default: RECHECK_POLICY. */
  readonly policy?: RecheckPolicy;
}

export interface Asked {
  readonly sessionId: string;
  readonly proof: SessionProof;
}

export interface PasskeyService {
  /** False where browsers allow none: the public address is an IP address, or http other than localhost. */
  isAvailable(): boolean;
  /** @throws {GatehouseError} `not_found`, `forbidden` when the result is not one to keep, `conflict` when it was kept already */
  beginRegistration(asked: Asked): Promise<CreationOptions>;
  /** @throws {GatehouseError} as above, and `forbidden` with a `reason` of PASSKEY_REFUSALS */
  register(asked: Asked, answer: Registration): Promise<void>;
  /** @throws {GatehouseError} `not_found` when the session is not open for whoever asks */
  beginAssertion(asked: Asked): Promise<RequestOptions>;
  /** Completes the session. @throws {GatehouseError} `not_found`, `conflict`, and `forbidden` with a `reason` of PASSKEY_REFUSALS */
  assert(asked: Asked, answer: Assertion): Promise<void>;
  prune(): Promise<number>;
}

const CHALLENGE_BYTES = 32;
const CHALLENGE_TTL_MS = 5 * 60_000;
const REMOVE_AFTER_MS = 86_400_000;
/** Shown by the device in its list of passkeys. It says no age: others may look at that list. */
const PASSKEY_NAME = 'Age check';

interface Tools extends PasskeyParts {
  readonly policy: RecheckPolicy;
  readonly count: (event: 'registered' | 'used') => void;
}

export function createPasskeyService(parts: PasskeyParts): PasskeyService {
  const counter = parts.context.metrics.counter({ name: 'gatehouse_age_passkeys_total', help: 'Passkeys of age checks, by what happened.', labels: ['event'] });
  const tools: Tools = { ...parts, policy: parts.policy ?? RECHECK_POLICY, count: (event) => counter.add({ event }) };
  return {
    isAvailable: () => findExpected(parts) !== undefined,
    beginRegistration: (asked) => beginRegistration(tools, asked),
    register: (asked, answer) => register(tools, asked, answer),
    beginAssertion: (asked) => beginAssertion(tools, asked),
    assert: (asked, answer) => assert(tools, asked, answer),
    prune: async () => prunePasskeys(parts.context.database.sql, parts.context.clock.now(), await parts.trust.generation()),
  };
}

async function beginRegistration(tools: Tools, asked: Asked): Promise<CreationOptions> {
  const { rpId } = requireExpected(tools);
  await requireKept(tools, asked);
  return {
    challenge: await issueChallenge(tools, asked, 'create'),
    rp: { id: rpId, name: rpId },
    // Random and not kept: the passkey is found by its own id.
    user: { id: Buffer.from(randomHex(CHALLENGE_BYTES), 'hex').toString('base64url'), name: PASSKEY_NAME, displayName: PASSKEY_NAME },
    pubKeyCredParams: Object.values(ALGORITHMS).map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_TTL_MS,
    attestation: 'none',
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
  };
}

async function register(tools: Tools, asked: Asked, answer: Registration): Promise<void> {
  const expected = requireExpected(tools);
  const kept = await requireKept(tools, asked);
  await takeChallenge(tools, asked, { ceremony: 'create', clientDataJson: answer.response.clientDataJSON });
  const { credentialId, key, signCount } = verifyRegistration(answer, expected, tools.decodeCbor);
  await tools.context.database.transact(async (tx) => {
    if (!(await finishCeremony(tx, { sessionId: asked.sessionId, ceremony: 'create' }))) throw refuseSecond();
    const isNew = await insertPasskey(tx, { ...kept, idHash: hashBytes(credentialId), algorithm: key.algorithm, publicKey: exportKey(key), signCount });
    if (!isNew) throw new GatehouseError('conflict', 'This passkey is known here already. Its answer was not changed.');
  });
  tools.count('registered');
}

async function beginAssertion(tools: Tools, asked: Asked): Promise<RequestOptions> {
  const { rpId } = requireExpected(tools);
  await requireOpen(tools, asked);
  return { challenge: await issueChallenge(tools, asked, 'get'), rpId, timeout: CHALLENGE_TTL_MS, userVerification: 'required', allowCredentials: [] };
}

async function assert(tools: Tools, asked: Asked, answer: Assertion): Promise<void> {
  const { context, sessions, trust, decodeCbor } = tools;
  const { database, clock } = context;
  const expected = requireExpected(tools);
  const session = await requireOpen(tools, asked);
  await takeChallenge(tools, asked, { ceremony: 'get', clientDataJson: answer.response.clientDataJSON });
  const passkey = await findPasskey(database.sql, hashBytes(fromBase64Url(answer.id)));
  if (passkey === undefined) throw refusePasskey('unknown_passkey');
  const signCount = verifyAssertion(answer, importStoredKey(passkey.algorithm, passkey.publicKey), { expected, decodeCbor });
  if (!isCounterFine(passkey.signCount, signCount)) throw refusePasskey('counter');
  const refusal = findAnswerRefusal(passkey, { session, now: clock.now(), generation: await trust.generation() });
  if (refusal !== undefined) throw refusePasskey(refusal);
  await database.transact(async (tx) => {
    if (!(await advanceCounter(tx, passkey.idHash, { from: passkey.signCount, to: signCount }))) throw refusePasskey('counter');
    await sessions.complete(asked.sessionId, outcomeOf(passkey), tx);
  });
  tools.count('used');
}

async function requireKept({ context, sessions, trust, policy }: Tools, { sessionId, proof }: Asked): Promise<Kept> {
  const verdict = await sessions.findVerdict(sessionId, proof);
  if (verdict === undefined) throw new GatehouseError('not_found', 'There is no age check here that was completed a moment ago by this browser.');
  const decided = decideKeep(verdict, { now: context.clock.now(), generation: await trust.generation(), policy });
  if ('kept' in decided) return decided.kept;
  throw new GatehouseError('forbidden', 'This result is not one to keep.', { members: { reason: decided.refusal } });
}

async function requireOpen({ sessions }: Tools, { sessionId, proof }: Asked): Promise<OpenSession> {
  const session = await sessions.findOpen(sessionId, proof, 'passkey');
  if (session === undefined) throw new GatehouseError('not_found', 'There is no open age check here that takes passkeys.');
  return session;
}

async function issueChallenge({ context }: Tools, { sessionId }: Asked, ceremony: Ceremony): Promise<string> {
  const challenge = Buffer.from(randomHex(CHALLENGE_BYTES), 'hex');
  const nowMs = context.clock.now().getTime();
  const times = { expiresAt: new Date(nowMs + CHALLENGE_TTL_MS), removeAt: new Date(nowMs + REMOVE_AFTER_MS) };
  if (!(await openChallenge(context.database.sql, { sessionId, ceremony }, { hash: hashBytes(challenge), ...times }))) throw refuseSecond();
  return challenge.toString('base64url');
}

/** Used up before anything is verified: an answer has one try. */
async function takeChallenge(tools: Tools, { sessionId }: Asked, sent: { readonly ceremony: Ceremony; readonly clientDataJson: string }): Promise<void> {
  const { ceremony, clientDataJson } = sent;
  const hash = hashBytes(readChallenge(clientDataJson, ceremony, requireExpected(tools)));
  const isOurs = await useChallenge(tools.context.database.sql, { sessionId, ceremony }, { hash, at: tools.context.clock.now() });
  if (!isOurs) throw refusePasskey('wrong_challenge');
}

function refuseSecond(): GatehouseError {
  return new GatehouseError('conflict', 'This check has left its passkey already. Another one takes another check.');
}

function findExpected({ context }: Pick<PasskeyParts, 'context'>): Expected | undefined {
  const { hostname, origin, protocol } = new URL(context.publicUrl());
  const isSecure = protocol === 'https:' || hostname === 'localhost';
  return isSecure && isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? { origin, rpId: hostname } : undefined;
}

function requireExpected(parts: Pick<PasskeyParts, 'context'>): Expected {
  const expected = findExpected(parts);
  if (expected === undefined) throw new GatehouseError('conflict', 'Passkeys need a host name and https. Set GATEHOUSE_PUBLIC_URL to such an address.');
  return expected;
}
