import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import type { ApiRequest } from '../../platform/cli/api.ts';
import { runProgram } from '../../platform/cli/program.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';

const SERVICE = { id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'], createdAt: '2026-11-25T12:00:00.000Z' };

async function run(name: string, args: Partial<CommandArguments> = {}, body: unknown = SERVICE): Promise<{ code: number; out: string; sent: ApiRequest[] }> {
  const result = { code: -1, out: '', sent: [] as ApiRequest[] };
  const command = commands.find((one) => one.name === name);
  const context = {
    terminal: { out: (text: string) => void (result.out += text), err: () => undefined, isInteractive: false },
    log: silentLog,
    clock: createFakeClock(),
    isJson: false,
    signal: new AbortController().signal,
    config: () => loadConfig({ env: {} }),
    api: async () => ({
      async send(request: ApiRequest) {
        result.sent.push(request);
        return { status: 200, headers: {}, body };
      },
      close: async () => undefined,
    }),
  };
  result.code = (await command?.run(context, { positional: args.positional ?? [], options: args.options ?? {} })) ?? -1;
  return result;
}

describe('age service', () => {
  it('add registers', async () => {
    const options = {
      name: 'The Forum',
      returnOrigin: ['https://forum.example'],
      callback: 'https://forum.example/hook',
      underUrl: 'https://forum.example/young',
      helpUrl: 'mailto:help@forum.example',
    };
    const { code, out, sent } = await run('age service add', { positional: ['forum'], options });
    expect(code).toBe(EXIT.ok);
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/v1/age/services',
        json: {
          id: 'forum',
          name: 'The Forum',
          returnOrigins: ['https://forum.example'],
          callbackUrl: 'https://forum.example/hook',
          underUrl: 'https://forum.example/young',
          helpUrl: 'mailto:help@forum.example',
        },
      },
    ]);
    expect(out).toContain('https://forum.example');
  });

  it('list shows, and says how to begin', async () => {
    expect((await run('age service list', {}, { services: [SERVICE] })).out).toMatch(/^ID {5}NAME[^]+forum {2}The Forum/);
    expect((await run('age service list', {}, { services: [] })).out).toContain('gatehouse age service add');
  });

  it('remove removes', async () => {
    const { sent } = await run('age service remove', { positional: ['a/b'] });
    expect(sent).toEqual([{ method: 'DELETE', path: '/v1/age/services/a%2Fb' }]);
  });

  it('are three words on the command line', async () => {
    const out: string[] = [];
    const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void out.push(text), isInteractive: false };
    const options = {
      definitions: commands,
      version: '1',
      terminal,
      clock: createFakeClock(),
      signal: new AbortController().signal,
      openLocal: () => Promise.reject(new Error('not here')),
    };
    expect(await runProgram(options, ['age', 'service', '--help'])).toBe(EXIT.ok);
    expect(out.join('')).toContain('register a service that may ask for ages');
    expect(await runProgram(options, ['age', 'nothing'])).toBe(EXIT.usage);
  });
});
