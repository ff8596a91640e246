/** The whole room: names over a server on loopback, registries on loopback, datasets made here, and the ways in. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { startDnsServer, type DnsServer } from '../../../test/support/dns-server.ts';
import { FORM, startTestServer, type TestServer } from '../../../test/support/http.ts';
import { toBits4, writeMmdb } from '../../../test/support/mmdb.ts';
import { bootstrapFile, rdapEntity, startRdapServer, type RdapServer } from '../../../test/support/rdap-server.ts';
import type { ApiClient } from '../../platform/cli/api.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import { loadConfig, type SettingKey } from '../../platform/config.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { ALL_RIGHTS, type Principal } from '../../platform/http/rights.ts';
import { silentLog } from '../../platform/log.ts';
import { checks } from './checks.ts';
import { commands } from './commands.ts';
import { migrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import { HostingClaimSchema, type HostingRoom } from './schema.ts';
import { createHostingService } from './service.ts';

let db: TestDatabase;
let dns: DnsServer;
let registry: RdapServer;
let base: TestContext;
let clock: FakeClock;
let geo = '';
const made: (() => Promise<void>)[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.pool.query('create schema international');
  for (const { sql } of migrations) await db.database.pool.query(sql);
  [dns, registry] = await Promise.all([startDnsServer(), startRdapServer()]);
});
afterAll(async () => {
  await Promise.all([dns.close(), registry.close()]);
  await db.drop();
});

beforeEach(async () => {
  await db.database.pool.query('truncate international.rdap_answer');
  dns.zone.clear();
  dns.asked.length = 0;
  registry.replies.clear();
  registry.asked.length = 0;
  clock = createFakeClock();
  base = await createContext({});
  return async () => {
    for (const dispose of made.splice(0)) await dispose();
  };
});

async function createContext(config: Partial<Record<SettingKey, unknown>>): Promise<TestContext> {
  const context = await createTestContext({
    database: db.database,
    clock,
    config: { outboundAllow: [registry.host], hostingResolvers: [dns.address], ...config },
  });
  made.push(() => context.dispose());
  geo = join(context.dataDir, 'geo');
  await mkdir(geo);
  return context;
}

/** Reserved addresses are public ones here, and 10.0.0.0/8 is not. */
const createRoom = (context = base): Promise<HostingRoom> => createHostingService({ context: context.context, isPublic: (ip) => !/^(10\.|fd)/.test(ip) });

const put = (name: string, content: string | Buffer): Promise<void> => writeFile(join(geo, name), content);

/** Three datasets that say GB, GB, NL about one network, a registry, and a name in it. */
async function setScene(): Promise<void> {
  await put('a-2026-11.csv', '198.51.100.0/24,GB\n203.0.113.0/24,NL\n');
  await put('b-2026-11.csv', '198.51.100.0/24,GB\n');
  await put(
    'c.mmdb',
    writeMmdb({
      recordSize: 24,
      ipVersion: 4,
      networks: [{ bits: toBits4('198.51.100.0', 24), value: { country_code: 'NL', asn: 64_496, as_name: 'Example Hosting' } }],
    }),
  );
  await put(
    'rdap.json',
    bootstrapFile([
      [['198.51.100.0/24', '203.0.113.0/24'], [registry.base]],
      [['64496-64511'], [registry.base]],
      [['org'], [registry.base]],
    ]),
  );
  dns.zone.set('www.example.org', { cname: 'host.example.net' });
  dns.zone.set('host.example.net', { a: ['198.51.100.7'] });
  registry.replies.set('ip/198.51.100.7', {
    body: {
      objectClassName: 'ip network',
      name: 'EXAMPLE-NET',
      country: 'BG',
      startAddress: '198.51.100.0',
      endAddress: '198.51.100.255',
      entities: [rdapEntity(['abuse'], { fn: 'Abuse desk', email: 'abuse@network.example' })],
    },
  });
  registry.replies.set('domain/example.org', {
    body: {
      objectClassName: 'domain',
      ldhName: 'example.org',
      entities: [rdapEntity(['registrar'], { fn: 'Example Registrar' }, [rdapEntity(['abuse'], { fn: 'x', email: 'abuse@registrar.example' })])],
    },
  });
}

