import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { readProviders } from './configuration.ts';
import type { OpenForProvider, ProviderOutcome, ProviderService } from './flow.ts';
import { migrations } from './migrations.ts';
import { offerProvider, settle } from './rules.ts';
import { createSandboxProvider, signChoice } from './sandbox-provider.ts';
import { DeclarationSchema, type Declaration } from './schema.ts';
import { createProviderService } from './service.ts';

const clock = createFakeClock();
const declare = (change: Partial<Declaration> = {}): Declaration =>
  DeclarationSchema.parse({ title: 'Tested', kind: 'photo_id', basis: 'verifies', canSayUnder: true, ...change });
const ESTIMATOR = declare({
  kind: 'facial_estimation',
  basis: 'estimates',
  presentationAttackLevel: '2',
  errors: [
    { age: 17, standardDeviation: 3.13, bias: 0 },
    { age: 18, standardDeviation: 3.13, bias: 0 },
  ],
  canSayUnder: false,
});
const PROVIDERS = [
  createSandboxProvider({ id: 'document', declaration: declare() }),
  createSandboxProvider({ id: 'face', declaration: ESTIMATOR }),
  createSandboxProvider({ id: 'other-face', declaration: ESTIMATOR }),
  createSandboxProvider({ id: 'card', declaration: declare({ kind: 'credit_card', thresholds: [18], canSayUnder: false }) }),
];

let testDatabase: TestDatabase;
let test: TestContext;
let service: ProviderService<string>;
let session: OpenForProvider;
let outcomes: ProviderOutcome[];

beforeAll(async () => {
  testDatabase = await createTestDatabase([{ domain: 'age', migrations }]);
  test = await createTestContext({ database: testDatabase.database, clock });
});
afterAll(async () => {
  await test.dispose();
  await testDatabase.drop();
});

let sessions = 0;
/** The device says otherwise. */
let isHeldBack = false;
beforeEach(() => {
  session = { id: `age_${++sessions}`, service: 'forum', question: { threshold: 18, direction: 'over' }, minGrade: 0, methods: undefined, locale: 'en' };
  outcomes = [];
  isHeldBack = false;
  service = createProviderService<string>({
    context: test.context,
    configured: { providers: PROVIDERS, maxWrongAccept: 0.01 },
    count: () => undefined,
    sessions: {
      async findOpen(id, proof) {
        if (id !== session.id || proof !== 'own browser') throw new GatehouseError('not_found', 'There is no such age check.');
        return session;
      },
      isOpen: async (id) => (id === session.id && outcomes.length === 0 ? session : undefined),
      async complete(_id, outcome) {
        if (isHeldBack) return 'held_back';
        outcomes.push(outcome);
        return outcomes.length === 1 ? 'completed' : 'gone';
      },
    },
  });
});

async function begin(provider: string): Promise<string> {
  const { redirectUrl } = await service.start(session.id, provider, 'own browser');
  return new URL(redirectUrl).searchParams.get('state') ?? '';
}

const answer = (state: string, choice: string, years = ''): URLSearchParams =>
  new URLSearchParams({ state, choice, years, signature: signChoice(state, `${choice}:${years}`) });
const offered = async (): Promise<string[]> => (await service.offer(session)).map(({ id }) => id);

