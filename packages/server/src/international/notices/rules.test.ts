import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { AUTHORITY, makeClaim, makeContact, makeProcedure } from '../../../test/support/notices-scene.ts';
import { loadConfig } from '../../platform/config.ts';
import { readAuthorityFile, readLadderFile } from './configuration.ts';
import { listContacts, nameNetwork, redactClaim } from './contact-rules.ts';
import { openNoticeKeys } from './keys.ts';
import { LadderSchema } from './ladder-schema.ts';
import { measureRemoval } from './measure-rules.ts';
import { judgeReply } from './reply-effect-rules.ts';
import type { ReportFact } from './schema.ts';
import { maySend } from './situation-rules.ts';
import { hostOf, normaliseUrl } from './url-rules.ts';

const dirs: string[] = [];
async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'notices-rules-'));
  dirs.push(dir);
  return dir;
}
afterEach(async () => {
  for (const dir of dirs.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe('addresses', () => {
  it.each([
    ['HTTP://Host.Example.org:80/a?b=1#part', 'http://host.example.org/a?b=1'],
    ['https://host.example.org./', 'https://host.example.org/'],
    ['https://host.example.org/a/../b', 'https://host.example.org/b'],
    ['https://bücher.example.org', 'https://xn--bcher-kva.example.org/'],
  ])('%s is the same as %s', (url, expected) => {
    expect(normaliseUrl(url)).toBe(expected);
  });

  it('another scheme, port, path or query is another one; the host has no port', () => {
    const urls = [
      'http://host.example.org/',
      'https://host.example.org/',
      'https://host.example.org:8443/',
      'https://host.example.org/a',
      'https://host.example.org/?a',
    ];
    expect(new Set(urls.map(normaliseUrl)).size).toBe(5);
    expect(new Set(urls.map(hostOf))).toEqual(new Set(['host.example.org']));
  });
});

describe('configuration', () => {
  it.each([
    [{ remindAfterDays: [3, 1] }, 'remindAfterDays'],
    [{ remindAfterDays: [1, 5] }, 'remindAfterDays'],
    [{ escalateAfterDays: 20 }, 'closeAfterDays'],
    [{ policeLimitDays: { nl: 3 } }, 'policeLimitDays'],
    [{ blockedDays: ['tomorrow'] }, 'blockedDays'],
    [{ unknown: 1 }, ''],
  ])('a ladder with %o is refused', (ladder, at) => {
    expect(LadderSchema.safeParse(ladder).error?.issues[0]?.path[0] ?? '').toBe(at);
  });

  it('files: what is wrong in them stops the start and is named', async () => {
    const dir = await makeDir();
    const read = (overrides: Record<string, unknown>) => loadConfig({ env: {}, overrides: { dataDir: dir, ...overrides } }).config;
    await writeFile(join(dir, 'authority.json'), JSON.stringify({ ...AUTHORITY, countries: [] }));
    await writeFile(join(dir, 'ladder.json'), '{');
    await expect(readAuthorityFile(read({ noticesAuthority: join(dir, 'authority.json') }))).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('countries'),
    });
    await expect(readLadderFile(read({ noticesLadderFile: join(dir, 'ladder.json') }))).rejects.toMatchObject({ code: 'config_invalid' });
    expect(await readAuthorityFile(read({}))).toBeNull();
    expect((await readLadderFile(read({}))).remindAfterDays).toEqual([1, 3]);
  });

  it('the key file is made once, only its owner reads it, and one that is damaged is refused', async () => {
    const path = join(await makeDir(), 'keys', 'notices.key');
    const keys = await openNoticeKeys(path, { isOwn: true });
    const first = await keys.current();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await (await openNoticeKeys(path, { isOwn: true })).current()).id).toBe(first.id);
    await keys.add();
    expect([(await keys.current()).id === first.id, (await keys.byId(first.id)).id]).toEqual([false, first.id]);
    await keys.dropOld();
    await expect(keys.byId(first.id)).rejects.toMatchObject({ code: 'notice_sealed' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o600);
    await writeFile(path, 'short AAAA\n');
    await expect(openNoticeKeys(path, { isOwn: true })).rejects.toMatchObject({ code: 'config_invalid', message: expect.not.stringContaining('AAAA') });
  });

  it('a key file of the operator is never written', async () => {
    const path = join(await makeDir(), 'own.key');
    await expect(openNoticeKeys(path, { isOwn: false })).rejects.toMatchObject({ code: 'config_invalid' });
    const text = `one ${'A'.repeat(43)}\ntwo ${'B'.repeat(42)}A\n`;
    await writeFile(path, text);
    const keys = await openNoticeKeys(path, { isOwn: false });
    await keys.add();
    await keys.dropOld();
    expect([await readFile(path, 'utf8'), (await keys.current()).id, (await keys.all()).length]).toEqual([text, 'one', 2]);
  });
});

