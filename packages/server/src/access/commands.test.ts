import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/clock.ts';
import type { ApiRequest } from '../platform/cli/api.ts';
import { runProgram } from '../platform/cli/program.ts';
import type { CommandArguments, CommandContext } from '../platform/cli/command.ts';
import { loadConfig } from '../platform/config.ts';
import { ALL_RIGHTS } from '../platform/http/rights.ts';
import { silentLog } from '../platform/log.ts';
import { commands } from './commands.ts';
import type { KeyView } from './schema.ts';

const KEY: KeyView = {
  id: `key_${'0'.repeat(26)}`,
  name: 'web shop',
  prefix: `gh_${'0'.repeat(26)}`,
  rights: ['scan'],
  state: 'active',
  createdAt: '2026-11-25T12:00:00.000Z',
  createdBy: 'local',
  expiresAt: null,
  lastUsedAt: '2026-11-25T12:34:00.000Z',
  revokedAt: null,
};
const LINK = { url: 'http://127.0.0.1:8080/sign-in/x', person: 'administrator', expiresAt: '2026-11-25T12:30:00.000Z' };
const ANSWERS: Readonly<Record<string, unknown>> = {
  'GET /v1/me': { rights: ALL_RIGHTS },
  'POST /v1/sign-in-links': LINK,
  'POST /v1/keys': { key: KEY, secret: 'gh_secret' },
  'GET /v1/keys': { keys: [KEY] },
};

async function run(
  name: string,
  args: Partial<CommandArguments> & { readonly isJson?: boolean } = {},
): Promise<{ code: number; out: string; err: string; sent: ApiRequest[] }> {
  const result = { code: -1, out: '', err: '', sent: [] as ApiRequest[] };
  const context: CommandContext = {
    terminal: { out: (text) => void (result.out += text), err: (text) => void (result.err += text), isInteractive: false },
    log: silentLog,
    clock: createFakeClock(),
    isJson: args.isJson === true,
    signal: new AbortController().signal,
    config: () => loadConfig({ env: {} }),
    api: async () => ({
      async send(request) {
        result.sent.push(request);
        return { status: 200, headers: {}, body: ANSWERS[`${request.method} ${request.path}`] ?? '' };
      },
      close: async () => undefined,
    }),
  };
  const command = commands.find((definition) => definition.name === name);
  result.code = (await command?.run(context, { positional: args.positional ?? [], options: args.options ?? {} })) ?? -1;
  return result;
}

describe('access sign-in-link', () => {
  it('prints only the link on standard output, for the administrator with every right', async () => {
    const result = await run('access sign-in-link');
    expect([result.code, result.out]).toEqual([0, `${LINK.url}\n`]);
    expect(result.err).toContain('works once');
    expect(result.sent.at(-1)?.json).toEqual({ name: 'administrator', rights: ALL_RIGHTS });
  });

  it('leaves the rights of a named person unless some are given', async () => {
    expect((await run('access sign-in-link', { options: { name: 'Sam', right: [] } })).sent).toEqual([
      { method: 'POST', path: '/v1/sign-in-links', json: { name: 'Sam' } },
    ]);
    const given = await run('access sign-in-link', { options: { name: 'Sam', right: ['scan'], minutes: '5' }, isJson: true });
    expect(given.sent.at(-1)?.json).toEqual({ name: 'Sam', rights: ['scan'], minutes: 5 });
    expect([JSON.parse(given.out), given.err]).toEqual([LINK, '']);
  });
});

describe('key', () => {
  it('create prints only the key on standard output', async () => {
    const result = await run('key create', { options: { name: 'web shop', right: ['scan', 'receipts:verify'], expiresDays: '365' } });
    expect([result.code, result.out]).toEqual([0, 'gh_secret\n']);
    expect(result.sent.at(-1)?.json).toEqual({ name: 'web shop', rights: ['scan', 'receipts:verify'], expiresInDays: 365 });
  });

  it.each(['12d', '-1', '1e3', '', '0x10'])('create refuses %j days rather than make a key without an end', async (expiresDays) => {
    await expect(run('key create', { options: { name: 'x', right: ['scan'], expiresDays } })).rejects.toThrow('whole number');
  });

  it('list shows rights and last use, or the keys as JSON', async () => {
    const { out } = await run('key list');
    expect(out.split('\n')[1]).toMatch(/^key_0{26} {2}web shop {2}active +scan +2026-11-25 {2}- +2026-11-25$/);
    expect(JSON.parse((await run('key list', { isJson: true })).out)).toEqual([KEY]);
  });

  it('revoke names the key in the path, whatever it is', async () => {
    expect((await run('key revoke', { positional: ['../lists/1'] })).sent).toEqual([{ method: 'DELETE', path: '/v1/keys/..%2Flists%2F1' }]);
    expect((await run('key revoke', { positional: [KEY.id] })).out).toBe(`Key ${KEY.id} is revoked.\n`);
  });

  it('and its options are understood by the program', async () => {
    let text = '';
    const code = await runProgram(
      {
        definitions: commands,
        version: '0',
        terminal: { out: (more) => void (text += more), err: () => undefined, isInteractive: false },
        clock: createFakeClock(),
        signal: new AbortController().signal,
        openLocal: () => Promise.reject(new Error('not needed')),
      },
      ['key', 'create', '--help'],
    );
    expect(code).toBe(0);
    for (const part of ['--name', '--right', '--expires-days', '--json', ...ALL_RIGHTS]) expect(text).toContain(part);
  });
});