describe('a check at a provider', () => {
  it('that the device contradicts leads to the next way', async () => {
    isHeldBack = true;
    const state = await begin('document');
    expect(await service.finish('document', answer(state, 'over'), 'own browser')).toEqual({ ending: 'next', sessionId: session.id });
    expect(outcomes).toEqual([]);
  });

  it('completes the session once, with grade and method', async () => {
    const state = await begin('document');
    expect(await service.finish('document', answer(state, 'over'), 'own browser')).toEqual({ ending: 'completed', sessionId: session.id });
    expect(outcomes).toEqual([{ result: 'true', kind: 'verified', grade: 3, method: 'provider:document', provider: 'document' }]);
    // Replayed.
    expect(await service.finish('document', answer(state, 'over'), 'own browser')).toEqual({ ending: 'gone', sessionId: undefined });
    expect(outcomes).toHaveLength(1);
  });

  it('answers "under" the other way round', async () => {
    session = { ...session, question: { threshold: 13, direction: 'under' } };
    expect(await offered()).toEqual(['document']);
    await service.finish('document', answer(await begin('document'), 'over'), 'own browser');
    expect(outcomes).toMatchObject([{ result: 'false' }]);
  });

  it('is nothing in another browser, at another provider, or with another state', async () => {
    const state = await begin('document');
    await expect(service.finish('document', answer(state, 'over'), 'another browser')).rejects.toMatchObject({ code: 'not_found' });
    expect(await service.finish('card', answer(state, 'over'), 'own browser')).toEqual({ ending: 'gone', sessionId: undefined });
    expect(await service.finish('document', answer('f'.repeat(64), 'over'), 'own browser')).toEqual({ ending: 'gone', sessionId: undefined });
    await expect(service.start(session.id, 'document', 'another browser')).rejects.toMatchObject({ code: 'not_found' });
    expect(outcomes).toEqual([]);
  });

  it('a forged answer is a fault, uses the flow up and decides nothing', async () => {
    const state = await begin('document');
    const forged = new URLSearchParams({ state, choice: 'over', years: '', signature: 'x' });
    expect(await service.finish('document', forged, 'own browser')).toEqual({ ending: 'failed', sessionId: session.id });
    expect(await service.finish('document', answer(state, 'over'), 'own browser')).toEqual({ ending: 'gone', sessionId: undefined });
    expect(outcomes).toEqual([]);
  });

  it('two answers at the same time: one counts', async () => {
    const state = await begin('document');
    const endings = await Promise.all(
      [answer(state, 'over'), answer(state, 'under')].map(async (query) => (await service.finish('document', query, 'own browser')).ending),
    );
    expect(endings.toSorted()).toEqual(['completed', 'gone']);
    expect(outcomes).toHaveLength(1);
  });

  it('expires, and is pruned', async () => {
    const state = await begin('document');
    clock.advance(31 * 60_000);
    expect(await service.finish('document', answer(state, 'over'), 'own browser')).toEqual({ ending: 'gone', sessionId: undefined });
    clock.advance(24 * 3_600_000);
    await service.prune();
    expect(
      await testDatabase.database.sql.withTables<{ 'age.provider_flow': { state_hash: Buffer } }>().selectFrom('age.provider_flow').selectAll().execute(),
    ).toEqual([]);
  });

  it('a webhook of a provider that sends none is not found', async () => {
    await expect(service.acceptWebhook('document', { body: '{}', header: () => undefined })).rejects.toMatchObject({ code: 'not_found' });
    expect([...(await service.checkHealth())]).toEqual(PROVIDERS.map(({ id }) => [id, true]));
  });
});