describe('whom one may tell', () => {
  const place = { country: 'NL', origin: 'claimed', classification: 'baseline' } as const;
  it.each([
    [AUTHORITY, place, true],
    [null, place, false],
    [AUTHORITY, { ...place, country: 'FR' }, false],
    [AUTHORITY, { ...place, classification: 'not_assessed' as const }, false],
    [AUTHORITY, { ...place, country: null, origin: 'edge_origin_unknown' as const }, false],
    [{ ...AUTHORITY, deliveryNetworks: true }, { ...place, country: null, origin: 'edge_origin_unknown' as const }, true],
    [{ ...AUTHORITY, deliveryNetworks: true }, { ...place, country: null, origin: 'disputed' as const }, false],
  ])('%#', (authority, where, expected) => {
    expect(maySend(authority, where)).toBe(expected);
  });

  it('nobody tells themselves, and there is always a hotline to look for', () => {
    const now = new Date('2026-11-25T00:00:00Z');
    const claim = makeClaim('host.example.org', 'NL');
    const own = { name: 'Own', url: null, email: AUTHORITY.contactEmail.toUpperCase() };
    const list = (hotline: typeof own | null) =>
      listContacts({ claim, procedure: makeProcedure('NL', { hotline }), home: null, authority: AUTHORITY, now }).map(({ scope }) => scope);
    expect(list(own)).toEqual(['network', 'registrar']);
    expect(list(null)).toEqual(['hotline', 'network', 'registrar']);
  });

  it('without the right nothing names the host', () => {
    const contacts = [
      makeContact('host', 'abuse@secret.example.org', { name: 'secret.example.org', source: 'guess of RFC 2142', problem: 'A guess at secret.example.org' }),
    ];
    const claim = makeClaim('secret.example.org', 'NL', { contacts, aliases: ['cdn.secret.example.org'], problems: ['secret.example.org did not answer'] });
    expect(JSON.stringify(redactClaim(claim, { seesUrls: false }))).not.toMatch(/secret|192\.0\.2/);
    expect(redactClaim(claim, { seesUrls: true })).toEqual(claim);
    expect(nameNetwork(claim)).toBe('AS64496 EXAMPLE-NET');
  });
});

describe('replies', () => {
  const host = { scope: 'host', state: 'sent' } as const;
  it.each([
    [{ kind: 'answer', outcome: 'removed' } as const, host, { kind: 'close', outcome: 'removed' }],
    [{ kind: 'answer', outcome: 'removed' } as const, { ...host, scope: 'police' } as const, { kind: 'person' }],
    [{ kind: 'answer', outcome: 'not_illegal' } as const, host, { kind: 'person' }],
    [{ kind: 'automatic', outcome: 'removed' } as const, host, { kind: 'none' }],
    [{ kind: 'bounce', outcome: null } as const, host, { kind: 'bounced' }],
    [{ kind: 'bounce', outcome: null } as const, { ...host, state: 'withdrawn' } as const, { kind: 'none' }],
    [{ kind: 'answer', outcome: 'removed' } as const, undefined, { kind: 'person' }],
    [{ kind: 'unreadable', outcome: null } as const, host, { kind: 'person' }],
  ])('%#', (reply, notice, expected) => {
    expect(judgeReply(reply, notice)).toEqual(expected);
  });
});

it('times to removal: fewer than ten say nothing, open ones count for nothing and are named', () => {
  const start = new Date('2026-11-01T00:00:00Z');
  const fact = (country: string | null, hours: number | null): ReportFact => ({
    ...{ country, network: null, scope: 'host', reportedAt: start, firstSentAt: start },
    closedAt: hours === null ? null : new Date(start.getTime() + hours * 3_600_000),
    outcome: hours === null ? null : 'removed',
  });
  const facts = [...Array.from({ length: 10 }, (_none, i) => fact('NL', i + 1)), ...Array.from({ length: 9 }, () => fact('DE', 100)), fact(null, null)];
  expect(measureRemoval(facts)).toEqual({ median: 10, removed: 19, open: 1, rows: [{ label: 'NL', figure: 5.5 }] });
  expect(measureRemoval(facts.slice(0, 9))).toMatchObject({ median: null, rows: [] });
});
