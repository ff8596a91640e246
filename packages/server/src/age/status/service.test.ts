/** Status lists from a simulated issuer on loopback, up to presentations that are refused because of them. */
import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import { deflateSync } from 'node:zlib';
import { EU_AGE } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, SimulatedWallet, type Issued, type Mdoc } from '@gatehouse/credential/simulator';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { asBrowser, CALLBACK_SECRET, createAgeDatabase, NOBODY, RETURN_URL, SERVICE } from '../../../test/support/age.ts';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { signStatusCwt, signStatusJwt, startStatusIssuer, type StatusClaims, type StatusIssuer } from '../../../test/support/status-issuer.ts';
import { composeAge, type AgeService } from '../composition.ts';
import { ImportSchema } from '../trust/schema.ts';
import { checks } from './checks.ts';
import type { StatusListView, StatusService } from './schema.ts';
import { createStatusService } from './service.ts';

const MINUTE_MS = 60_000;
const NOW = new Date('2026-11-25T12:00:00.000Z');
const authority = createTestAuthority({ now: NOW });
const other = createTestAuthority({ now: NOW, name: 'Other' });
const stranger = createTestAuthority({ now: NOW, name: 'Stranger' });
const toPem = ({ certificate }: Issued): string => `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
const never = new AbortController().signal;

let db: TestDatabase;
let test: TestContext;
let clock: FakeClock;
let issuer: StatusIssuer;
let age: AgeService;
let status: StatusService;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  issuer = await startStatusIssuer();
  clock = createFakeClock(NOW);
  await start();
  await age.services.add({ ...SERVICE, returnOrigins: [...SERVICE.returnOrigins] });
  const content = Buffer.from(toPem(authority.root) + toPem(other.root)).toString('base64');
  await age.trust.importList(ImportSchema.parse({ name: 'own', content }), 'tester');
});
afterEach(async () => {
  for (const { id } of await status.list()) await status.remove(id, 'tester');
  await age.trust.removeList('own', 'tester');
  await test.dispose();
  await issuer.close();
});

/** A node, with a database of before. */
async function start(config: Parameters<typeof createTestContext>[0]['config'] = {}): Promise<void> {
  test = await createTestContext({ database: db.database, clock, config: { outboundAllow: [issuer.host], ...config } });
  age = await composeAge(test.context, { intake: { callbackSecret: async () => CALLBACK_SECRET } });
  ({ status } = age);
}

const uri = (): string => `${issuer.url}/lists/1`;
const sign = (change: Partial<StatusClaims> = {}, signer: Issued = authority.signer): string =>
  signStatusJwt({ uri: uri(), now: clock.now(), ...change }, signer);
async function add(change: Partial<StatusClaims> = {}): Promise<StatusListView> {
  issuer.serve(sign(change));
  return status.add({ uri: uri() }, 'tester');
}

const issue = (index: number, at = uri()): Mdoc =>
  issueMdoc({
    signer: authority.signer,
    documentType: EU_AGE,
    namespace: EU_AGE,
    elements: { age_over_18: true },
    now: NOW,
    status: new Map([
      [
        'status_list',
        new Map<string, number | string>([
          ['idx', index],
          ['uri', at],
        ]),
      ],
    ]),
  });

/** One presentation through the wallet flow. @returns `accepted`, or the verifier's word for the refusal */
async function present(mdoc: Mdoc): Promise<string> {
  const { id } = await age.sessions.open({ threshold: 18, direction: 'over', service: SERVICE.id, returnUrl: RETURN_URL, minGrade: 2, locale: 'en' });
  const entry = await age.sessions.enter(id, NOBODY, { isSecure: true, mayBind: true });
  const browser = entry.kind === 'bound' ? asBrowser(entry.cookies) : NOBODY;
  const { requestId, links } = await age.wallet.begin(id, browser, 'redirect');
  const wallet = new SimulatedWallet({ mdocs: [mdoc], now: () => clock.now() });
  const { form } = await wallet.answerLink(links.eu, () => Promise.reject(new Error('nothing to fetch')));
  const before = await refusals();
  try {
    await age.wallet.answer(requestId, { kind: 'direct_post', vpToken: form['vp_token'] ?? '', state: form['state'] });
    return 'accepted';
  } catch {
    const after = await refusals();
    return [...after.keys()].find((code) => after.get(code) !== before.get(code)) ?? 'another error';
  }
}

const metric = async (pattern: RegExp): Promise<RegExpMatchArray[]> => [...(await test.context.metrics.render()).body.matchAll(pattern)];
const refusals = async (): Promise<Map<string, string>> =>
  new Map((await metric(/gatehouse_age_refusals_total\{code="(\w+)"\} (\d+)/g)).map(([, code = '', count = '']) => [code, count]));
const checkNow = async () => {
  const [check] = checks(status);
  if (check === undefined) throw new Error('there is one');
  return check.run();
};

describe('a credential that names a status list', () => {
  it('is refused until its list is registered, then passes, and is refused within one refresh of being taken back', async () => {
    expect(await present(issue(7))).toBe('status_unknown');
    expect(await add()).toMatchObject({ state: 'fresh', failure: null, entries: 1024, signer: authority.anchor.id });
    expect(await present(issue(7))).toBe('accepted');
    clock.advance(9 * MINUTE_MS);
    issuer.serve(sign({ revoked: [7], suspended: [8] }));
    expect(await present(issue(7))).toBe('accepted');
    clock.advance(MINUTE_MS);
    await status.refreshDue(never);
    expect(await present(issue(7))).toBe('status_revoked');
    expect(await present(issue(8))).toBe('status_suspended');
    expect(await present(issue(6))).toBe('accepted');
    expect(await present(issue(1024))).toBe('status_list_index');
    // The bit that came back is believed as well.
    clock.advance(10 * MINUTE_MS);
    issuer.serve(sign());
    await status.refreshDue(never);
    expect(await present(issue(7))).toBe('accepted');
  });

  it('CWT is taken as well', async () => {
    issuer.serve(signStatusCwt({ uri: uri(), now: clock.now(), revoked: [7] }, authority.signer));
    expect(await status.add({ uri: uri() }, 'tester')).toMatchObject({ state: 'fresh', failure: null });
    expect([await present(issue(7)), await present(issue(6))]).toEqual(['status_revoked', 'accepted']);
  });

  it('is refused when the list is removed', async () => {
    const { id } = await add();
    expect(await present(issue(7))).toBe('accepted');
    await status.remove(id, 'tester');
    expect(await present(issue(7))).toBe('status_unknown');
    await expect(status.remove(id, 'tester')).rejects.toMatchObject({ code: 'not_found' });
    await expect(status.refresh(id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is refused once the list is too old, with an alarm before; and again when it expires', async () => {
    await add({ lifeS: 10 * 86_400, ttlS: 60 });
    issuer.respond((_incoming, outgoing) => outgoing.writeHead(500).end());
    expect(await checkNow()).toMatchObject({ status: 'ok' });
    clock.advance(12 * 60 * MINUTE_MS + 1);
    await status.refreshDue(never);
    expect(await checkNow()).toMatchObject({ status: 'attention', finding: expect.stringContaining('http_status') as unknown });
    expect(await present(issue(7))).toBe('accepted');
    clock.advance(12 * 60 * MINUTE_MS);
    expect(await present(issue(7))).toBe('status_unknown');
    expect(await checkNow()).toMatchObject({ status: 'fail' });
    issuer.serve(sign({ lifeS: 3600 }));
    await status.refreshDue(never);
    expect(await present(issue(7))).toBe('accepted');
    clock.advance(62 * MINUTE_MS);
    expect(await present(issue(7))).toBe('status_unknown');
    expect((await metric(/gatehouse_age_status_lookups_total\{outcome="(\w+)"\} (\d+)/g)).map(([, outcome, count]) => [outcome, count])).toEqual(
      expect.arrayContaining([
        ['stale', '2'],
        ['valid', '2'],
      ]),
    );
  });

  it('is refused at once when the issuer behind its list is muted', async () => {
    const uriOfOther = `${issuer.url}/lists/other`;
    issuer.serve(signStatusJwt({ uri: uriOfOther, now: clock.now() }, other.signer));
    await status.add({ uri: uriOfOther }, 'tester');
    expect(await present(issue(7, uriOfOther))).toBe('accepted');
    await age.trust.mute(other.anchor.id, 'drill', 'tester');
    expect(await present(issue(7, uriOfOther))).toBe('status_unknown');
    await age.trust.unmute(other.anchor.id, 'tester');
    expect(await present(issue(7, uriOfOther))).toBe('accepted');
  });

  it('no presentation makes a connection: the issuer does not learn where its credential is shown', async () => {
    await add({ revoked: [7] });
    const [asked, made] = [issuer.asked.length, issuer.connections()];
    const connect = vi.spyOn(Socket.prototype, 'connect');
    try {
      expect([await present(issue(7)), await present(issue(6)), await present(issue(6, `${issuer.url}/unknown`))]).toEqual([
        'status_revoked',
        'accepted',
        'status_unknown',
      ]);
      // The pool may open one more connection to the database; nothing else.
      const { host, port } = inject('postgres');
      const own = new Set([host, String(port), [host, '/.s.PGSQL.', port].join('')]);
      const targets = connect.mock.calls.flat(2).flatMap((target: unknown) => {
        if (typeof target === 'string' || typeof target === 'number') return [String(target)];
        const found: unknown = Reflect.get(Object(target), 'path') ?? Reflect.get(Object(target), 'port');
        return found === undefined ? [] : [String(found)];
      });
      expect(targets.filter((target) => !own.has(target))).toEqual([]);
      expect([issuer.asked.length, issuer.connections()]).toEqual([asked, made]);
      // The spy sees what a refresh does.
      await status.refresh((await status.list())[0]?.id ?? '');
      expect(issuer.asked.length).toBe(asked + 1);
    } finally {
      connect.mockRestore();
    }
  });
});

describe('a list that must not be taken', () => {
  const bomb = deflateSync(Buffer.alloc(17 * 1_048_576));
  const cases: readonly (readonly [name: string, serve: () => void, word: string])[] = [
    ['a zip bomb', () => issuer.serve(sign({ compressed: bomb })), 'status_list_too_large'],
    ['the same as CWT', () => issuer.serve(signStatusCwt({ uri: uri(), now: clock.now(), compressed: bomb }, authority.signer)), 'status_list_too_large'],
    ['bytes that are not compressed', () => issuer.serve(sign({ compressed: Buffer.from('nothing') })), 'status_list_malformed'],
    [
      'a compressed list that ends early',
      () => issuer.serve(sign({ compressed: deflateSync(Buffer.alloc(9000, 'ab')).subarray(0, 20) })),
      'status_list_malformed',
    ],
    ['another address', () => issuer.serve(sign({ uri: `${issuer.url}/lists/2` })), 'status_list_uri'],
    ['another type', () => issuer.serve(sign({ typ: 'JWT' })), 'status_list_type'],
    ['another type as CWT', () => issuer.serve(signStatusCwt({ uri: uri(), now: clock.now(), typ: 'application/cwt' }, authority.signer)), 'status_list_type'],
    ['an unknown signer', () => issuer.serve(sign({}, stranger.signer)), 'chain_untrusted'],
    [
      "another key than the certificate's",
      () => issuer.serve(signStatusJwt({ uri: uri(), now: clock.now() }, authority.signer, stranger.signer.key.privateKey)),
      'issuer_signature',
    ],
    ['an expired one', () => issuer.serve(sign({ issuedBeforeS: 7200, lifeS: 3600 })), 'status_list_expired'],
    ['one from the future', () => issuer.serve(sign({ issuedBeforeS: -3600 })), 'status_list_not_yet_valid'],
    ['an older one', () => issuer.serve(sign({ issuedBeforeS: 3600 })), 'older'],
    ['an edge of the text cut off', () => issuer.serve(sign().slice(0, -1)), 'issuer_signature'],
    ['half of the text', () => issuer.serve(sign().slice(0, 200)), 'status_list_malformed'],
    ['no content type', () => issuer.respond((_incoming, outgoing) => outgoing.end(sign())), 'content_type'],
    ['another content type', () => issuer.serve(sign(), 'application/jwt'), 'content_type'],
    ['a JWT as CWT', () => issuer.serve(sign(), 'application/statuslist+cwt'), 'cbor_trailing'],
    [
      'a CWT as JWT',
      () => issuer.serve(signStatusCwt({ uri: uri(), now: clock.now() }, authority.signer), 'application/statuslist+jwt'),
      'status_list_malformed',
    ],
    ['nothing', () => issuer.serve(''), 'status_list_malformed'],
    ['an error', () => issuer.respond((_incoming, outgoing) => outgoing.writeHead(404).end()), 'http_status'],
    [
      'a redirect to a private address',
      () => issuer.respond((_incoming, outgoing) => outgoing.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end()),
      'http_status',
    ],
    ['a redirect to itself', () => issuer.respond((_incoming, outgoing) => outgoing.writeHead(307, { location: uri() }).end()), 'http_status'],
    ['more than is read', () => issuer.serve('a'.repeat(4 * 1_048_576 + 1)), 'too_large'],
    ['a connection that breaks', () => issuer.respond((incoming) => incoming.socket.destroy()), 'unreachable'],
    [
      'a content that ends early',
      () =>
        issuer.respond((incoming, outgoing) => {
          outgoing.writeHead(200, { 'content-type': 'application/statuslist+jwt', 'content-length': '9000' }).write(sign());
          setTimeout(() => incoming.socket.destroy(), 10);
        }),
      'unreachable',
    ],
  ];

  it.each(cases)('%s: the last good one stays, and the failure has a name', async (_name, serve, word) => {
    const before = await add({ revoked: [7] });
    clock.advance(MINUTE_MS);
    serve();
    const asked = issuer.asked.length;
    const after = await status.refresh(before.id);
    expect(after).toMatchObject({ failure: word, failures: 1, state: 'fresh', issuedAt: before.issuedAt, fetchedAt: before.fetchedAt });
    expect(issuer.asked.length).toBe(asked + 1);
    expect([await present(issue(7)), await present(issue(6))]).toEqual(['status_revoked', 'accepted']);
    expect((await metric(/gatehouse_age_status_fetches_total\{outcome="(\w+)"\} 1/g)).map(([, outcome]) => outcome)).toEqual(['kept', word]);
  });

  it('one that does not end in time', async () => {
    const impatient = createStatusService({
      context: test.context,
      trust: age.trust.issuers,
      counters: { looked: () => undefined, fetched: () => undefined },
      timeoutMs: 30,
    });
    const answers: readonly Parameters<StatusIssuer['respond']>[0][] = [
      () => undefined,
      (_incoming, outgoing) => void outgoing.writeHead(200, { 'content-type': 'application/statuslist+jwt' }).write('a'),
    ];
    for (const respond of answers) {
      issuer.respond(respond);
      const { id, failure } = await impatient.add({ uri: uri() }, 'tester');
      expect(failure).toBe('timeout');
      await impatient.remove(id, 'tester');
    }
  });

  it('a number that is beyond all calendars is no time', async () => {
    const { failure, expiresAt, state } = await add({ lifeS: 1e18, ttlS: 1e300 });
    expect([failure, expiresAt, state]).toEqual([null, null, 'fresh']);
    expect(await present(issue(7))).toBe('accepted');
  });

  it('one that another issuer signed, where one was named', async () => {
    issuer.serve(sign());
    const { failure, state } = await status.add({ uri: uri(), issuer: other.anchor.id }, 'tester');
    expect([failure, state]).toEqual(['chain_untrusted', 'missing']);
    expect(await present(issue(7))).toBe('status_unknown');
    expect(await checkNow()).toMatchObject({ status: 'fail', finding: expect.stringContaining('never') as unknown });
  });
});

describe('the register', () => {
  it('takes only addresses that may be called, each once', async () => {
    await expect(status.add({ uri: 'http://issuer.example/1' }, 'tester')).rejects.toMatchObject({ code: 'outbound_refused' });
    await expect(status.add({ uri: 'https://10.0.0.1/1' }, 'tester')).rejects.toMatchObject({ code: 'outbound_refused' });
    await add();
    await expect(add()).rejects.toMatchObject({ code: 'conflict' });
    expect(await status.list()).toHaveLength(1);
  });

  it('tells of addresses that refused credentials named: the host first, the path from the fifth on, never the index', async () => {
    const unknown = `${issuer.url}/person/4711?secret=1`;
    for (let count = 0; count < 4; count++) expect(await present(issue(count, unknown))).toBe('status_unknown');
    expect(await status.seen()).toEqual({ lists: [{ host: issuer.host, path: null, atLeast: 1, hasQuery: true }], others: 0 });
    expect(await checkNow()).toMatchObject({ status: 'attention', finding: expect.stringContaining('not registered') as unknown });
    await present(issue(999, unknown));
    expect(await status.seen()).toEqual({ lists: [{ host: issuer.host, path: '/person/4711', atLeast: 5, hasQuery: true }], others: 0 });
    await present(issue(1, 'not an address'));
    expect((await status.seen()).others).toBe(1);
    // Nothing of it is stored.
    const rows = await db.database.pool.query("select * from age.status_list where uri like '%person%'");
    expect(rows.rowCount).toBe(0);
  });

  it('keeps no more than two hundred of them', async () => {
    const lists = await status.current(await age.trust.issuers());
    for (let count = 0; count < 260; count++) lists.statusOf(`https://issuer.example/${count}`, 1, NOW);
    expect(await status.seen()).toEqual({ lists: [{ host: 'issuer.example', path: null, atLeast: 200, hasQuery: false }], others: 60 });
  });
});