describe('a claim', () => {
  it('about a URL names the host, the sources, the agreement and the contacts, and never the path', async () => {
    await setScene();
    const room = await createRoom();
    const claim = HostingClaimSchema.parse(await room.claim({ kind: 'url', value: 'https://user@www.example.org/very/secret?path' }));
    expect(claim).toMatchObject({
      kind: 'url',
      host: 'www.example.org',
      origin: 'claimed',
      country: 'GB',
      aliases: ['host.example.net'],
      registrar: 'Example Registrar',
      problems: [],
      madeAt: '2026-11-25T12:00:00.000Z',
      addresses: [
        {
          ip: '198.51.100.7',
          asn: 64_496,
          network: 'EXAMPLE-NET',
          agreement: { agree: 2, of: 3 },
          country: 'GB',
          isEdge: false,
          findings: [
            { method: 'geo_db', country: 'GB', dataset: 'a-2026-11.csv', datasetDate: '2026-11-01' },
            { method: 'geo_db', country: 'GB', dataset: 'b-2026-11.csv' },
            { method: 'geo_db', country: 'NL', dataset: 'c.mmdb' },
            { method: 'rdap_country', country: 'BG', dataset: `RDAP ${registry.base}`, datasetDate: '2026-11-25' },
          ],
        },
      ],
    });
    expect(claim.contacts.map(({ scope, email }) => `${scope} ${email}`)).toEqual([
      'network abuse@network.example',
      'registrar abuse@registrar.example',
      'host abuse@example.org',
    ]);
    expect(JSON.stringify(claim)).not.toContain('secret');
    // Resolver and registries heard the host name, and nothing else of the URL.
    expect([...dns.asked, ...registry.asked].join(' ')).not.toMatch(/secret|user/);
    expect(registry.asked.toSorted()).toEqual(['domain/example.org', 'ip/198.51.100.7']);
  });

  it('behind a delivery network has no country, and turns to that network first', async () => {
    await setScene();
    const room = await createRoom(await createContextAgain({ hostingEdgeAsns: 'AS64496' }));
    await setScene();
    const claim = await room.claim({ kind: 'domain', value: 'www.example.org' });
    expect(claim).toMatchObject({ origin: 'edge_origin_unknown', country: null, addresses: [{ isEdge: true, country: null, agreement: { agree: 2, of: 3 } }] });
    expect(claim.contacts[0]).toMatchObject({ scope: 'cdn', email: 'abuse@network.example' });
  });

  it('knows the delivery networks that come with Gatehouse', async () => {
    await put('asn.csv', '198.51.100.0/24,13335,Somebody\n');
    const claim = await (await createRoom()).claim({ kind: 'ip', value: '198.51.100.7' });
    expect(claim).toMatchObject({ origin: 'edge_origin_unknown', contacts: [{ scope: 'cdn', name: 'Cloudflare', url: 'https://abuse.cloudflare.com/' }] });
  });

  it('finds the registrar of a name below a suffix of two parts, which the registry knows without one', async () => {
    await put('rdap-uk.json', bootstrapFile([[['uk'], [registry.base]]]));
    const domain = (ldhName: string, entities: readonly object[]): void =>
      void registry.replies.set(`domain/${ldhName}`, { body: { objectClassName: 'domain', ldhName, entities } });
    domain('co.uk', [rdapEntity(['registrant'], { fn: 'The registry' })]);
    domain('example.co.uk', [rdapEntity(['registrar'], { fn: 'Example Registrar' })]);
    const claim = await (await createRoom()).claim({ kind: 'domain', value: 'www.example.co.uk' });
    expect([claim.registrar, registry.asked]).toEqual(['Example Registrar', ['domain/co.uk', 'domain/example.co.uk']]);
    expect(claim.contacts).toMatchObject([{ scope: 'host', email: 'abuse@example.co.uk' }]);
  });

  it('with addresses in two countries is disputed', async () => {
    await setScene();
    dns.zone.set('two.example.org', { a: ['198.51.100.7', '203.0.113.9'] });
    expect(await (await createRoom()).claim({ kind: 'domain', value: 'two.example.org' })).toMatchObject({ origin: 'disputed', country: null });
  });

  it('leaves out addresses that are not public, and asks nobody about them', async () => {
    await setScene();
    dns.zone.set('inside.example.org', { a: ['10.0.0.1'], aaaa: [[0xfd00, 0, 0, 0, 0, 0, 0, 1]] });
    dns.zone.set('mixed.example.org', { a: ['10.0.0.1', '198.51.100.7'] });
    const room = await createRoom();
    expect(await room.claim({ kind: 'domain', value: 'inside.example.org' })).toMatchObject({
      origin: 'unknown',
      addresses: [],
      problems: ['The name leads to 2 addresses that are not public, left out here.'],
    });
    const mixed = await room.claim({ kind: 'domain', value: 'mixed.example.org' });
    expect(mixed).toMatchObject({ origin: 'claimed', country: 'GB', problems: ['The name leads to an address that is not public, left out here.'] });
    expect(registry.asked.join(' ')).not.toContain('10.0.0.1');
  });

  it.each([
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '100.64.0.1',
    '198.51.100.7',
    '224.0.0.1',
    '::1',
    'fe80::1',
    'fd00::1',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    '64:ff9b::808:808',
    '2002:a00:1::',
    '::127.0.0.1',
  ])('about %s is refused: the block list is that of outbound calls', async (value) => {
    const room = await createHostingService({ context: base.context });
    await expect(room.claim({ kind: 'ip', value })).rejects.toMatchObject({ code: 'hosting_target_invalid' });
    await expect(room.claim({ kind: 'url', value: value.includes(':') ? `http://[${value}]/` : `http://${value}/` })).rejects.toMatchObject({
      code: 'hosting_target_invalid',
    });
    expect(registry.asked).toEqual([]);
  });

  it('about an onion service asks nobody', async () => {
    await setScene();
    expect(await (await createRoom()).claim({ kind: 'url', value: 'http://abcdefghijklmnop.onion/x' })).toMatchObject({
      origin: 'onion',
      country: null,
      host: 'abcdefghijklmnop.onion',
      contacts: [],
    });
    expect([...dns.asked, ...registry.asked]).toEqual([]);
  });

  it('about a number of a network says where it is registered', async () => {
    await setScene();
    await put('delegated', '2|test|1|1|19830101|20261119|+0000\ntest|MT|asn|64496|1|20200101|allocated\n');
    registry.replies.set('autnum/64496', {
      body: {
        objectClassName: 'autnum',
        name: 'EXAMPLE-AS',
        country: 'MT',
        startAutnum: 64_496,
        endAutnum: 64_496,
        entities: [rdapEntity(['abuse'], { fn: 'A', email: 'abuse@as.example' })],
      },
    });
    const claim = HostingClaimSchema.parse(await (await createRoom()).claim({ kind: 'asn', value: 'AS64496' }));
    expect(claim).toMatchObject({
      host: null,
      origin: 'claimed',
      country: 'MT',
      addresses: [],
      autnum: { asn: 64_496, network: 'EXAMPLE-AS', agreement: { agree: 2, of: 2 } },
      contacts: [{ scope: 'network', email: 'abuse@as.example' }],
    });
  });

  it('asks the announcing network where the registry of the address has only a placeholder', async () => {
    await setScene();
    registry.replies.set('ip/198.51.100.7', {
      body: {
        objectClassName: 'ip network',
        name: 'N',
        startAddress: '198.51.100.0',
        endAddress: '198.51.100.255',
        entities: [rdapEntity(['abuse'], { fn: 'X', email: 'abuse@ripe.net' })],
      },
    });
    registry.replies.set('autnum/64496', {
      body: { objectClassName: 'autnum', startAutnum: 64_496, endAutnum: 64_496, entities: [rdapEntity(['abuse'], { fn: 'A', email: 'abuse@as.example' })] },
    });
    const { contacts } = await (await createRoom()).claim({ kind: 'ip', value: '198.51.100.7' });
    expect(contacts.map(({ email, problem }) => [email, problem === null])).toEqual([
      [null, false],
      ['abuse@as.example', true],
    ]);
  });

  it('says what could not be asked: no resolver, no registry, no dataset, nothing known', async () => {
    dns.zone.set('down.example.org', { code: 2 });
    const down = await (await createRoom()).claim({ kind: 'domain', value: 'down.example.org' });
    expect(down).toMatchObject({ origin: 'unknown', country: null });
    expect(down.problems.join(' ')).toMatch(/no dataset of addresses.*registrar is not known\. No bootstrap file.*gave no answer \(ESERVFAIL\)/s);
    const none = await (await createRoom()).claim({ kind: 'domain', value: 'none.example.org' });
    expect(none.problems).toContain('There is no such name.');
    const bare = await (await createRoom()).claim({ kind: 'ip', value: '198.51.100.7' });
    expect(bare.problems.join(' ')).toMatch(/registry was not asked.*number of the network is not known/s);
  });

  it('follows aliases up to a limit, and sees circles', async () => {
    for (let i = 0; i < 10; i++) dns.zone.set(`a${i}.example.org`, { cname: `a${i + 1}.example.org` });
    dns.zone.set('x.example.org', { cname: 'y.example.org' });
    dns.zone.set('y.example.org', { cname: 'x.example.org' });
    const room = await createRoom();
    const long = await room.claim({ kind: 'domain', value: 'a0.example.org' });
    expect([long.aliases?.length, long.problems.join(' ')]).toEqual([8, expect.stringContaining('more than 8')]);
    expect((await room.claim({ kind: 'domain', value: 'x.example.org' })).problems.join(' ')).toContain('in a circle');
  });

  it('looks at so many addresses of a name, and says how many there are', async () => {
    await setScene();
    dns.zone.set('many.example.org', { a: Array.from({ length: 20 }, (_none, i) => `198.51.100.${i + 1}`) });
    const claim = await (await createRoom()).claim({ kind: 'domain', value: 'many.example.org' });
    expect(claim.addresses).toHaveLength(16);
    expect(claim.problems.join(' ')).toMatch(/20 addresses; 16.*asked about 4 of the 16/s);
    expect(registry.asked.filter((path) => path.startsWith('ip/'))).toHaveLength(4);
  });

  it('is given with what is known when the caller stops waiting', async () => {
    await put('a.csv', '198.51.100.0/24,GB\n');
    dns.zone.set('silent.example.org', { code: -1 });
    const claim = await (await createRoom()).claim({ kind: 'domain', value: 'silent.example.org' }, AbortSignal.timeout(50));
    expect(claim).toMatchObject({ origin: 'unknown', problems: expect.arrayContaining([expect.stringContaining('gave no answer')]) });
  });

  it('is one of at most sixteen at a time', async () => {
    dns.zone.set('silent.example.org', { code: -1 });
    const room = await createRoom();
    const enough = new AbortController();
    const waiting = Array.from({ length: 16 }, () => room.claim({ kind: 'domain', value: 'silent.example.org' }, enough.signal));
    await expect(room.claim({ kind: 'domain', value: 'silent.example.org' })).rejects.toMatchObject({ code: 'busy' });
    enough.abort();
    await Promise.all(waiting);
    expect((await room.claim({ kind: 'asn', value: '64496' })).host).toBeNull();
  });
});

