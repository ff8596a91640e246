/** What the demonstration believes, nobody else believes; what others believe, it does not; and nothing of it is of use elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EU_AGE } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, SimulatedWallet } from '@gatehouse/credential/simulator';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAgeDatabase, RETURN_URL, SERVICE, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import type { BrowserProof } from '../sessions/schema.ts';
import { ServiceSchema } from '../sessions/schema.ts';
import { ClientSchema } from '../gate/schema.ts';
import { createDemoIssuers, openPretendWallet } from './people.ts';
import { DC_WAYS, DOCUMENTS, LINK_WAYS, PEOPLE, TRICKS, type Choice, type DcWay, type LinkWay } from './schema.ts';
import { WAY_WORDS } from './words.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const ORIGIN = 'http://127.0.0.1:8080';
const HERE = { host: '127.0.0.1:8080', isSecure: false };
const issuers = createDemoIssuers(NOW);
const authority = createTestAuthority({ now: NOW });
const realWallet = new SimulatedWallet({
  mdocs: [issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements: { age_over_18: true }, now: NOW })],
  now: () => NOW,
});
const ADULT: Choice = { person: 'adult', document: 'eu' };

let db: TestDatabase;
let test: TestAge;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  test = await startAge({ db, anchors: [authority.anchor], demoIssuers: issuers });
});
afterEach(() => test.dispose());

interface Asked {
  readonly id: string;
  readonly proof: BrowserProof;
}

/** A check of the demonstration, or of a real service, in one browser. */
async function ask(service: 'demo' | 'forum', threshold = 18, direction: 'over' | 'under' = 'over'): Promise<Asked> {
  if (service === 'demo') {
    const { sessionId } = await test.age.demo.start({ threshold, direction }, HERE);
    return { id: sessionId, proof: await test.enter(sessionId) };
  }
  const { id } = await test.open({ threshold, direction });
  return { id, proof: await test.enter(id) };
}

/** Posts what a wallet answers, as wallets do; by which way does not matter to them. */
async function present({ id, proof }: Asked, wallet: SimulatedWallet, way: LinkWay | DcWay): Promise<void> {
  const { wallet: flows, sessions } = test.age;
  if (way === 'haip' || way === 'eu') {
    const { requestId, links } = await flows.begin(id, proof, 'redirect');
    const { form } = await wallet.answerLink(links[way], (_url, nonce) => flows.readRequest(requestId, nonce));
    const { response, vp_token: vpToken = '', state } = form;
    const { redirectUri } = await flows.answer(
      requestId,
      response === undefined ? { kind: 'direct_post', vpToken, state } : { kind: 'direct_post.jwt', response },
    );
    await flows.comeBack(id, proof, new URL(redirectUri ?? '').searchParams.get('response_code') ?? '');
  } else {
    const { request, requests } = await flows.beginDcApi(id, proof, ORIGIN);
    const chosen = requests.filter(({ protocol }) => protocol === way);
    await flows.answerDcApi(id, proof, { request, ...(await wallet.answerDcApi(chosen, ORIGIN)) });
  }
  expect((await sessions.findOwn(id, proof)).state).toBe('completed');
}

const ALL_WAYS = [...LINK_WAYS, ...DC_WAYS] as const;
const refusals = async (): Promise<string[]> =>
  [...(await test.context.metrics.render()).body.matchAll(/gatehouse_age_refusals_total\{code="(\w+)"\}/g)].map(([, code]) => code ?? '');

