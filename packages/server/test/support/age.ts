/** The age domain on a database of its own, with a still clock and a wallet protocol that is plain to see through. */
import { createTrustStore, type TrustAnchor } from '@gatehouse/credential';
import { ageDomain } from '../../src/age/index.ts';
import { composeAge, type AgeService } from '../../src/age/composition.ts';
import type { DemoIssuers } from '../../src/age/demo/people.ts';
import type { AgeQuestion, BrowserProof, OpenedSession, OpenSessionInput } from '../../src/age/sessions/schema.ts';
import type { WalletAnswer, WalletProtocol, WalletTrust } from '../../src/age/wallet/schema.ts';
import type { SettingKey } from '../../src/platform/config.ts';
import { createFakeClock, type FakeClock } from './clock.ts';
import { createTestContext, type TestContext } from './context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const SERVICE = { id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'] } as const;
export const RETURN_URL = 'https://forum.example/welcome?from=age';
export const CALLBACK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export function createAgeDatabase(): Promise<TestDatabase> {
  return createTestDatabase([{ domain: 'age', migrations: ageDomain.migrations }]);
}

export interface TestAge extends TestContext {
  readonly age: AgeService;
  readonly clock: FakeClock;
  readonly trust: { generation: number; isHighAssurance: boolean };
  readonly wallet: PlainProtocol;
  /** Opens a session of SERVICE. */
  open(input?: Partial<OpenSessionInput>): Promise<OpenedSession>;
  /** A browser that opens the page: its cookies are the proof. */
  enter(sessionId: string): Promise<BrowserProof>;
}

export interface TestAgeOptions {
  readonly db: TestDatabase;
  readonly config?: Partial<Record<SettingKey, unknown>>;
  /** With these, the real protocols run, and believe these. */
  readonly anchors?: readonly TrustAnchor[];
  /** Of the demonstration; by default it makes its own. */
  readonly demoIssuers?: DemoIssuers;
}

export async function startAge({ db, config, anchors, demoIssuers }: TestAgeOptions): Promise<TestAge> {
  const clock = createFakeClock();
  const test = await createTestContext({ database: db.database, clock, ...(config === undefined ? {} : { config }) });
  const trust = { generation: 1, isHighAssurance: false };
  const store = createTrustStore(anchors ?? []);
  const walletTrust: WalletTrust = {
    generation: async () => trust.generation,
    isHighAssurance: async () => trust.isHighAssurance,
    current: async () => ({ trust: store }),
  };
  const wallet = new PlainProtocol();
  const age = await composeAge(
    test.context,
    { intake: { callbackSecret: async () => CALLBACK_SECRET } },
    {
      trust: walletTrust,
      ...(anchors === undefined ? { protocol: wallet } : {}),
      ...(demoIssuers === undefined ? {} : { demoIssuers }),
    },
  );
  await age.services.add({ ...SERVICE, returnOrigins: [...SERVICE.returnOrigins] });
  return {
    ...test,
    age,
    clock,
    trust,
    wallet,
    open: (input = {}) =>
      age.sessions.open({ threshold: 18, direction: 'over', service: SERVICE.id, returnUrl: RETURN_URL, minGrade: 2, locale: 'en', ...input }),
    async enter(sessionId) {
      const entry = await age.sessions.enter(sessionId, NOBODY, { isSecure: true, mayBind: true });
      if (entry.kind !== 'bound') throw new Error(`not bound: ${entry.kind}`);
      return asBrowser(entry.cookies);
    },
  };
}

/** A browser without cookies. */
export const NOBODY: BrowserProof = { header: () => undefined };

export function asBrowser(cookies: readonly string[]): BrowserProof {
  const value = cookies.map((cookie) => cookie.split(';')[0]).join('; ');
  return { header: (name) => (name === 'cookie' ? value : undefined) };
}

export class RefusedByName extends Error {
  override readonly name = 'CredentialError';
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** Answers are JSON that repeats what the memory holds: enough to see that the flow hands on the right memory. */
export class PlainProtocol implements WalletProtocol {
  #count = 0;
  readonly seen: string[] = [];
  /** Runs before each verdict. */
  beforeVerdict: () => Promise<void> = async () => undefined;

  async openLinks(asked: AgeQuestion, where: { readonly responseUri: string; readonly requestUri: string }) {
    const memory = JSON.stringify({ nonce: this.#next(), origin: where.responseUri, asked: `${asked.direction} ${asked.threshold}` });
    return { memory, links: { haip: `openid4vp://authorize?request_uri=${where.requestUri}`, eu: `av://authorize?response_uri=${where.responseUri}` } };
  }

  async signRequest(memory: string, options: { readonly walletNonce: string | undefined }): Promise<string> {
    return JSON.stringify({ memory, walletNonce: options.walletNonce });
  }

  async openDcApi(_asked: AgeQuestion, where: { readonly origin: string }) {
    const nonce = this.#next();
    return { memory: JSON.stringify({ nonce, origin: where.origin }), requests: [{ protocol: 'org-iso-mdoc', data: { nonce } }] };
  }

  async verify(memory: string, answer: WalletAnswer): Promise<{ answer: 'true' | 'false' | 'unknown'; anchorId: string }> {
    await this.beforeVerdict();
    const expected = JSON.parse(memory) as { nonce: string; origin: string };
    const text = answer.kind === 'direct_post' ? answer.vpToken : answer.kind === 'direct_post.jwt' ? answer.response : JSON.stringify(answer.data);
    this.seen.push(text);
    const given = JSON.parse(text) as { nonce: string; origin: string; answer: 'true' | 'false' | 'unknown' };
    if (given.nonce !== expected.nonce) throw new RefusedByName('nonce_wrong');
    if (given.origin !== expected.origin) throw new RefusedByName('origin_wrong');
    return { answer: given.answer, anchorId: 'a1' };
  }

  #next(): string {
    this.#count += 1;
    return `nonce-${this.#count}`;
  }
}