describe('nodes', () => {
  it('a restart keeps the last good list, while its issuer is away', async () => {
    await add({ revoked: [7] });
    await issuer.close();
    await test.dispose();
    await start();
    expect([await present(issue(7)), await present(issue(6))]).toEqual(['status_revoked', 'accepted']);
    issuer = await startStatusIssuer();
  });

  it('another node sees what one fetched at its next look, and each list is fetched by one of them', async () => {
    const { id } = await add();
    const second = await createTestContext({ database: db.database, clock, config: { outboundAllow: [issuer.host] } });
    const node = await composeAge(second.context, { intake: { callbackSecret: async () => CALLBACK_SECRET } });
    const look = async () => (await node.trust.current()).statusLists?.statusOf(uri(), 7, clock.now());
    expect(await look()).toBe('valid');
    clock.advance(10 * MINUTE_MS);
    issuer.serve(sign({ revoked: [7] }));
    const asked = issuer.asked.length;
    await Promise.all([status.refreshDue(never), node.status.refreshDue(never)]);
    expect(issuer.asked.length).toBe(asked + 1);
    expect(await look()).toBe('invalid');
    await status.remove(id, 'tester');
    expect(await look()).toBe('unknown');
    await second.dispose();
  });

  it('a race cannot bring an older list back', async () => {
    const { id } = await add();
    clock.advance(MINUTE_MS);
    const [older, newer] = [sign({ issuedBeforeS: 30 }), sign({ revoked: [7] })];
    let count = 0;
    const waiting: (() => void)[] = [];
    issuer.respond((_incoming, outgoing) => {
      const token = count++ === 0 ? older : newer;
      const answer = (): void => void outgoing.writeHead(200, { 'content-type': 'application/statuslist+jwt' }).end(token);
      // The older one answers last.
      if (token === older) waiting.push(answer);
      else answer();
    });
    const slow = status.refresh(id);
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    expect(await status.refresh(id)).toMatchObject({ failure: null });
    waiting[0]?.();
    expect(await slow).toMatchObject({ failure: 'older' });
    expect(await present(issue(7))).toBe('status_revoked');
  });

  it('a stop ends a fetch, and is no failure of the list', async () => {
    await add();
    clock.advance(10 * MINUTE_MS);
    const stop = new AbortController();
    issuer.respond(() => stop.abort());
    await status.refreshDue(stop.signal);
    expect((await status.list())[0]).toMatchObject({ failures: 0, failure: null });
  });

  it('memory is bounded: lists are unpacked when they are asked for, and the ones before let go', async () => {
    await test.dispose();
    await start({ ageStatusMemoryMib: 32 });
    const uris = ['a', 'b', 'c'].map((name) => `${issuer.url}/lists/${name}`);
    for (const one of uris) {
      issuer.serve(sign({ uri: one, entries: 4 * 6 * 1_048_576 }));
      expect(await status.add({ uri: one }, 'tester')).toMatchObject({ failure: null });
    }
    const lists = await status.current(await age.trust.issuers());
    for (const one of [...uris, ...uris]) expect(lists.statusOf(one, 5, NOW)).toBe('valid');
    // Served lists that together are larger than their half are not taken.
    const words: (string | null)[] = [];
    for (const name of ['1', '2', '3', '4', '5']) {
      const one = `${issuer.url}/lists/large-${name}`;
      issuer.serve(signStatusCwt({ uri: one, now: clock.now(), compressed: deflateSync(randomBytes(3.9 * 1_048_576)) }, authority.signer));
      words.push((await status.add({ uri: one }, 'tester')).failure);
    }
    expect(words).toEqual([null, null, null, null, 'no_room']);
  });
});