async function createContextAgain(config: Partial<Record<SettingKey, unknown>>): Promise<TestContext> {
  base = await createContext(config);
  return base;
}

describe('datasets', () => {
  it('come from the data directory and from the settings, with date, licence and age', async () => {
    const elsewhere = join(base.dataDir, 'own-2026-01-15.csv');
    await writeFile(elsewhere, '198.51.100.0/24,GB\n');
    await createContextAgain({ geoFiles: [elsewhere, join(base.dataDir, 'missing.csv')] });
    await put('a-2026-11.csv', '198.51.100.0/24,GB\n');
    await put('a-2026-11.csv.meta.json', JSON.stringify({ licence: 'CC BY 4.0' }));
    await put('nodate.csv', '198.51.100.0/24,GB\n');
    const room = await createRoom();
    expect(await room.datasets()).toEqual([
      { name: 'a-2026-11.csv', kind: 'ranges', date: '2026-11-01', licence: 'CC BY 4.0', entries: 1, isStale: false, problem: null },
      { name: 'nodate.csv', kind: 'ranges', date: null, licence: null, entries: 1, isStale: true, problem: null },
      { name: 'own-2026-01-15.csv', kind: 'ranges', date: '2026-01-15', licence: null, entries: 1, isStale: true, problem: null },
      { name: 'missing.csv', kind: 'unreadable', date: null, licence: null, entries: 0, isStale: true, problem: 'Not used: it cannot be read (ENOENT).' },
    ]);
    const [check] = checks(room);
    expect(await check?.run()).toMatchObject({ status: 'attention', finding: expect.stringContaining('missing.csv') });
  });

  it('are too old on the day after the last one allowed', async () => {
    await put('a-2026-10-16.csv', '198.51.100.0/24,GB\n');
    const room = await createRoom();
    const [check] = checks(room);
    expect(await check?.run()).toMatchObject({ status: 'ok' });
    clock.advance(86_400_000);
    expect((await room.datasets())[0]?.isStale).toBe(true);
    expect(await check?.run()).toMatchObject({ status: 'attention', finding: expect.stringContaining('a-2026-10-16.csv') });
  });

  it('that are damaged on reload leave the old one in use; a file that is not what was stored is damaged', async () => {
    await put('a-2026-11.csv', '198.51.100.0/24,GB\n');
    const room = await createRoom();
    expect(await room.datasets()).toHaveLength(1);
    await put('a-2026-11.csv', '198.51.100.0/24,GB\nbroken\n');
    expect(await room.reload()).toEqual([
      expect.objectContaining({ entries: 1, problem: 'The one read before is still in use: line 2: not a range of addresses.' }),
    ]);
    expect(await room.claim({ kind: 'ip', value: '198.51.100.7' })).toMatchObject({ country: 'GB' });
    await put('a-2026-11.csv', '198.51.100.0/24,NL\n');
    await put('a-2026-11.csv.meta.json', JSON.stringify({ sha256: '0'.repeat(64) }));
    expect((await room.reload())[0]?.problem).toContain('digest');
    await rm(join(geo, 'a-2026-11.csv.meta.json'));
    expect((await room.reload())[0]?.problem).toBeNull();
    expect(await room.claim({ kind: 'ip', value: '198.51.100.7' })).toMatchObject({ country: 'NL' });
  });
});