describe('whose proofs count', () => {
  it.each(ALL_WAYS)('%s: a demonstration credential answers the demonstration, marked as such', async (way) => {
    const asked = await ask('demo');
    await present(asked, openPretendWallet(issuers, { ...ADULT, threshold: 18, now: NOW }), way);
    expect(await test.age.sessions.findResult(asked.id)).toMatchObject({ service: 'demo', result: 'true', grade: 3 });
  });

  it.each(ALL_WAYS)('%s: a demonstration credential is refused for every other service', async (way) => {
    const asked = await ask('forum');
    const wallet = openPretendWallet(issuers, { ...ADULT, threshold: 18, now: NOW });
    await expect(present(asked, wallet, way)).rejects.toMatchObject({ code: 'age_not_accepted' });
    expect(await refusals()).toEqual(['chain_untrusted']);
    expect(await test.age.sessions.findResult(asked.id)).toBeUndefined();
  });

  it.each(ALL_WAYS)('%s: a real credential answers a real service, and is refused by the demonstration', async (way) => {
    const asked = await ask('forum');
    await present(asked, realWallet, way);
    expect(await test.age.sessions.findResult(asked.id)).toMatchObject({ service: 'forum', result: 'true' });
    await expect(present(await ask('demo'), realWallet, way)).rejects.toMatchObject({ code: 'age_not_accepted' });
    expect(await refusals()).toEqual(['chain_untrusted']);
  });

  it('a real service does not ask for the credentials of the demonstration', async () => {
    const { id, proof } = await ask('forum');
    const { requests } = await test.age.wallet.beginDcApi(id, proof, ORIGIN);
    expect(JSON.stringify(requests)).not.toContain('urn:gatehouse:demo');
  });

  it('the lists of the operator are untouched', async () => {
    const before = await test.age.trust.generation();
    await present(await ask('demo'), openPretendWallet(issuers, { ...ADULT, threshold: 18, now: NOW }), 'eu');
    expect([await test.age.trust.generation(), await test.age.trust.listAnchors(), await test.age.trust.listLists()]).toEqual([before, [], []]);
  });
});

describe('where it is off', () => {
  it.each([{ ageDemo: 'off' }, { publicUrl: 'https://age.example' }, { trustedProxies: 'loopback' }, { allowedHosts: 'age.example' }])(
    '%o: there is no demonstration, and its credentials are refused for its own service as well',
    async (config) => {
      // The service may be left from a time when it was on.
      await ask('demo');
      await test.dispose();
      test = await startAge({ db, anchors: [authority.anchor], demoIssuers: issuers, config });
      await expect(test.age.demo.start({ threshold: 18, direction: 'over' }, HERE)).rejects.toMatchObject({ code: 'not_found' });
      const { id } = await test.open({ service: 'demo', returnUrl: `${ORIGIN}/` });
      const asked = { id, proof: await test.enter(id) };
      for (const wallet of [openPretendWallet(issuers, { ...ADULT, threshold: 18, now: NOW }), realWallet])
        await expect(present(asked, wallet, 'eu')).rejects.toMatchObject({ code: 'age_not_accepted' });
      const session = await test.age.sessions.findOwnOpen(asked.id, asked.proof);
      expect([test.age.demo.offer(session), test.age.demo.offerPhone('demo', 'a'), await test.age.providers.offer({ ...session, question: session })]).toEqual([
        [],
        [],
        [],
      ]);
    },
  );
});

