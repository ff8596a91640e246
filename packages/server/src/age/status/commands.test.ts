import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import type { ApiRequest } from '../../platform/cli/api.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';
import type { StatusListView } from './schema.ts';

const TIME = '2026-11-25T12:00:00.000Z';
const LIST: StatusListView = {
  id: `asl_${'0'.repeat(26)}`,
  uri: 'https://issuer.example/statuslists/1',
  issuer: null,
  signer: 'a'.repeat(64),
  state: 'fresh',
  issuedAt: TIME,
  expiresAt: null,
  fetchedAt: TIME,
  ageSeconds: 60,
  entries: 1024,
  nextFetchAt: TIME,
  failures: 0,
  failure: null,
  failedAt: null,
  addedAt: TIME,
  addedBy: 'tester',
};
const MISSING: StatusListView = { ...LIST, state: 'missing', signer: null, issuedAt: null, fetchedAt: null, entries: null, failures: 1, failure: 'timeout' };

async function run(name: string, args: Partial<CommandArguments>, body: unknown): Promise<{ code: number; out: string; sent: ApiRequest[] }> {
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

describe('age status', () => {
  it('add registers, and says by its exit code whether the list was fetched', async () => {
    const issuer = 'b'.repeat(64);
    const added = await run('age status add', { positional: [LIST.uri], options: { issuer } }, LIST);
    expect(added.sent).toEqual([{ method: 'POST', path: '/v1/age/status-lists', json: { uri: LIST.uri, issuer } }]);
    expect([added.code, added.out]).toEqual([EXIT.ok, expect.stringContaining('1024 entries')]);
    const failed = await run('age status add', { positional: [LIST.uri] }, MISSING);
    expect([failed.code, failed.out]).toEqual([EXIT.finding, expect.stringContaining('(timeout). Its credentials are refused.')]);
  });

  it('refresh and remove name the list', async () => {
    const kept = await run('age status refresh', { positional: ['a/b'] }, { ...LIST, failure: 'older', failures: 2 });
    expect([kept.code, kept.sent[0]?.path]).toEqual([EXIT.finding, '/v1/age/status-lists/a%2Fb/refresh']);
    expect(kept.out).toContain(`The one of ${TIME} is kept.`);
    expect((await run('age status remove', { positional: ['a'] }, undefined)).sent).toEqual([{ method: 'DELETE', path: '/v1/age/status-lists/a' }]);
  });

  it('list shows ages and failures, and what was seen', async () => {
    const lists = [
      { host: 'issuer.example', path: null, atLeast: 1, hasQuery: false },
      { host: 'b.example', path: '/1', atLeast: 15, hasQuery: true },
    ];
    const { out } = await run('age status list', {}, { lists: [LIST, MISSING], seen: { lists, others: 2 } });
    expect(out).toMatch(/fresh .*https:\/\/issuer\.example/);
    expect(out).toMatch(/missing +never .*timeout/);
    expect(out).toContain('issuer.example (path not shown yet)');
    expect(out).toContain('b.example/1?…');
    expect(out).toContain('not noted: 2.');
    expect((await run('age status list', {}, { lists: [], seen: { lists: [], others: 0 } })).out).not.toContain('refused');
  });
});