describe('updates', () => {
  const CONTENT = '198.51.100.0/24,GB\n';
  const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
  const serve = (name: string, body: string, sha256?: string): void => {
    registry.replies.set(name, { body });
    if (sha256 !== undefined) registry.replies.set(`${name}.sha256`, { body: `${sha256}  ${name}\n` });
  };

  it('are fetched, checked against the digest beside them, used at once, and found again after a start', async () => {
    await createContextAgain({ geoUpdateUrls: [`${registry.base}made-2026-11.csv`, `${registry.base}other.csv`] });
    const events: unknown[] = [];
    base.context.events.on('notice.changed', (payload) => void events.push(payload));
    serve('made-2026-11.csv', CONTENT, digest(CONTENT));
    serve('other.csv', CONTENT);
    const room = await createRoom();
    expect(await room.datasets()).toEqual([]);
    expect(await room.update(undefined, 'per_1')).toEqual([
      { name: 'made-2026-11.csv', entries: 1, date: '2026-11-01', sha256: digest(CONTENT), isDigestChecked: true },
      { name: 'other.csv', entries: 1, date: null, sha256: digest(CONTENT), isDigestChecked: false },
    ]);
    expect(events).toEqual([
      { reportId: 'dataset:made-2026-11.csv', change: 'dataset_updated', actor: 'per_1' },
      expect.objectContaining({ reportId: 'dataset:other.csv' }),
    ]);
    expect((await room.claim({ kind: 'ip', value: '198.51.100.7' })).country).toBe('GB');
    expect(await (await createRoom()).datasets()).toHaveLength(2);
    expect(JSON.parse(await readFile(join(geo, 'made-2026-11.csv.meta.json'), 'utf8'))).toMatchObject({
      sha256: digest(CONTENT),
      source: `${registry.base}made-2026-11.csv`,
    });
  });

  it.each([
    ['with another digest', CONTENT, digest('x'), 'dataset_invalid'],
    ['that are cut off', '198.51.100.0/24,GB\n203.0.113.0,203.0', undefined, 'dataset_invalid'],
    ['that are empty', '', undefined, 'dataset_invalid'],
    ['that are a page', '<!DOCTYPE html><title>Sign in</title>', undefined, 'dataset_invalid'],
    ['whose digest file is none', CONTENT, 'nonsense', 'dataset_failed'],
  ])('%s are refused, and the old one stays', async (_what, body, sha256, code) => {
    await put('made.csv', '198.51.100.0/24,NL\n');
    const room = await createRoom();
    serve('made.csv', body, sha256);
    await expect(room.update(`${registry.base}made.csv`, 'per_1')).rejects.toMatchObject({ code });
    expect((await room.reload())[0]).toMatchObject({ problem: null });
    expect((await room.claim({ kind: 'ip', value: '198.51.100.7' })).country).toBe('NL');
    expect((await readdir(geo)).toSorted()).toEqual(['made.csv']);
  });

  it('follow no redirect, take a pinned digest, and need the name of a file', async () => {
    const room = await createRoom();
    registry.replies.set('moved.csv', { status: 302, location: `${registry.base}made.csv` });
    await expect(room.update(`${registry.base}moved.csv`, 'a')).rejects.toThrow(/answered 302, and redirects are not followed/);
    serve('made.csv', CONTENT);
    await expect(room.update(`${registry.base}made.csv#sha256=${digest('x')}`, 'a')).rejects.toMatchObject({ code: 'dataset_invalid' });
    expect(await room.update(`${registry.base}made.csv#sha256=${digest(CONTENT)}`, 'a')).toMatchObject([{ isDigestChecked: true }]);
    await expect(room.update(registry.base, 'a')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(room.update(`${registry.base}..%2fup.csv`, 'a')).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(room.update('https://192.0.2.1/made.csv', 'a')).rejects.toMatchObject({ code: 'outbound_refused' });
    await expect(room.update(undefined, 'a')).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('the ways in', () => {
  const TOKEN = 'token-of-a-session';
  const principal: Principal = { kind: 'session', id: 'per_1', name: 'Ann', rights: new Set(ALL_RIGHTS), csrfToken: TOKEN };
  let server: TestServer;
  let room: HostingRoom;
  beforeEach(async () => {
    await setScene();
    room = await createRoom();
    server = await startTestServer({ routes: [...routes(room), ...pages(room)], authenticator: { authenticate: async () => principal }, clock });
    return () => server.close();
  });

  const browser = (): Record<string, string> => ({ ...FORM, host: server.host, origin: `http://${server.host}`, cookie: 'gatehouse_session=x' });
  const submit = (fields: Record<string, string>) =>
    server.send('POST', '/console/international/hosting', { headers: browser(), body: new URLSearchParams({ _csrf: TOKEN, ...fields }).toString() });

  it('the page asks with a form body, and shows the claim without what was typed', async () => {
    const empty = await server.send('GET', '/console/international/hosting', { headers: browser() });
    expect(empty.text).toContain('method="post"');
    const { status, text } = await submit({ kind: 'url', value: 'https://www.example.org/very/secret' });
    expect(status).toBe(200);
    for (const part of ['Said to be in GB.', '2 of 3 say GB', 'a-2026-11.csv', 'abuse@network.example', 'A guess', 'host.example.net', 'EXAMPLE-NET, AS64496'])
      expect(text).toContain(part);
    expect(text).not.toContain('secret');
  });

  it('the page keeps what was typed only when it must be mended', async () => {
    for (const [kind, value] of [
      ['url', 'nonsense<b>'],
      ['ip', '10.0.0.1'],
      ['asn', 'ASx'],
      ['domain', ''],
    ] as const) {
      const { status, text } = await submit({ kind, value });
      expect([status, text.includes('There is a problem')]).toEqual([400, true]);
      expect(text).not.toContain('<b>');
    }
  });

  it('the API answers, and refuses what is no target without repeating it', async () => {
    const json = { ...browser(), 'content-type': 'application/json', 'x-csrf-token': TOKEN };
    const ask = (body: unknown) => server.send('POST', '/v1/international/hosting', { headers: json, body: JSON.stringify(body) });
    expect((await ask({ kind: 'ip', value: '198.51.100.7' })).json).toMatchObject({ origin: 'claimed' });
    const refused = await ask({ kind: 'url', value: 'http://10.0.0.1/secret' });
    expect([refused.status, refused.text.includes('secret')]).toEqual([422, false]);
    const wrong = await ask({ kind: 'secret', value: 'secret' });
    expect([wrong.status, wrong.text.includes('secret')]).toEqual([400, false]);
    expect((await server.send('GET', '/v1/international/datasets', { headers: json })).json).toMatchObject({
      datasets: [{ name: 'a-2026-11.csv' }, {}, {}, {}],
    });
    expect((await server.send('POST', '/v1/international/datasets/reload', { headers: json, body: '{}' })).status).toBe(200);
    const bytes = { ...json, 'content-type': 'application/octet-stream' };
    const sent = await server.send('PUT', '/v1/international/datasets/sent.csv?licence=CC0&date=2026-11-02', { headers: bytes, body: '203.0.113.0/24,MT\n' });
    expect(sent.json).toMatchObject({ name: 'sent.csv', entries: 1, date: '2026-11-02' });
    expect(await room.datasets()).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'sent.csv', licence: 'CC0' })]));
    for (const name of ['..', '.x', 'a%2fb', 'x.meta.json'])
      expect((await server.send('PUT', `/v1/international/datasets/${name}`, { headers: bytes, body: 'x' })).status).toBeGreaterThanOrEqual(400);
  });

  it('commands show, look, update and reload', async () => {
    const api: ApiClient = {
      async send({ method, path, json, stream }) {
        const chunks: Buffer[] = [];
        for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
        const type = stream === undefined ? 'application/json' : 'application/octet-stream';
        const body = stream === undefined ? JSON.stringify(json ?? {}) : Buffer.concat(chunks).toString();
        const reply = await server.send(method, path, {
          headers: { ...browser(), 'content-type': type, 'x-csrf-token': TOKEN },
          ...(method === 'GET' ? {} : { body }),
        });
        if (reply.status >= 400) throw new GatehouseError('invalid_request', reply.text);
        return { status: reply.status, headers: reply.headers, body: reply.json };
      },
      close: async () => undefined,
    };
    const run = async (name: string, positional: string[] = [], options: CommandArguments['options'] = {}): Promise<[number | undefined, string]> => {
      const lines: string[] = [];
      const terminal = { out: (text: string) => void lines.push(text), err: () => undefined, isInteractive: false };
      const context = {
        terminal,
        log: silentLog,
        clock,
        isJson: false,
        signal: new AbortController().signal,
        config: () => loadConfig({ env: {} }),
        api: async () => api,
      };
      const code = await commands.find((one) => one.name === name)?.run(context, { positional, options });
      return [code, lines.join('')];
    };
    expect(await run('geo show')).toEqual([EXIT.ok, expect.stringMatching(/^c\.mmdb +mmdb +2026-11-01 +1 +unknown$/m)]);
    for (const target of ['https://www.example.org/very/secret', 'www.example.org', '198.51.100.7']) {
      const [code, text] = await run('geo look', [target]);
      expect([code, text]).toEqual([EXIT.ok, expect.stringContaining('Said to be in GB.')]);
      expect(text).not.toContain('secret');
    }
    expect(await run('geo look', ['AS64499'])).toEqual([EXIT.finding, expect.stringContaining('AS64499: Unknown')]);
    const file = join(base.dataDir, 'from-file.csv');
    await writeFile(file, '203.0.113.0/24,BG\n');
    expect(await run('geo update', [], { from: file, date: '2026-11-20' })).toEqual([
      EXIT.ok,
      'from-file.csv: 1 entries of 2026-11-20, no digest to check it against\n',
    ]);
    await expect(run('geo update', [], { from: join(base.dataDir, 'missing.csv') })).rejects.toMatchObject({ code: 'invalid_request' });
    registry.replies.set('fetched-2026-11.csv', { body: '203.0.113.0/24,BG\n' });
    expect(await run('geo update', [], { from: `${registry.base}fetched-2026-11.csv` })).toEqual([
      EXIT.ok,
      expect.stringContaining('fetched-2026-11.csv: 1 entries'),
    ]);
    expect((await run('geo reload'))[0]).toBe(EXIT.ok);
  });
});