describe('an estimator', () => {
  it.each([
    ['25', 'completed', 'true'],
    ['24.9', 'next', undefined],
    ['17', 'next', undefined],
    ['9', 'completed', 'false'],
  ])('%s years: %s', async (years, ending, result) => {
    const state = await begin('face');
    expect((await service.finish('face', answer(state, 'estimate', years), 'own browser')).ending).toBe(ending);
    expect(outcomes[0]?.result).toBe(result);
  });

  it('cannot say that it verified', async () => {
    expect((await service.finish('face', answer(await begin('face'), 'over'), 'own browser')).ending).toBe('next');
    expect(outcomes).toEqual([]);
  });

  it('sends on to something stronger, never to another guess', async () => {
    expect(await offered()).toEqual(['document', 'face', 'other-face', 'card']);
    await service.finish('face', answer(await begin('face'), 'estimate', '19'), 'own browser');
    expect(await offered()).toEqual(['document', 'card']);
    await expect(service.start(session.id, 'other-face', 'own browser')).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('offers', () => {
  const context = {
    service: 'forum',
    question: { threshold: 18, direction: 'over' },
    minGrade: 0,
    methods: undefined,
    attempts: [],
    maxWrongAccept: 0.01,
  } as const;
  const refusal = (id: string, change: object): string => {
    const provider = PROVIDERS.find((one) => one.id === id);
    if (provider === undefined) throw new Error('unknown');
    const offer = offerProvider(provider, { ...context, ...change });
    return offer.isOffered ? 'offered' : offer.reason;
  };

  it.each([
    ['card', { question: { threshold: 16, direction: 'over' } }, 'threshold'],
    ['card', { question: { threshold: 18, direction: 'under' } }, 'direction'],
    ['card', { minGrade: 3 }, 'grade'],
    ['card', { service: 'demo' }, 'not_wanted'],
    ['document', { minGrade: 3 }, 'offered'],
    ['document', { methods: ['wallet'] }, 'not_wanted'],
    ['document', { methods: ['provider:document'] }, 'offered'],
    ['document', { methods: ['provider'] }, 'offered'],
    ['face', { question: { threshold: 16, direction: 'over' } }, 'buffer'],
    ['face', { maxWrongAccept: 1e-9 }, 'buffer'],
    ['document', { attempts: [{ provider: 'document', basis: 'verifies', outcome: 'verified' }] }, 'already_answered'],
    ['document', { attempts: Array.from({ length: 3 }, () => ({ provider: 'document', basis: 'verifies', outcome: 'failed' })) }, 'too_many_attempts'],
    ['document', { attempts: Array.from({ length: 6 }, () => ({ provider: 'x', basis: 'verifies', outcome: 'failed' })) }, 'too_many_attempts'],
    ['face', { attempts: [{ provider: 'other-face', basis: 'estimates', outcome: 'inconclusive' }] }, 'offered'],
  ])('%s with %o: %s', (id, change, expected) => {
    expect(refusal(id, change)).toBe(expected);
  });

  it('an answer that is none settles nothing', () => {
    for (const outcome of ['declined', 'inconclusive', 'pending'] as const) expect(settle({ outcome }, declare(), context)).toBeUndefined();
  });
});

describe('the file of providers', () => {
  const readFile = async (content: unknown): Promise<Awaited<ReturnType<typeof readProviders>>> => {
    const dir = await mkdtemp(join(tmpdir(), 'gatehouse-providers-'));
    try {
      await writeFile(join(dir, 'secret'), 'a long secret of the operator\n');
      await writeFile(join(dir, 'empty'), '\n');
      await writeFile(join(dir, 'providers.json'), typeof content === 'string' ? content : JSON.stringify(content));
      return await readProviders(join(dir, 'providers.json'), { send: () => Promise.reject(new Error('nothing is called')), now: () => clock.now() });
    } finally {
      await rm(dir, { recursive: true });
    }
  };
  const declaration = { title: 'Bank', kind: 'open_banking', basis: 'verifies' };
  const oidc = {
    id: 'bank',
    adapter: 'oidc',
    declaration,
    settings: { issuer: 'https://bank.example', clientId: 'c', clientSecretFile: 'secret', answer: { kind: 'flag', path: 'age_over_{threshold}' } },
  };
  const hosted = {
    id: 'hosted',
    adapter: 'session',
    declaration,
    settings: { createUrl: 'https://h.example/s', createBody: {}, apiKeyFile: 'secret', webhookSecretFile: 'secret', pageUrl: 'https://h.example/{id}' },
  };
  const contact = {
    id: 'email',
    adapter: 'contact',
    declaration: { ...declaration, kind: 'email' },
    settings: {
      field: 'email',
      startUrl: 'https://e.example/a',
      confirmUrl: 'https://e.example/b',
      apiKeyFile: 'secret',
      answer: { kind: 'flag', path: 'adult' },
    },
  };
  const face = (change: object): object => ({
    id: 'face',
    adapter: 'sandbox',
    declaration: {
      title: 'Face',
      kind: 'facial_estimation',
      basis: 'estimates',
      presentationAttackLevel: '2',
      errors: [{ age: 17, standardDeviation: 3.13 }],
      ...change,
    },
  });

  it('opens every adapter, with secrets from files beside it', async () => {
    const { providers, maxWrongAccept } = await readFile({ providers: [oidc, hosted, contact, face({})] });
    expect(providers.map(({ id, mode }) => [id, mode])).toEqual([
      ['bank', 'redirect'],
      ['hosted', 'redirect'],
      ['email', 'form'],
      ['face', 'redirect'],
    ]);
    expect(maxWrongAccept).toBe(0.01);
  });

  it.each([
    ['not JSON', 'nonsense', /cannot be read as JSON/],
    ['an unknown adapter', { providers: [{ ...oidc, adapter: 'magic' }] }, /providers\/0/],
    ['an unknown setting', { providers: [{ ...oidc, settings: { ...oidc.settings, secret: 'x' } }] }, /providers\/0\/settings/],
    ['one name twice', { providers: [oidc, oidc] }, /"bank" is there twice/],
    [
      'a secret that is missing',
      { providers: [{ ...oidc, settings: { ...oidc.settings, clientSecretFile: 'nowhere' } }] },
      /secret of the age provider "bank" cannot be read/,
    ],
    ['a secret that is empty', { providers: [{ ...hosted, settings: { ...hosted.settings, apiKeyFile: 'empty' } }] }, /cannot be read/],
    ['an estimator without errors', { providers: [face({ errors: [] })] }, /For over 18: The provider declares no error/],
    [
      'an estimator that cannot keep the limit',
      { maxWrongAccept: 1e-6, providers: [face({ errors: [{ age: 17, standardDeviation: 9 }] })] },
      /For over 18: No challenge age/,
    ],
    ['an estimator that cannot answer for 16', { thresholds: [18, 16], providers: [face({})] }, /For over 16/],
    ['a face estimator that says nothing about masks', { providers: [face({ presentationAttackLevel: 'none' })] }, /masks/],
  ])('is refused as a whole for %s', async (_name, content, message) => {
    await expect(readFile(content)).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringMatching(message) as unknown });
  });
});
