/** Tokens: handed out after a check, taken in place of one. What the server sees at each step is in docs/guide/age-reuse.md. */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { isSignedBy, signBlinded } from './blind-rsa.ts';
import { createKeyRing, type KeyRing, type KeyRingParts } from './key-ring.ts';
import type { KeyVault } from './key-vault.ts';
import { RECHECK_POLICY, type RecheckPolicy } from './recheck-rules.ts';
import { bandsFrom, decideIssue, findKeyRefusal, isOffered, outcomeOf, TOKENS_PER_CHECK, type IssueRefusal } from './rules.ts';
import {
  BANDS,
  type Band,
  type Directory,
  type ReuseSessions,
  type SessionProof,
  type TokenKey,
  type TokenQuestion,
  type TokenRefusal,
  type TrustState,
  type VerdictForToken,
} from './schema.ts';
import { countIssued, openAllowance, pruneAllowances, spend, takeAllowance, type StoredKey } from './store.ts';
import { decodeRequest, decodeToken, encodeClassChallenge, hashBytes, toPaddedBase64Url, type Token } from './wire.ts';

export interface TokenParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'events' | 'metrics' | 'publicUrl'>;
  readonly vault: KeyVault;
  readonly sessions: ReuseSessions;
  readonly trust: TrustState;
  /** Default: RECHECK_POLICY. */
  readonly policy?: RecheckPolicy;
  /** Only for tests: see KeyRingParts. */
  readonly generateKey?: KeyRingParts['generateKey'];
}

export interface Asked {
  readonly sessionId: string;
  readonly proof: SessionProof;
}

export type Redeemed = { readonly kind: 'completed' } | { readonly kind: 'refused'; readonly reason: TokenRefusal };

export interface TokenSet {
  readonly issued: number;
  readonly isIssuing: boolean;
}

export interface TokenService {
  /** Makes the keys of a question when they are missing, so that the directory holds them. Called when a session is opened: a key takes its time. */
  prepare(question: TokenQuestion): Promise<void>;
  /** The band that this result earns, for a page that offers tokens; undefined when it earns none. */
  offerFor(verdict: VerdictForToken): Promise<Band | undefined>;
  /**
   * One blind signature, at most TOKENS_PER_CHECK for a result.
   * @param request a TokenRequest of RFC 9578, section 6.1
   * @throws {GatehouseError} `invalid_request`, `not_found`, `forbidden`, `conflict`
   */
  issue(asked: Asked, request: Uint8Array): Promise<Buffer>;
  /**
   * Uses up the token and completes the session with it, both or neither.
   * @throws {GatehouseError} `not_found` when the session is not open for whoever asks, `conflict` when it was completed meanwhile
   */
  redeem(asked: Asked, token: Uint8Array): Promise<Redeemed>;
  /** The challenges of a session (RFC 9577), the best first; none when it asks for more than a token can say, or when nobody has tokens yet. */
  challenge(asked: Asked): Promise<readonly { readonly challenge: Buffer; readonly tokenKey: Uint8Array }[]>;
  directory(): Promise<Directory>;
  summarise(): Promise<readonly TokenSet[]>;
  rotate(signal: AbortSignal): Promise<number>;
  prune(): Promise<void>;
}

const ALLOWANCE_DAYS = 1;
const DAY_MS = 86_400_000;
const ISSUE_PATH = '/v1/age/tokens';

interface Tools {
  readonly parts: TokenParts;
  readonly keys: KeyRing;
  readonly policy: RecheckPolicy;
  readonly count: (event: 'issued' | 'redeemed' | 'refused') => void;
}

export function createTokenService(parts: TokenParts): TokenService {
  const policy = parts.policy ?? RECHECK_POLICY;
  const counter = parts.context.metrics.counter({ name: 'gatehouse_age_tokens_total', help: 'Age tokens, by what happened.', labels: ['event'] });
  const { context, vault, trust, generateKey } = parts;
  const keys = createKeyRing({ context, vault, trust, policy, ...(generateKey === undefined ? {} : { generateKey }) });
  const tools: Tools = { parts, keys, policy, count: (event) => counter.add({ event }) };
  const { database, clock } = parts.context;
  return {
    async prepare(question) {
      const generation = await parts.trust.generation();
      const bands = BANDS.filter((band) => isOffered(question.direction, band, policy));
      await Promise.all(bands.map((band) => keys.issuing(question, band, generation)));
    },
    async offerFor(verdict) {
      const decided = decideIssue(verdict, { now: clock.now(), generation: await trust.generation(), policy });
      return 'band' in decided ? decided.band : undefined;
    },
    issue: (asked, request) => issueToken(tools, asked, request),
    redeem: (asked, token) => redeemToken(tools, asked, token),
    challenge: (asked) => listChallenges(tools, asked),
    directory: async () => describeKeys(await keys.list(), clock.now()),
    summarise: async () => {
      const now = clock.now();
      return (await keys.list()).map((key) => ({ issued: key.issued, isIssuing: isIssuing(key, now) }));
    },
    rotate: (signal) => keys.rotate(signal),
    prune: () => pruneAllowances(database.sql, clock.now()),
  };
}

