/** The log against everything else: what happens leaves an entry, and what is taken out behind its back is found and named. On the whole application. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreIntoEmpty, startApp, type App } from '../src/app.ts';
import { domains } from '../src/domains.ts';
import type { Completeness } from '../src/log/checks-schema.ts';
import { writeRecordedBackup } from '../src/platform/backup/recorded.ts';
import { systemClock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import { LOCAL_PRINCIPAL } from '../src/platform/http/rights.ts';
import { silentLog } from '../src/platform/log.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let test: TestApp;

const log = () => test.app.services.log;
const db = () => test.app.context.database.sql;
const send = async (method: string, path: string, json?: unknown): Promise<Record<string, unknown>> => {
  const init = json === undefined ? { method } : { method, body: JSON.stringify(json), headers: { 'content-type': 'application/json' } };
  const response = await test.call(path, init);
  if (response.status >= 300) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
};

/** A list, two uploads of which one is held, a look, a scan, keys, a relying service, a deletion. */
async function useEverything(): Promise<{ readonly held: string; readonly released: string }> {
  await send('POST', '/v1/lists', { name: 'demonstration', source: 'test' });
  const upload = async (content: Uint8Array): Promise<string> => {
    const { id } = await send('POST', '/v1/uploads', {});
    await test.call(`/v1/uploads/${String(id)}/content?wait=30`, {
      method: 'PUT',
      body: Buffer.from(content),
      headers: { 'content-type': 'application/octet-stream' },
    });
    return String(id);
  };
  const held = await upload(Buffer.from('this is no picture'));
  const released = await upload(Buffer.from('nor is this one'));
  await send('POST', `/v1/uploads/${released}/rescreen?wait=30`);
  await test.call('/v1/scan', { method: 'POST', body: 'a third one', headers: { 'content-type': 'application/octet-stream' } });
  await send('POST', '/v1/age/services', { id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'] });
  const { key } = await test.app.services.access.createKey({ name: 'short', rights: ['scan'] }, LOCAL_PRINCIPAL);
  await test.app.services.access.revokeKey(key.id, LOCAL_PRINCIPAL);
  await test.app.services.access.createSignInLink({ name: 'Sam', rights: ['scan'] }, LOCAL_PRINCIPAL);
  await test.call(`/v1/uploads/${released}`, { method: 'DELETE' });
  return { held, released };
}

const find = (report: Completeness, title: string) => report.sources.find((source) => source.title === title);

describe('completeness', () => {
  beforeEach(async () => {
    test = await startTestApp();
  });
  afterEach(() => test.stop());

  it('holds after everything was used, whether events have their place or not', async () => {
    const { held } = await useEverything();
    const before = await log().checks.completeness.run();
    expect(before.sources.filter(({ missing, surplus }) => missing.count + surplus.count > 0)).toEqual([]);
    await log().drain();
    const after = await log().checks.completeness.run();
    expect(after.isComplete).toBe(true);
    expect(find(after, 'decisions about uploads')).toMatchObject({ rows: 3, entries: 3, pending: 0 });
    expect(find(after, 'list-set versions')).toMatchObject({ rows: 1, entries: 1 });
    expect(find(after, 'API keys that were revoked')).toMatchObject({ rows: 1, entries: 1 });
    expect(await log().checks.completeness.last()).toEqual(after);
    const index = await log().find('upload.decided', held);
    expect((await log().entry(index ?? -1)).record?.body).toMatchObject({ uploadId: held });
    expect(await log().find('upload.decided', 'upl_none')).toBeUndefined();
    const kinds = new Set((await log().entries({ before: Number.MAX_SAFE_INTEGER, limit: 500 })).map(({ entry }) => entry.kind));
    for (const kind of ['scan.decided', 'upload.requeued', 'upload.ended', 'config.changed', 'policy.changed', 'key.changed', 'age.record_written'])
      expect([...kinds]).toContain(kind);
  });

  it('finds an event that was taken out before it had its place, and one that had it', async () => {
    const { held, released } = await useEverything();
    await log().drain();
    // The second decision about this one: the first is still there.
    await sql`delete from log.entry where index = (select max(index) from log.entry where kind = 'upload.decided' and body ->> 'uploadId' = ${released})`.execute(
      db(),
    );
    await sql`update log.entry set body = jsonb_set(body, '{subject}', '"key_other"') where kind = 'access.changed' and body ->> 'change' = 'key.revoked'`.execute(
      db(),
    );
    await send('POST', `/v1/uploads/${held}/rescreen?wait=30`);
    await sql`delete from log.pending where kind = 'upload.decided'`.execute(db());
    await sql`delete from log.entry where kind = 'upload.decided' and index > (select min(index) from log.entry where kind = 'upload.decided' and body ->> 'uploadId' = ${held})
      and body ->> 'uploadId' = ${held}`.execute(db());
    const report = await log().checks.completeness.run();
    expect(report.isComplete).toBe(false);
    expect(find(report, 'decisions about uploads')).toMatchObject({ missing: { count: 2, ids: [held, released].toSorted() } });
    expect(find(report, 'API keys that were revoked')).toMatchObject({ missing: { count: 1 }, surplus: { count: 1, ids: ['key_other'] } });
    const doctor = await test.call('/v1/health');
    expect(((await doctor.json()) as { checks: { name: string; status: string }[] }).checks).toContainEqual(
      expect.objectContaining({ name: 'log.completeness', status: 'fail', finding: expect.stringContaining('decisions about uploads: 2 without an entry') }),
    );
  });

  it('finds an entry whose row was taken out, where rows are kept for good; where they are erased it only counts', async () => {
    const { held } = await useEverything();
    await log().drain();
    await sql`delete from access.api_key where name = 'short'`.execute(db());
    await sql`delete from intake.upload where id = ${held}`.execute(db());
    const report = await log().checks.completeness.run();
    expect(find(report, 'API keys')).toMatchObject({ surplus: { count: 1, ids: [expect.stringMatching(/^key_/)] } });
    expect(find(report, 'decisions about uploads')).toMatchObject({ surplus: { count: 0 }, erased: 1 });
    expect(report.isComplete).toBe(false);
  });

  it('does not miss what is older than the log', async () => {
    await useEverything();
    await log().drain();
    await sql`delete from log.entry where kind in ('access.changed', 'upload.decided')`.execute(db());
    expect((await log().checks.completeness.run()).isComplete).toBe(false);
    await sql`update intake.upload set decisions = null`.execute(db());
    await sql`update log.kind set since = now() + interval '1 minute'`.execute(db());
    const report = await log().checks.completeness.run();
    expect(report.sources.flatMap(({ missing }) => missing.ids)).toEqual([]);
  });
});

describe('from one start to the next', () => {
  let folder = '';
  let database: TestDatabase;
  let app: App | undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-starts-'));
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await app?.stop();
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const load = (config: Record<string, unknown>) =>
    loadConfig({ env: {}, overrides: { dataDir: join(folder, 'data'), port: 0, logLevel: 'silent', ...config } });
  const start = async (config: Record<string, unknown>, target = database.target): Promise<Record<string, unknown>[]> => {
    await app?.stop();
    app = await startApp({ loaded: load(config), log: silentLog, clock: systemClock, listen: 'control', database: target });
    await app.services.log.drain();
    const entries = await app.services.log.entries({ before: Number.MAX_SAFE_INTEGER, limit: 500 });
    return entries
      .flatMap(({ entry, record }) => (/^(config|policy|key|backup)\./.test(entry.kind) ? [{ kind: entry.kind, ...record?.body }] : []))
      .toReversed();
  };

  it('settings, policy and keys that changed are entries, and no value is', async () => {
    const first = await start({});
    expect(first.filter(({ kind }) => kind === 'config.changed')).toEqual([
      { kind: 'config.changed', setting: 'all', change: 'first_start', digest: expect.any(String) },
    ]);
    expect(first.filter(({ kind }) => kind === 'policy.changed')).toHaveLength(1);
    expect(first.flatMap(({ purpose }) => purpose ?? []).toSorted()).toEqual(['age_openid', 'age_results', 'age_wallet_requests', 'log', 'receipts']);
    expect(await start({})).toEqual(first);
    const second = (await start({ onUnscannable: 'release', logOrigin: 'log.example/secret-name' })).slice(first.length);
    const show = ({ kind, setting, purpose, change }: Record<string, unknown>): unknown => [kind, setting ?? purpose, change];
    expect(second.map(show)).toEqual([
      ['config.changed', 'onUnscannable', 'changed'],
      ['config.changed', 'logOrigin', 'set'],
      ['policy.changed', undefined, undefined],
    ]);
    expect(JSON.stringify(second.filter(({ kind }) => kind === 'config.changed'))).not.toContain('secret-name');
    // Back to what it was: that is a change as well.
    await rm(join(folder, 'data/keys/receipt.pem'));
    const third = (await start({})).slice(first.length + second.length);
    expect(third.map(show).slice(0, 2)).toEqual([
      ['config.changed', 'onUnscannable', 'changed'],
      ['config.changed', 'logOrigin', 'unset'],
    ]);
    expect(third.map(show)).toContainEqual(['key.changed', 'receipts', undefined]);
    expect(
      third.some(({ kind, policyVersion }) => kind === 'policy.changed' && policyVersion === first.find((entry) => entry['kind'] === kind)?.['policyVersion']),
    ).toBe(true);
  });

  it('a secret leaves only that it changed', async () => {
    const found = await start({ databaseUrl: 'postgres://me:hunter2@127.0.0.1/x' }).then(() => start({ databaseUrl: 'postgres://me:hunter3@127.0.0.1/x' }));
    expect(found.at(-1)).toMatchObject({ setting: 'databaseUrl', change: 'changed' });
    expect(JSON.stringify(found)).not.toMatch(/hunter|127\.0\.0\.1/);
    const { rows } = await database.database.pool.query("select name, encode(digest, 'escape') as digest from log.state");
    expect(JSON.stringify(rows)).not.toContain('hunter');
  });

  it('a backup and its restore are entries', async () => {
    await start({});
    if (app === undefined) throw new Error('it was started');
    await writeRecordedBackup(
      app.context,
      join(folder, 'backup'),
      domains.map(({ name, migrations }) => ({ domain: name, migrations })),
    );
    await expect(writeRecordedBackup(app.context, join(folder, 'backup'), [])).rejects.toMatchObject({ code: 'conflict' });
    const made = (await start({})).filter(({ kind }) => kind === 'backup.made');
    expect(made.map(({ change }) => change)).toEqual(['begun', 'written', 'begun', 'failed']);
    const other = await createTestDatabase();
    try {
      const place = { dataDir: join(folder, 'restored') };
      await restoreIntoEmpty({ loaded: load(place), log: silentLog, clock: systemClock, database: other.target }, join(folder, 'backup'));
      const restored = await start(place, other.target);
      expect(restored.filter(({ kind }) => kind === 'backup.restored')).toHaveLength(1);
      expect((await start(place, other.target)).filter(({ kind }) => kind === 'backup.restored')).toHaveLength(1);
      // What came with the backup is compared as well.
      expect((await app.services.log.checks.completeness.run()).isComplete).toBe(true);
    } finally {
      await app.stop();
      await other.drop();
    }
  });
});
