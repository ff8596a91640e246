/** Lists over HTTP and from the command line, with the whole application. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startTestApp, type TestApp } from '../../test/support/app.ts';
import { valueOf } from '../../test/support/lists.ts';
import { runProgram } from '../platform/cli/program.ts';
import { systemClock } from '../platform/clock.ts';
import { listsCommands } from './commands.ts';
import { ImportEventSchema, ImportReportSchema } from './schema-changes.ts';
import { ListViewSchema, type ListView } from './schema.ts';

let app: TestApp;
let dir: string;
beforeAll(async () => {
  app = await startTestApp();
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-lists-'));
});
afterAll(async () => {
  await app.stop();
  await rm(dir, { recursive: true, force: true });
});

async function send(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const reply = await app.call(path, {
    method,
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

async function makeList(name: string): Promise<ListView> {
  return ListViewSchema.parse((await send('POST', '/v1/lists', { name })).body);
}

function importBody(list: ListView, query: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return app.call(`/v1/lists/${list.id}/import${query}`, { method: 'POST', headers: { 'content-type': 'text/csv', ...headers }, body });
}

describe('over HTTP', () => {
  test('a list is made, filled, looked at, changed, disabled and removed', async () => {
    const made = await send('POST', '/v1/lists', { name: 'HTTP list', radius: 20 });
    expect(made).toMatchObject({ status: 201, body: { name: 'HTTP list', radius: 20 } });
    const list = ListViewSchema.parse(made.body);
    expect((await send('POST', '/v1/lists', { name: 'http LIST' })).body).toMatchObject({ code: 'conflict' });
    expect((await send('POST', '/v1/lists', { radius: 20 })).body).toMatchObject({ code: 'invalid_request', errors: [{ at: '/name' }] });
    expect((await send('PATCH', `/v1/lists/${list.id}`, { radius: 64 })).status).toBe(400);
    expect((await send('PATCH', `/v1/lists/${list.id}`, { radius: 12, disposition: 'refuse' })).body).toMatchObject({ radius: 12, disposition: 'refuse' });
    const report = ImportReportSchema.parse(
      await (await importBody(list, '', `md5,id\n${valueOf('md5', 'h1')},r1\n${valueOf('md5', 'h2')},r2\nx,r3\n`)).json(),
    );
    expect(report).toMatchObject({ added: 2, bad: 1, badLines: [{ line: 4 }] });
    expect((await send('POST', `/v1/lists/${list.id}/entries`, { entries: [{ type: 'pdq', value: valueOf('pdq', 'h3') }] })).body).toMatchObject({ added: 1 });
    expect((await send('GET', `/v1/lists/${list.id}/entries?after=1&limit=1`)).body).toMatchObject({
      entries: [{ entry: 2, signal: 'md5', reference: 'r2', maskedValue: `${valueOf('md5', 'h2').slice(0, 4)}…` }],
      next: 2,
    });
    expect((await send('POST', `/v1/lists/${list.id}/entries/find`, { value: valueOf('md5', 'h2') })).body).toMatchObject({ entry: 2 });
    expect((await send('POST', `/v1/lists/${list.id}/entries/2/disable`)).body).toMatchObject({ entry: 2, state: 'disabled' });
    // In force at once; as this node's version a moment later, when it was just loading another.
    await vi.waitFor(async () => expect((await send('GET', `/v1/lists/${list.id}/entries?state=disabled`)).body).toMatchObject({ entries: [{ entry: 2 }] }));
    expect((await send('POST', `/v1/lists/${list.id}/entries/2/enable`)).body).toMatchObject({ state: 'active' });
    expect((await send('POST', `/v1/lists/${list.id}/disable`)).body).toMatchObject({ state: 'disabled' });
    expect((await send('POST', `/v1/lists/${list.id}/enable`)).body).toMatchObject({ state: 'active', entries: { pdq: 1, md5: 2 } });
    const all = (await send('GET', '/v1/lists')).body;
    expect(all).toMatchObject({ lists: [{ id: list.id }] });
    expect(JSON.stringify(all)).not.toContain(valueOf('md5', 'h1').slice(0, 12));
    const removed = (await send('DELETE', `/v1/lists/${list.id}`)).body;
    expect((await send('GET', `/v1/lists/${list.id}`)).body).toMatchObject({ code: 'gone' });
    const versions = (await send('GET', `/v1/list-versions?list=${list.id}&limit=3`)).body;
    expect(versions).toMatchObject({ versions: [{ kind: 'remove', listSetVersion: removed['listSetVersion'] }, { kind: 'enable' }, { kind: 'disable' }] });
    expect((await send('GET', `/v1/list-versions/${list.listSetVersion}`)).body).toMatchObject({ kind: 'create', listName: 'HTTP list' });
    expect((await send('GET', `/v1/list-versions/diff?from=${list.listSetVersion}&to=${String(removed['listSetVersion'])}`)).body).toMatchObject({
      lists: [{ change: 'removed' }],
    });
    expect((await send('GET', '/v1/list-versions/diff?from=x&to=1')).status).toBe(400);
  });

  test('an import can be strict, mapped, replacing and watched', async () => {
    const list = await makeList('Watched');
    const strict = await importBody(list, '?strict=true', 'md5\nnope\n');
    expect([strict.status, await strict.json()]).toMatchObject([422, { code: 'import_refused', bad: 1, errors: [{ at: 'line 2' }] }]);
    const mapped = await importBody(list, `?map=${encodeURIComponent('value=2,type=1')}`, `md5,${valueOf('md5', 'w1')}\nsha1,${valueOf('sha1', 'w2')}\n`);
    expect(await mapped.json()).toMatchObject({ added: 2 });
    expect((await importBody(list, '?map=colour', 'x')).status).toBe(400);
    const text = await importBody(list, '?mode=replace&type=sha256', `${valueOf('sha256', 'w3')}\n`, {
      'content-type': 'text/plain',
      accept: 'application/x-ndjson',
    });
    expect(text.headers.get('content-type')).toBe('application/x-ndjson');
    const events = (await text.text())
      .trim()
      .split('\n')
      .map((line) => ImportEventSchema.parse(JSON.parse(line)));
    expect(events.map((event) => (event.kind === 'progress' ? event.phase : event.kind))).toEqual([
      'reading',
      'sorting',
      'comparing',
      'storing',
      'loading',
      'report',
    ]);
    expect(events.at(-1)).toMatchObject({ report: { added: 1, withdrawn: 2 } });
    const failed = await importBody(list, '', `${valueOf('sha256', 'w3')}\n`, { accept: 'application/x-ndjson' });
    expect(ImportEventSchema.parse(JSON.parse((await failed.text()).trim().split('\n').at(-1) ?? ''))).toMatchObject({
      kind: 'problem',
      problem: { code: 'invalid_request', status: 400 },
    });
    const missing = await app.call('/v1/lists/list_00000000000000000000000000/import', {
      method: 'POST',
      headers: { accept: 'application/x-ndjson' },
      body: 'x',
    });
    expect(missing.status).toBe(404);
  });

  test('reading does not need the right to write, and writing does', async () => {
    const { body } = await send('POST', '/v1/keys', { name: 'reader', rights: ['lists:read'] });
    const headers = { authorization: `Bearer ${String(body['secret'])}`, 'content-type': 'application/json' };
    expect((await fetch(new URL('/v1/lists', app.url), { headers })).status).toBe(200);
    expect((await fetch(new URL('/v1/lists', app.url), { method: 'POST', headers, body: '{"name":"no"}' })).status).toBe(403);
    expect((await fetch(new URL('/v1/lists', app.url))).status).toBe(401);
  });
});

describe('from the command line', () => {
  async function run(...argv: string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
    const written = { out: '', err: '' };
    const code = await runProgram(
      {
        definitions: listsCommands,
        version: '0',
        clock: systemClock,
        signal: new AbortController().signal,
        terminal: { out: (text) => void (written.out += text), err: (text) => void (written.err += text), isInteractive: false },
        openLocal: async () => ({ socketPath: app.socketPath, stop: async () => undefined }),
      },
      argv,
    );
    return { code, ...written };
  }

  test('a file becomes a list of its name, with percentages, and the same file changes nothing', async () => {
    const file = join(dir, 'partner.csv');
    await writeFile(file, `type,value\n${Array.from({ length: 20_000 }, (_none, i) => `md5,${valueOf('md5', `cli ${i}`)}`).join('\n')}\n`);
    const first = await run('list', 'import', file, '--radius', '12', '--disposition', 'refuse', '--source', 'a partner');
    expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/^partner: 20000 added, 0 unchanged\. List-set version \d+ is in force\.\n$/) });
    expect(first.err).toMatch(/Importing: \d+ %[^]*Importing: 100 %[^]*Importing: 20001 lines in/);
    expect((await run('list', 'import', file, '--list', 'PARTNER')).out).toMatch(/20000 unchanged\. Nothing changed/);
    expect((await run('list', 'show', 'partner')).out).toMatch(/md5 20000[^]*refuses the upload[^]*12 bits[^]*a partner/);
    expect(JSON.parse((await run('list', 'show', '--json')).out)).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'partner', radius: 12 })]));
  });

  test('bad lines are shown and told by the exit code; strict refuses and leaves no list behind', async () => {
    const file = join(dir, 'mixed.txt');
    await writeFile(file, `${valueOf('md5', 'mixed')}\nrubbish\n`);
    const refused = await run('list', 'import', file, '--name', 'Mixed', '--strict');
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('line 2: 7 characters') });
    expect((await run('list', 'show', 'Mixed')).code).toBe(3);
    const taken = await run('list', 'import', file, '--name', 'Mixed');
    expect(taken).toMatchObject({ code: 2, out: expect.stringContaining('  line 2: 7 characters') });
    expect(taken.out + taken.err).not.toContain('rubbish');
    expect((await run('list', 'import', join(dir, 'none.csv'))).code).toBe(3);
  });

  test('lists and entries are disabled, enabled, changed, compared and removed', async () => {
    expect((await run('list', 'create', 'Hand', '--quality-floor', '70')).out).toContain('from quality 70');
    const file = join(dir, 'hand.jsonl');
    await writeFile(file, `{"md5":"${valueOf('md5', 'hand')}","reference":"r"}\n`);
    const report = ImportReportSchema.parse(JSON.parse((await run('list', 'import', file, '--list', 'Hand', '--json')).out));
    expect((await run('list', 'disable', 'Hand', '--value', valueOf('md5', 'hand'))).out).toBe('Entry 1 of "Hand" is disabled.\n');
    // A node shows the version that it has loaded, which is the new one within a second.
    await vi.waitFor(async () => expect((await run('list', 'show', 'Hand', '--entries', '5')).out).toMatch(/1 +md5 +disabled +[0-9a-f]{4}… +r/), 10_000);
    expect((await run('list', 'enable', 'Hand', '--entry', '1')).out).toBe('Entry 1 of "Hand" is active.\n');
    expect((await run('list', 'disable', 'Hand', '--entry', 'x')).code).toBe(3);
    expect((await run('list', 'disable', 'Hand')).out).toContain('disabled');
    expect((await run('list', 'enable', 'Hand')).out).toContain('active');
    expect((await run('list', 'set', 'Hand', '--name', 'Hand 2', '--radius', '3')).out).toContain('Hand 2');
    expect((await run('list', 'diff', String(report.listSetVersion), String(report.listSetVersion + 5))).out).toMatch(
      /Hand 2 +changed +0 +0 +0 +0 +0 +changed/,
    );
    expect((await run('list', 'versions', '--list', 'Hand 2', '--limit', '2')).out.split('\n')).toHaveLength(4);
    expect((await run('list', 'versions', String(report.listSetVersion))).out).toMatch(/import +Hand/);
    expect((await run('list', 'remove', 'Hand 2')).out).toContain('is removed');
    expect((await run('list', 'remove', 'Hand 2')).code).toBe(3);
  });
});