describe('what comes of it elsewhere', () => {
  it('no age token and no passkey: a result of the demonstration is none to them', async () => {
    const [demo, forum] = [await ask('demo'), await ask('forum')];
    expect(await test.age.reuse.findOpen(demo.id, demo.proof, 'token')).toBeUndefined();
    expect(await test.age.reuse.findOpen(forum.id, forum.proof, 'token')).toBeDefined();
    await present(demo, openPretendWallet(issuers, { ...ADULT, threshold: 18, now: NOW }), 'eu');
    await present(forum, realWallet, 'eu');
    expect(await test.age.reuse.findVerdict(demo.id, demo.proof)).toBeUndefined();
    expect(await test.age.reuse.findVerdict(forum.id, forum.proof)).toMatchObject({ result: 'true' });
  });

  it('a result is taken for no other service', async () => {
    const asked = await ask('demo');
    await present(asked, openPretendWallet(issuers, { ...ADULT, threshold: 18, now: NOW }), 'eu');
    const found = await test.age.sessions.findResult(asked.id);
    const result = found === undefined ? '' : await test.age.results.sign(found);
    expect(await test.age.results.verify({ result, service: 'forum', once: false })).toEqual({ valid: false, reason: 'wrong_audience' });
    expect(await test.age.results.verify({ result, service: 'demo', once: false })).toMatchObject({ valid: true, claims: { aud: 'demo' } });
  });

  it('its provider is offered to it alone, and it is offered no other', async () => {
    const [demo, forum] = [await ask('demo'), await ask('forum')];
    const offered = async ({ id, proof }: Asked): Promise<string[]> => {
      const session = await test.age.sessions.findOwnOpen(id, proof);
      return (await test.age.providers.offer({ ...session, question: session })).map((one) => one.id);
    };
    expect([await offered(demo), await offered(forum)]).toEqual([['demo'], []]);
    await expect(test.age.providers.start(forum.id, 'demo', forum.proof)).rejects.toMatchObject({ code: 'conflict' });
    expect(await test.age.providers.start(demo.id, 'demo', demo.proof)).toMatchObject({ redirectUrl: expect.stringContaining('/age/sandbox') as string });
  });

  it('its pretend phone answers no other service', async () => {
    const { id, proof } = await ask('forum');
    const { requestId } = await test.age.wallet.begin(id, proof, 'redirect');
    const { demo } = test.age;
    await expect(demo.readLink({ requestId, way: 'haip' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(demo.answerLink({ requestId, way: 'haip' }, { ...ADULT, act: 'share' }, proof)).rejects.toMatchObject({ code: 'not_found' });
    await expect(demo.answerDcApi({ id, proof, way: 'org-iso-mdoc' }, { ...ADULT, act: 'share' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(demo.begin(id, proof, 'qr')).rejects.toMatchObject({ code: 'not_found' });
    expect((await test.age.wallet.land(requestId)).session).toMatchObject({ id, service: 'forum', attempts: 0 });
    expect(demo.offer(await test.age.sessions.findOwnOpen(id, proof))).toEqual([]);
    expect(demo.offerPhone('forum', requestId)).toEqual([]);
  });

  it('no real service and no OpenID client may have its name', () => {
    const service = { id: 'demo', name: 'Demo', returnOrigins: ['https://demo.example'] };
    expect([ServiceSchema.safeParse(service).success, ServiceSchema.safeParse({ ...service, id: 'demo-2' }).success]).toEqual([false, true]);
    const client = { service: 'demo', redirectUris: ['https://demo.example/back'] };
    expect([ClientSchema.safeParse(client).success, ClientSchema.safeParse({ ...client, service: 'forum' }).success]).toEqual([false, true]);
  });
});

describe('the pretend phone', () => {
  const isSuited = (way: LinkWay | DcWay, { document }: Choice): boolean => WAY_WORDS[way].documents.includes(document);
  const answer = async (asked: Asked, way: LinkWay | DcWay, choice: Parameters<TestAge['age']['demo']['answerLink']>[1]) => {
    const { demo } = test.age;
    if (way !== 'haip' && way !== 'eu') return demo.answerDcApi({ ...asked, way }, choice);
    const { requestId } = await demo.begin(asked.id, asked.proof, 'redirect');
    const { end } = await demo.answerLink({ requestId, way }, choice, asked.proof);
    if (end.kind === 'taken') await test.age.wallet.comeBack(asked.id, asked.proof, new URL(end.to ?? '').searchParams.get('response_code') ?? '');
    return end;
  };

  it.each(ALL_WAYS.flatMap((way) => DOCUMENTS.map((document) => [way, document] as const)))(
    '%s with %s says what is true of each person',
    async (way, document) => {
      for (const [threshold, direction, told] of [
        [18, 'over', ['true', 'false', 'false']],
        [13, 'under', ['false', 'false', 'true']],
        [37, 'over', ['false', 'false', 'false']],
        [14, 'over', ['true', 'true', 'false']],
      ] as const) {
        for (const [at, person] of PEOPLE.entries()) {
          const asked = await ask('demo', threshold, direction);
          const end = await answer(asked, way, { person, document, act: 'share' });
          const result = await test.age.sessions.findResult(asked.id);
          if (isSuited(way, { person, document })) expect([threshold, person, end.kind, result?.result]).toEqual([threshold, person, 'taken', told[at]]);
          else expect([end.kind, result]).toEqual(['nothing', undefined]);
        }
      }
    },
  );

  it.each(ALL_WAYS.flatMap((way) => TRICKS.map((act) => [way, act] as const)))('%s: %s is refused, with the same words as every trick', async (way, act) => {
    for (const document of DOCUMENTS) {
      if (!isSuited(way, { person: 'adult', document })) continue;
      const asked = await ask('demo');
      const end = await answer(asked, way, { person: 'adult', document, act });
      expect([document, end.kind]).toEqual([document, 'refused']);
      expect(end).toMatchObject({ status: 422, detail: 'The proof was not accepted. Nothing of it was kept.' });
      const session = await test.age.sessions.findOwnOpen(asked.id, asked.proof);
      expect([session.state, session.notice, session.attempts]).toEqual(['open', 'refused', 1]);
      // The person may try again, honestly.
      expect((await answer(asked, way, { person: 'adult', document, act: 'share' })).kind).toBe('taken');
    }
    const expected = { old: /^(device_signature|kb_nonce|response_decryption)$/, elsewhere: /^(device_signature|kb_audience|response_decryption)$/ } as const;
    const others = { tampered: /digest|disclosure/, expired: /^expired$/, muted: /^chain_untrusted$/ } as const;
    for (const code of await refusals()) expect([act, code]).toEqual([act, expect.stringMatching({ ...expected, ...others }[act])]);
    expect((await refusals()).length).toBeGreaterThan(0);
  });

  it('declining leaves the check open, and shows nothing', async () => {
    for (const way of ALL_WAYS) {
      const asked = await ask('demo');
      const end = await answer(asked, way, { ...ADULT, act: 'decline' });
      expect(end.kind).toBe('declined');
      expect((await test.age.sessions.findOwnOpen(asked.id, asked.proof)).state).toBe('open');
    }
  });

  it('what it shows of the messages holds no secret', async () => {
    const { demo, sessions } = test.age;
    const started = await demo.start({ threshold: 18, direction: 'over' }, HERE);
    const asked = { id: started.sessionId, proof: await test.enter(started.sessionId) };
    const { requestId } = await demo.begin(asked.id, asked.proof, 'redirect');
    const { end } = await demo.answerLink({ requestId, way: 'haip' }, { ...ADULT, act: 'share' }, asked.proof);
    const code = new URL(('to' in end ? end.to : undefined) ?? '').searchParams.get('response_code') ?? '';
    await test.age.wallet.comeBack(asked.id, asked.proof, code);
    const back = new URL(await sessions.returnAddress(asked.id, asked.proof));
    const returned = back.searchParams.get('age_return') ?? '';
    expect(back.pathname).toBe('/age/try/done');
    await demo.finish({ session: asked.id, code: returned }, started.cookie);
    const run = demo.findRun(started.cookie);
    expect(run?.end).toMatchObject({ state: 'completed', check: { valid: true, claims: { aud: 'demo', over: 18, result: 'true', method: 'wallet' } } });
    const shown = JSON.stringify(run?.steps);
    expect(run?.steps.map(({ call }) => call.split('?')[0])).toEqual([
      'POST /v1/age/sessions',
      `GET /age/${asked.id}`,
      'POST /age/wallet/request/…',
      'POST /age/wallet/response/…',
      'GET /age/try/done',
      `GET /v1/age/sessions/${asked.id}`,
      'POST /v1/age/results/verify',
      'POST /v1/age/results/verify',
    ]);
    expect(run?.steps.at(-1)?.got).toEqual({ valid: false, reason: 'used' });
    for (const secret of [requestId, code, returned, run?.clientToken ?? '', run?.nonce ?? '']) {
      expect(secret.length).toBeGreaterThan(20);
      expect(shown).not.toContain(secret.slice(0, 16));
    }
    expect(shown).not.toContain(run?.end?.result ?? '');
    // A second return, and one in another browser, count for nothing.
    await expect(demo.finish({ session: asked.id, code: returned }, undefined)).rejects.toMatchObject({ code: 'age_other_browser' });
    const other = await demo.start({ threshold: 18, direction: 'over' }, HERE);
    await expect(demo.finish({ session: asked.id, code: returned }, other.cookie)).rejects.toMatchObject({ code: 'age_other_browser' });
  });
});

it('nothing but this folder uses simulated issuers', () => {
  const root = join(import.meta.dirname, '../..');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name));
  const users = files.filter((name) => readFileSync(join(root, name), 'utf8').includes('@gatehouse/credential/simulator'));
  expect(users).toEqual(['age/demo/people.ts']);
});

it('the database of a real service is where it was', async () => {
  await ask('demo');
  expect((await test.age.services.list()).map(({ id }) => id)).toEqual(['demo', SERVICE.id]);
  expect((await test.age.services.list()).find(({ id }) => id === SERVICE.id)?.returnOrigins).toEqual([new URL(RETURN_URL).origin]);
});
