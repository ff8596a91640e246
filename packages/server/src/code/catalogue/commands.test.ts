/** The catalogue in the whole application, as the command line shows it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { makeNextCatalogue, signRelease, TEST_PUBLISHER } from '../../../test/support/catalogue.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';

let app: TestApp;
let folder = '';
beforeAll(async () => {
  app = await startTestApp({ config: { codeCatalogueKeys: [TEST_PUBLISHER] } });
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-release-'));
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true, force: true });
});

async function run(name: string, positional: string[] = [], options: CommandArguments['options'] = {}): Promise<string> {
  const command = commands.find((one) => one.name === name);
  const lines: string[] = [];
  const code = await command?.run(
    {
      terminal: { out: (text: string) => void lines.push(text), err: () => undefined, isInteractive: false },
      log: silentLog,
      clock: systemClock,
      isJson: false,
      signal: new AbortController().signal,
      config: () => loadConfig({ env: {} }),
      api: async () => createApiClient({ socketPath: app.socketPath }),
    },
    { positional, options },
  );
  expect(code).toBe(EXIT.ok);
  return lines.join('');
}

it('is shown with what must be checked', async () => {
  const all = await run('code catalogue');
  expect(all).toContain("not Ofcom's");
  expect(all).toMatch(/^icu-c9 {8}.*Hash matching for known abuse images/m);
  const open = await run('code catalogue', [], { toVerify: true });
  expect(open).not.toMatch(/^icu-c9 {8}/m);
  expect(open.match(/^\S+ +check /gm)).toHaveLength(141);
});

it('shows one measure whole', async () => {
  const shown = await run('code show', ['icu-c9-perf']);
  for (const part of ['ICU C9-perf', 'TO BE CHECKED', 'https://www.ofcom.org.uk/', 'applies("icu-c9")', 'Up: ic-01.1', 'match_seed_recall_ratio'])
    expect(shown).toContain(part);
  await expect(run('code show', ['nothing'])).rejects.toMatchObject({ code: 'not_found' });
});

it('imports a release, says what changes, and goes back with a reason', async () => {
  const { bytes, note } = await signRelease(makeNextCatalogue());
  const files = [join(folder, 'catalogue-1.1.0.json'), join(folder, 'catalogue-1.1.0.note')] as const;
  await writeFile(files[0], bytes);
  await writeFile(files[1], note);
  expect(await run('code import', [...files])).toContain('Release 1.1.0 of 2027-01-15 is in use: 180 measures');
  expect(await run('code amendments')).toMatch(/^2027-01-15 {2}Release 1\.1\.0 of the catalogue/m);
  await expect(run('code use', ['1.0.0'])).rejects.toMatchObject({ code: 'conflict' });
  expect(await run('code use', ['1.0.0'], { allowOlder: true, reason: 'test' })).toContain('Release 1.0.0');
  expect(await run('code releases')).toMatch(/^1\.1\.0.*\n1\.0\.0 .*yes .*came with Gatehouse$/m);
  await writeFile(
    files[0],
    bytes.map((byte, index) => (index === 500 ? byte ^ 1 : byte)),
  );
  await expect(run('code import', [...files])).rejects.toMatchObject({ code: 'catalogue_signature' });
  await expect(run('code import', [folder, files[1]])).rejects.toMatchObject({ code: 'invalid_request' });
});