async function issueToken({ parts, keys, policy, count }: Tools, { sessionId, proof }: Asked, bytes: Uint8Array): Promise<Buffer> {
  const { sessions, trust, context } = parts;
  const { database, clock } = context;
  const request = decodeRequest(bytes);
  if (request === undefined) throw new GatehouseError('invalid_request', 'This is not a request for a token of type 2. No token was issued.');
  const verdict = await sessions.findVerdict(sessionId, proof);
  if (verdict === undefined) throw new GatehouseError('not_found', 'There is no age check here that was completed a moment ago by this browser.');
  const generation = await trust.generation();
  const decided = decideIssue(verdict, { now: clock.now(), generation, policy });
  if ('refusal' in decided) throw refuseIssue(decided.refusal);
  const key = await keys.issuing(verdict.question, decided.band, generation);
  if (key.keyId.at(-1) !== request.truncatedKeyId) {
    throw new GatehouseError(
      'conflict',
      'The request is for another key than the one of this question, grade and epoch. No token was issued. Read the directory again.',
    );
  }
  const removeAt = new Date(clock.now().getTime() + ALLOWANCE_DAYS * DAY_MS);
  await openAllowance(database.sql, { sessionId, key: key.row, count: TOKENS_PER_CHECK, removeAt });
  // Taken before anything is signed: what fails after this costs a token, never gives one too many.
  if (!(await takeAllowance(database.sql, sessionId, key.row))) throw new GatehouseError('conflict', 'This check has given all its tokens.');
  const signature = signBlinded(keys.privateKeyOf(key), request.blindedMessage);
  if (signature === undefined) throw new GatehouseError('invalid_request', 'The blinded message does not fit the key. No token was issued.');
  await countIssued(database.sql, key.row);
  count('issued');
  return signature;
}

function refuseIssue(reason: IssueRefusal): GatehouseError {
  return new GatehouseError('forbidden', 'This result gives no tokens.', { members: { reason } });
}

async function redeemToken(tools: Tools, asked: Asked, bytes: Uint8Array): Promise<Redeemed> {
  const judged = await judgeToken(tools, asked, bytes);
  const redeemed = typeof judged === 'string' ? refuse(judged) : await useUp(tools, asked, judged);
  tools.count(redeemed.kind === 'completed' ? 'redeemed' : 'refused');
  return redeemed;
}

interface Judged {
  readonly key: TokenKey;
  readonly token: Token;
}

/** Everything but the double-spend set. */
async function judgeToken({ parts, keys }: Tools, { sessionId, proof }: Asked, bytes: Uint8Array): Promise<Judged | TokenRefusal> {
  const session = await parts.sessions.findOpen(sessionId, proof, 'token');
  if (session === undefined) throw new GatehouseError('not_found', 'There is no open age check here that takes tokens. The token was not used up.');
  const token = decodeToken(bytes);
  if (token === undefined) return 'malformed';
  const key = await keys.find(token.keyId);
  if (key === undefined) return 'unknown_key';
  const refusal = findKeyRefusal(key, { session, now: parts.context.clock.now(), generation: await parts.trust.generation() });
  if (refusal !== undefined) return refusal;
  if (!token.challengeDigest.equals(hashBytes(encodeClassChallenge(hostOf(parts), key)))) return 'wrong_challenge';
  return isSignedBy(keys.publicKeyOf(key), token) ? { key, token } : 'bad_signature';
}

/** In one transaction: a session that was completed meanwhile gives the token back. */
async function useUp({ parts }: Tools, { sessionId }: Asked, { key, token }: Judged): Promise<Redeemed> {
  return parts.context.database.transact(async (tx) => {
    if (!(await spend(tx, key.row, hashBytes(token.keyId, token.nonce)))) return refuse('spent');
    await parts.sessions.complete(sessionId, outcomeOf(key), tx);
    return { kind: 'completed' };
  });
}

function refuse(reason: TokenRefusal): Redeemed {
  return { kind: 'refused', reason };
}

async function listChallenges({ parts, keys }: Tools, { sessionId, proof }: Asked): Promise<{ challenge: Buffer; tokenKey: Uint8Array }[]> {
  const session = await parts.sessions.findOpen(sessionId, proof, 'token');
  if (session === undefined) throw new GatehouseError('not_found', 'There is no open age check here that takes tokens.');
  const at = { session, now: parts.context.clock.now(), generation: await parts.trust.generation() };
  const bands = bandsFrom(session.minGrade);
  return (await keys.list())
    .filter((key) => bands.includes(key.band) && findKeyRefusal(key, at) === undefined)
    .map((key) => ({ challenge: encodeClassChallenge(hostOf(parts), key), tokenKey: key.publicKey }));
}

function hostOf({ context }: TokenParts): string {
  return new URL(context.publicUrl()).host;
}

function describeKeys(keys: readonly StoredKey[], now: Date): Directory {
  return {
    'issuer-request-uri': ISSUE_PATH,
    'token-keys': keys.map((key) => ({
      'token-type': 2,
      'token-key': toPaddedBase64Url(key.publicKey),
      'not-before': seconds(key.notBefore),
      gatehouse: {
        threshold: key.threshold,
        direction: key.direction,
        band: key.band,
        epoch: key.epoch,
        'is-issuing': isIssuing(key, now),
        'issue-until': seconds(key.issueUntil),
        'redeem-until': seconds(key.redeemUntil),
      },
    })),
  };
}

function isIssuing({ notBefore, issueUntil }: TokenKey, now: Date): boolean {
  return notBefore <= now && now < issueUntil;
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
