/** Questions and what follows, in the whole application, as the command line shows them. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp();
});
afterAll(() => app.stop());

async function run(name: string, positional: string[] = [], options: CommandArguments['options'] & { json?: true } = {}): Promise<string> {
  const lines: string[] = [];
  const code = await commands
    .find((one) => one.name === name)
    ?.run(
      {
        terminal: { out: (text: string) => void lines.push(text), err: () => undefined, isInteractive: false },
        log: silentLog,
        clock: systemClock,
        isJson: options.json === true,
        signal: new AbortController().signal,
        config: () => loadConfig({ env: {} }),
        api: async () => createApiClient({ socketPath: app.socketPath }),
      },
      { positional, options },
    );
  expect(code).toBe(EXIT.ok);
  return lines.join('');
}

it('begins with what decides most', async () => {
  expect(await run('code facts', [], { next: true })).toMatch(/^FACT.*\nkind +- .*\nukLinks|^FACT.*\nukLinks +- .*\nkind/);
  expect(await run('code facts')).toMatch(/^proactiveTech +yes +gatehouse/m);
});

it('keeps answers as they are typed, and says what comes next', async () => {
  expect(await run('code answer', ['ukLinks=yes', 'kind=u2u', 'ukMau=20,000'], { method: 'own analytics' })).toMatch(
    /^Kept 3 answers\. \d+ measures are decided.*\nNext: /,
  );
  expect(await run('code facts')).toMatch(/^ukMau +20,000 +command line on this machine/m);
  await expect(run('code answer', ['ukMau'])).rejects.toMatchObject({ code: 'invalid_request' });
  await expect(run('code answer', ['accounts=yes', 'ukMau=many'])).rejects.toMatchObject({ code: 'fact_invalid', extras: { errors: [{ at: 'ukMau' }] } });
  expect(await run('code facts')).toMatch(/^accounts +- /m);
});

it('says which measures are for the service, and why', async () => {
  expect(await run('code applies', [], { outcome: 'binds' })).toMatch(/^icu-a2 +binds +In force since 17 March 2025/m);
  expect(await run('code applies', ['icu-a2'], { on: '2025-01-01' })).toMatch(/^icu-a2: will_bind/);
  const small = await run('code applies', ['icu-a1']);
  expect(small).toContain('  ukMau: 20,000 (command line on this machine, ');
  expect(small).toContain('any of these:\n  ukMau: more than 7,000,000 (now 20,000)');
  expect(await run('code applies', ['icu-h1'])).toContain('Not answered: accounts');
  expect(JSON.parse(await run('code applies', ['icu-a1'], { json: true }))).toMatchObject({ control: 'icu-a1', outcome: 'not_asked' });
});

it('asks what if, and keeps nothing', async () => {
  const asked = await run('code what-if', ['ukMau=8000000']);
  expect(asked).toMatch(/^icu-a1 +not_asked -> binds/m);
  expect(asked).toMatch(/\d+ measures differ, \d+ do not\. Nothing was kept\.\n$/);
  expect(await run('code applies', ['icu-a1'])).toMatch(/^icu-a1: not_asked/);
});
