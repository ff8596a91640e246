/** Answers of registries: what is read of them, what is refused; and the client with a registry on loopback. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { bootstrapFile, rdapEntity, startRdapServer, type RdapServer } from '../../../test/support/rdap-server.ts';
import { parseAddress, type Address } from './address-rules.ts';
import { findByAddress, findByAsn, findByName, readBootstrap, type Bootstrap } from './bootstrap-rules.ts';
import { migrations } from './migrations.ts';
import { createPace } from './pace.ts';
import { createRdap, type Rdap, type RdapAnswer } from './rdap.ts';
import { readRdap, toEmail, type RdapRecord } from './rdap-rules.ts';

const at = (text: string): Address => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(text);
  return address;
};
const IP = { kind: 'ip', address: at('198.51.100.7') } as const;
const NETWORK = {
  objectClassName: 'ip network',
  handle: 'NET-1',
  name: 'EXAMPLE-NET',
  country: 'NL',
  startAddress: '198.51.100.0',
  endAddress: '198.51.100.255',
};

function record(value: unknown, query: Parameters<typeof readRdap>[1] = IP): RdapRecord {
  const reading = readRdap(value, query);
  if (reading.kind !== 'record') throw new Error(reading.kind);
  return reading.record;
}

describe('bootstrap files', () => {
  const IPV4 = bootstrapFile([
    [['198.0.0.0/8'], ['http://plain.example/', 'https://wide.example/rdap']],
    [['198.51.100.0/24', '198.255.255.0/24'], ['https://narrow.example/']],
    [['192.0.0.0/8'], ['ftp://nothing.example/']],
  ]);
  it('name the server for the longest prefix, https first', () => {
    const found = readBootstrap(IPV4);
    const files = found === undefined ? [] : [found];
    expect(['198.51.100.7', '198.255.255.9', '198.51.101.0', '192.0.2.1', '203.0.113.1', '2001:db8::'].map((text) => findByAddress(files, at(text)))).toEqual([
      'https://narrow.example/',
      'https://narrow.example/',
      'https://wide.example/rdap/',
      undefined,
      undefined,
      undefined,
    ]);
    expect(found).toMatchObject({ date: '2026-11-20', entries: 3 });
  });

  it('name servers for numbers of networks, with both ends, and for names', () => {
    const asns = readBootstrap(bootstrapFile([[['64496-64499', '64501'], ['https://asn.example/']]]));
    expect([64_495, 64_496, 64_499, 64_500, 64_501].map((asn) => findByAsn(asns === undefined ? [] : [asns], asn))).toEqual([
      undefined,
      'https://asn.example/',
      'https://asn.example/',
      undefined,
      'https://asn.example/',
    ]);
    const names = readBootstrap(
      bootstrapFile([
        [['org'], ['https://org.example/']],
        [['co.uk', 'UK'], ['https://uk.example/']],
      ]),
    );
    expect(['example.org', 'a.b.CO.UK', 'x.uk', 'example.net'].map((name) => findByName(names === undefined ? [] : [names], name))).toEqual([
      'https://org.example/',
      'https://uk.example/',
      'https://uk.example/',
      undefined,
    ]);
  });

  it.each([
    '',
    '[]',
    '{"services":[]}',
    '{"services":[["x"]]}',
    bootstrapFile([[['198.51.100.1/24'], ['https://x.example/']]]),
    bootstrapFile([[['not a name'], ['https://x.example/']]]),
  ])('that are none: %#', (text) => {
    expect(readBootstrap(text)).toBeUndefined();
  });
});

describe('an answer', () => {
  it('gives name, country and the contact for abuse, wherever it is nested', () => {
    const abuse = rdapEntity(['abuse'], { fn: 'Abuse desk', email: 'Abuse@Example-Host.example' });
    const value = {
      ...NETWORK,
      arin_originas0_originautnums: [64_496, 'x', 0],
      entities: [rdapEntity(['registrant'], { fn: 'Holder', email: 'boss@example-host.example' }, [rdapEntity(['administrative'], { fn: 'Admin' }, [abuse])])],
    };
    expect(record(value)).toEqual({
      name: 'EXAMPLE-NET',
      handle: 'NET-1',
      country: 'NL',
      asns: [64_496],
      registrar: null,
      contacts: [{ name: 'Abuse desk', email: 'abuse@example-host.example', url: null, problem: null }],
    });
  });

  it('falls back to a technical contact, and says so', () => {
    const [contact] = record({
      ...NETWORK,
      entities: [rdapEntity(['technical'], { fn: 'NOC', email: 'noc@host.example' }), rdapEntity(['registrant'], { fn: 'Holder', email: 'h@host.example' })],
    }).contacts;
    expect(contact).toEqual({ name: 'NOC', email: 'noc@host.example', url: null, problem: expect.stringContaining('names no contact for abuse') });
  });

  it('gives the registrar of a name, and only its contact for abuse', () => {
    const registrar = rdapEntity(['registrar'], { fn: 'Example Registrar', url: 'https://registrar.example/' }, [
      rdapEntity(['abuse'], { fn: 'x', email: 'mailto:abuse@registrar.example', 'contact-uri': 'https://registrar.example/abuse' }),
    ]);
    const value = {
      objectClassName: 'domain',
      ldhName: 'EXAMPLE.ORG.',
      entities: [rdapEntity(['abuse'], { fn: 'Somebody', email: 'somebody@site.example' }), registrar],
    };
    expect(record(value, { kind: 'domain', name: 'example.org' })).toMatchObject({
      registrar: 'Example Registrar',
      contacts: [{ name: 'Example Registrar', email: 'abuse@registrar.example', url: 'https://registrar.example/abuse' }],
    });
  });

  it.each([
    'abuse@ripe.net',
    'search-apnic-not-arin@apnic.net',
    'hostmaster@rdap.arin.net',
    'unread@somewhere.example',
    'no-reply@somewhere.example',
    'noemail@host.example',
  ])('with the placeholder %s has no mailbox', (email) => {
    const [contact] = record({ ...NETWORK, entities: [rdapEntity(['abuse'], { fn: 'Abuse', email })] }).contacts;
    expect(contact).toMatchObject({ email: null, problem: expect.stringContaining('placeholder') });
  });

  it.each([
    'not an address',
    'a@b',
    'a@host.example\r\nBcc: x@y.example',
    'a b@host.example',
    '"a"@host.example',
    'a@host.example,b@host.example',
    '<a@host.example>',
    `${'a'.repeat(65)}@host.example`,
    'Please query the RDDS service of the registrar',
  ])('with the mailbox %j has none', (email) => expect(toEmail(email)).toBeNull());

  it('with a link that is no web address has none', () => {
    const [contact] = record({ ...NETWORK, entities: [rdapEntity(['abuse'], { fn: '\u202eesuba\n', url: 'javascript:alert(1)' })] }).contacts;
    expect(contact).toEqual({ name: 'esuba', email: null, url: null, problem: 'The registry names it without an address.' });
  });

  it.each([
    [{ ...NETWORK, endAddress: '198.51.100.6' }],
    [{ ...NETWORK, startAddress: '198.51.100.8' }],
    [{ ...NETWORK, startAddress: undefined }],
    [{ ...NETWORK, objectClassName: 'domain' }],
    [null],
    ['x'],
    [[NETWORK]],
  ])('about something else is not read: %#', (value) => expect(readRdap(value, IP)).toEqual({ kind: 'unrelated' }));

  it('about another name or number is not read', () => {
    expect(readRdap({ objectClassName: 'domain', ldhName: 'example.net' }, { kind: 'domain', name: 'example.org' })).toEqual({ kind: 'unrelated' });
    const autnum = { objectClassName: 'autnum', startAutnum: 64_496, endAutnum: 64_498 };
    expect([64_495, 64_496, 64_498, 64_499].map((asn) => readRdap(autnum, { kind: 'autnum', asn }).kind)).toEqual([
      'unrelated',
      'record',
      'record',
      'unrelated',
    ]);
  });

  it('about space that nobody there looks after is none', () => {
    expect(readRdap({ ...NETWORK, name: 'NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK' }, IP)).toEqual({ kind: 'unmanaged' });
  });

  it.each(['EU', 'AP', 'ZZ', 'nowhere', 7, undefined])('with the country %s has none', (country) => expect(record({ ...NETWORK, country }).country).toBeNull());

  it('of any form does no harm', () => {
    let deep: object = rdapEntity(['abuse'], { fn: 'deep', email: 'deep@host.example' });
    for (let i = 0; i < 50; i++) deep = rdapEntity(['x'], {}, [deep]);
    const wide = Array.from({ length: 5000 }, (_none, i) => rdapEntity(['abuse'], { fn: 'w', email: `w${i}@host.example` }));
    expect(record({ ...NETWORK, entities: [deep] }).contacts).toEqual([]);
    expect(record({ ...NETWORK, entities: wide }).contacts).toHaveLength(4);
    for (const vcardArray of [
      null,
      {},
      [],
      ['vcard'],
      ['vcard', 'x'],
      ['vcard', [null, 7, ['fn'], ['fn', {}, 'text', { a: 1 }], ['email', {}, 'text', ['x']]]],
    ])
      expect(record({ ...NETWORK, entities: [{ roles: ['abuse'], vcardArray }] }).contacts[0]).toMatchObject({ email: null });
    expect(record({ ...NETWORK, entities: [{ roles: 'abuse' }, null, 7, { roles: [7, null] }] }).contacts).toEqual([]);
  });
});

describe('the client', () => {
  let db: TestDatabase;
  let base: TestContext;
  let clock: FakeClock;
  let registry: RdapServer;
  let other: RdapServer;
  let stranger: RdapServer;
  let rdap: Rdap;
  let files: Bootstrap[];

  beforeAll(async () => {
    db = await createTestDatabase();
    await db.database.pool.query('create schema international');
    for (const { sql } of migrations) await db.database.pool.query(sql);
    [registry, other, stranger] = await Promise.all([startRdapServer(), startRdapServer(), startRdapServer()]);
  });
  afterAll(async () => {
    await Promise.all([registry.close(), other.close(), stranger.close()]);
    await db.drop();
  });
  beforeEach(async () => {
    await db.database.pool.query('truncate international.rdap_answer');
    clock = createFakeClock();
    base = await createTestContext({ database: db.database, clock, config: { outboundAllow: [registry.host, other.host, stranger.host] } });
    for (const one of [registry, other, stranger]) {
      one.asked.length = 0;
      one.replies.clear();
    }
    rdap = createRdap(base.context);
    const bootstrap = readBootstrap(
      bootstrapFile([
        [['198.51.100.0/24'], [registry.base]],
        [['203.0.113.0/24'], [`${other.base}inner/`]],
        [['192.0.2.0/24'], ['http://192.0.2.1/']],
      ]),
    );
    files = bootstrap === undefined ? [] : [bootstrap];
    return () => base.dispose();
  });

  const ask = (text = '198.51.100.7', signal = new AbortController().signal): Promise<RdapAnswer> => rdap.ask({ kind: 'ip', address: at(text) }, files, signal);
  const PATH = 'ip/198.51.100.7';

  it('asks once a day, also when many ask at the same time', async () => {
    registry.replies.set(PATH, { body: NETWORK });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map(({ kind }) => kind)).toEqual(['found', 'found', 'found']);
    expect(await ask()).toMatchObject({ kind: 'found', server: registry.base, record: { country: 'NL' }, retrievedAt: clock.now() });
    expect(registry.asked).toEqual([PATH]);
    clock.advance(24 * 3_600_000 - 1);
    await ask();
    expect(registry.asked).toHaveLength(1);
    clock.advance(1);
    await ask();
    expect(registry.asked).toHaveLength(2);
  });

  it('keeps no question in the open', async () => {
    registry.replies.set(PATH, { body: NETWORK });
    await ask();
    const { rows } = await db.database.pool.query<Record<string, unknown>>('select * from international.rdap_answer');
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain('198.51.100.7');
  });

  it('keeps "there is none" for an hour, and a fault for minutes', async () => {
    expect(await ask()).toEqual({ kind: 'absent', server: registry.base });
    clock.advance(3_599_999);
    await ask();
    expect(registry.asked).toHaveLength(1);
    clock.advance(1);
    registry.replies.set(PATH, { status: 500 });
    expect(await ask()).toEqual({ kind: 'failed', reason: `${registry.base} answered 500.` });
    clock.advance(299_999);
    expect(await ask()).toMatchObject({ kind: 'failed' });
    expect(registry.asked).toHaveLength(2);
    clock.advance(1);
    registry.replies.set(PATH, { body: NETWORK });
    expect(await ask()).toMatchObject({ kind: 'found' });
    const { rows } = await db.database.pool.query('select 1 from international.rdap_answer');
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['text', { body: 'no json' }, 'something else'],
    ['another network', { body: { ...NETWORK, endAddress: '198.51.100.1' } }, 'something else'],
    ['far too much', { body: 'x'.repeat(600_000) }, 'sent too much'],
  ])('is told %s, and says so', async (_what, reply, reason) => {
    registry.replies.set(PATH, reply);
    expect(await ask()).toEqual({ kind: 'failed', reason: expect.stringContaining(reason) });
  });

  it('goes to another registry that a bootstrap file names, at most twice', async () => {
    registry.replies.set(PATH, { status: 302, location: `${other.base}inner/${PATH}` });
    other.replies.set(`inner/${PATH}`, { body: NETWORK });
    expect(await ask()).toMatchObject({ kind: 'found', server: `${other.base}inner/` });
    clock.advance(25 * 3_600_000);
    other.replies.set(`inner/${PATH}`, { status: 301, location: `${registry.base}${PATH}` });
    expect(await ask()).toEqual({ kind: 'failed', reason: expect.stringContaining('too many times') });
    expect([registry.asked.length, other.asked.length]).toEqual([3, 2]);
  });

  it.each([
    ['another server', (): string => `${stranger.base}${PATH}`],
    ['another part of that server', (): string => `${other.base}outside/${PATH}`],
    ['a name before an @', (): string => `${registry.base.replace('//', '//x@')}${PATH}`],
  ])('does not go to %s', async (_where, location) => {
    registry.replies.set(PATH, { status: 302, location: location() });
    expect(await ask()).toEqual({ kind: 'failed', reason: expect.stringContaining('that no bootstrap file names') });
    expect([...stranger.asked, ...other.asked]).toEqual([]);
  });

  it('asks nobody without a bootstrap file, nor a server that may not be called', async () => {
    expect(await ask('203.0.112.1')).toEqual({ kind: 'failed', reason: expect.stringContaining('No bootstrap file') });
    expect(await ask('192.0.2.9')).toEqual({ kind: 'failed', reason: expect.stringContaining('may not be called') });
  });

  it('leaves a server alone that says "too many", and keeps nothing of that', async () => {
    registry.replies.set(PATH, { status: 429 });
    expect(await ask()).toEqual({ kind: 'failed', reason: expect.stringContaining('too often') });
    registry.replies.set(PATH, { body: NETWORK });
    clock.advance(59_999);
    expect(await ask()).toMatchObject({ kind: 'failed' });
    expect(registry.asked).toHaveLength(1);
    clock.advance(1);
    expect(await ask()).toMatchObject({ kind: 'found' });
  });

  it('asks ten at once, then two a second, and nobody waits for longer than five seconds', async () => {
    const pace = createPace(clock);
    const { signal } = new AbortController();
    let taken = 0;
    const turns = Array.from({ length: 25 }, async () => {
      const has = await pace.take('one.example', signal);
      taken += has ? 1 : 0;
      return has;
    });
    expect(await Promise.all(turns.slice(20))).toEqual([false, false, false, false, false]);
    expect(taken).toBe(10);
    clock.advance(499);
    await Promise.resolve();
    expect(taken).toBe(10);
    clock.advance(1);
    await Promise.all(turns.slice(0, 11));
    expect(taken).toBe(11);
    expect(await pace.take('other.example', signal)).toBe(true);
    clock.advance(4_500);
    expect(await Promise.all(turns.slice(0, 20))).toEqual(Array.from({ length: 20 }, () => true));
  });

  it('keeps nothing when whoever asked went away while the registry was thinking', async () => {
    registry.replies.set(PATH, { isSilent: true });
    const leaving = new AbortController();
    const answer = ask('198.51.100.7', leaving.signal);
    await vi.waitFor(() => expect(registry.asked).toEqual([PATH]));
    leaving.abort();
    expect(await answer).toMatchObject({ kind: 'failed' });
    registry.replies.set(PATH, { body: NETWORK });
    expect(await ask()).toMatchObject({ kind: 'found' });
  });

  it('keeps nothing when whoever asked went away', async () => {
    const gone = new AbortController();
    gone.abort();
    expect(await ask('198.51.100.7', gone.signal)).toMatchObject({ kind: 'failed' });
    registry.replies.set(PATH, { body: NETWORK });
    expect(await ask()).toMatchObject({ kind: 'found' });
  });
});
