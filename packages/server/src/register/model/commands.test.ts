/** The register in the whole application, as two people use it on the command line: one over the control socket, one with a key. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import type { CommandArguments } from '../../platform/cli/command.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands as exchangeCommands } from '../exchange/commands.ts';
import { commands } from './commands.ts';

const ID = 'iicsa-internet-2020';

let app: TestApp;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-register-'));
  app = await startTestApp();
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | undefined;
  readonly text: string;
}

async function run(name: string, positional: string[] = [], options: CommandArguments['options'] & { readonly reviewer?: true } = {}): Promise<Ran> {
  const lines: string[] = [];
  const target = options.reviewer === true ? { url: app.url, apiKey: app.key } : { socketPath: app.socketPath };
  const code = await [...commands, ...exchangeCommands]
    .find((one) => one.name === `register ${name}`)
    ?.run(
      {
        terminal: { out: (text: string) => void lines.push(text), err: () => undefined, isInteractive: false },
        log: silentLog,
        clock: systemClock,
        isJson: false,
        signal: new AbortController().signal,
        config: () => loadConfig({ env: {} }),
        api: async () => createApiClient(target),
      },
      { positional, options },
    );
  return { code, text: lines.join('') };
}

async function write(name: string, content: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

it('lists and shows what is published', async () => {
  expect((await run('list')).text).toMatch(new RegExp(`^${ID}/1 +under way +59 days late +Pre-screening before upload`, 'm'));
  expect((await run('list', [], { text: 'interim code' })).text.split('\n')).toHaveLength(4);
  const { text } = await run('show', [`${ID}/2`]);
  expect(text).toContain('Claim (independent, accountabilityindex.uk, 2026-11-23): not started.');
  expect(text).toContain('Response 2020-11-10, UK Government (not_classified), 59 days late:');
  await expect(run('show', [`${ID}/9`])).rejects.toMatchObject({ code: 'not_found' });
});

it('proposes, and lets only somebody else publish', async () => {
  const body = { by: 'UK Government', date: '2026-11-20', class: 'accepted', classAsPublished: 'Accepted', text: 'News.', source: null };
  const file = await write('change.json', { kind: 'response', recommendation: `${ID}/2`, body });
  const id = /chg_\w+/.exec((await run('propose', [file])).text)?.[0] ?? '';
  expect((await run('drafts')).text).toMatch(new RegExp(`^${id} +draft +response`, 'm'));
  expect((await run('submit', [id])).text).toMatch(/^Submitted: response of .* \(in_review\)/);
  await expect(run('publish', [id])).rejects.toMatchObject({ code: 'conflict' });
  expect((await run('publish', [id], { reviewer: true })).text).toMatch(/\(published\)/);
  expect((await run('show', [`${ID}/2`])).text).toContain('(Accepted): News.');
  const other = /chg_\w+/.exec((await run('propose', [file])).text)?.[0] ?? '';
  await expect(run('withdraw', [other], { reviewer: true, reason: 'x' })).rejects.toMatchObject({ code: 'forbidden' });
  expect((await run('withdraw', [other], { reason: 'Twice' })).text).toMatch(/^Withdrawn/);
  expect((await run('drafts')).text).toBe('Nothing is in draft or in review.\n');
});

it('exports, and imports what it exported under another name', async () => {
  const out = join(folder, 'out.jsonld');
  expect((await run('export', [ID], { format: 'jsonld', out })).text).toBe(`Wrote ${out}.\n`);
  const served = await (await app.call(`/v1/register/registers/${ID}/export?format=jsonld`)).text();
  const written = await readFile(out, 'utf8');
  expect(written).toBe(served);
  expect(await run('import', [out])).toMatchObject({ code: 0, text: 'New or different: nothing. In the register already: 20.\n' });
  const copy = await write('copy.jsonld', written.replaceAll(ID, 'copy-2026'));
  expect((await run('import', [copy])).text).toMatch(/recommendation 4.*\nNothing was kept\. Do it with --keep\.\n$/);
  const batch = /imp_\w+/.exec((await run('import', [copy], { keep: true })).text)?.[0] ?? '';
  await run('submit', [batch]);
  await run('publish', [batch], { reviewer: true });
  expect((await run('list', [], { register: 'copy-2026' })).text.trim().split('\n')).toHaveLength(5);
  const broken = await run('import', [await write('broken.csv', 'No\n1\n')], {
    mapping: await write('mapping.json', { ...MAPPING, columns: { number: 'Nr' } }),
  });
  expect(broken).toMatchObject({ code: 1, text: expect.stringMatching(/- mapping: The table has no column “Nr” \(number\)\./) });
});

const MAPPING = {
  register: {
    id: 'other',
    title: 'T',
    inquiry: 'I',
    publisher: 'P',
    publishedAt: '2026-01-01',
    responseDueAt: null,
    source: { url: 'https://example.org/', publisher: 'P', title: 'T', licence: null, retrievedAt: '2026-01-01', sha256: null, archivedUrl: null, quote: null },
    licence: null,
  },
};

it('shows the documents of sources without asking for any', async () => {
  expect(await run('links')).toMatchObject({ code: 0, text: expect.stringMatching(/^not_checked +https:\/\/www\.iicsa\.org\.uk\//m) });
});

it('is in the log completely', async () => {
  const { body } = await createApiClient({ socketPath: app.socketPath }).send({ method: 'POST', path: '/v1/log/completeness' });
  expect(body).toMatchObject({ isComplete: true });
  expect(JSON.stringify(body)).toContain('register.changed');
});
