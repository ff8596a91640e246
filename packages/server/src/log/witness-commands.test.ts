import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignerKey, formatVerifierKey, signCheckpoint, openTreeBuilder, tilePath } from '@gatehouse/tlog';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/clock.ts';
import { startTestAuthority } from '../../test/support/timestamp-authority.ts';
import { EXIT, type CommandArguments } from '../platform/cli/command.ts';
import type { ApiRequest } from '../platform/cli/api.ts';
import { loadConfig } from '../platform/config.ts';
import { silentLog } from '../platform/log.ts';
import { createHash } from 'node:crypto';
import { commands } from './commands.ts';
import { encodeStampRequest } from './stamp-info.ts';
import type { Cosigner, WitnessedLog } from './witness-schema.ts';

const TIME = '2026-11-25T12:00:00.000Z';
const GOOD: Cosigner = {
  name: 'b.example/w',
  url: 'https://b.example/w',
  verifierKey: 'k',
  addedAt: TIME,
  askedAt: TIME,
  size: 7,
  cosignedAt: TIME,
  failingSince: null,
  failure: null,
};
const BAD: Cosigner = { ...GOOD, name: 'c.example/w', failure: 'rolled_back', failingSince: TIME };
const LOG: WitnessedLog = { origin: 'a.example/log', verifierKey: 'k', addedAt: TIME, size: 9, cosignedAt: TIME, refused: null };

async function run(
  name: string,
  args: Partial<CommandArguments>,
  answer: (request: ApiRequest) => unknown = () => ({}),
): Promise<{ code: number; out: string; sent: ApiRequest[] }> {
  const result = { code: -1, out: '', sent: [] as ApiRequest[] };
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
        return { status: 200, headers: {}, body: answer(request) };
      },
      close: async () => undefined,
    }),
  };
  const command = commands.find((one) => one.name === name);
  result.code = (await command?.run(context, { positional: args.positional ?? [], options: args.options ?? {} })) ?? -1;
  return result;
}

describe('commands', () => {
  it('log cosigner add, list and remove', async () => {
    const added = await run('log cosigner add', { positional: ['https://b.example/w'], options: { key: 'k' } }, () => GOOD);
    expect(added.sent).toEqual([{ method: 'POST', path: '/v1/log/cosigners', json: { url: 'https://b.example/w', verifierKey: 'k' } }]);
    const listed = await run('log cosigner list', {}, () => ({ cosigners: [GOOD, BAD] }));
    expect(listed.code).toBe(EXIT.finding);
    expect(listed.out).toContain('c.example/w: It has cosigned more entries than this log has');
    expect((await run('log cosign', {}, () => ({ cosigners: [GOOD] }))).code).toBe(EXIT.ok);
    const removed = await run('log cosigner remove', { positional: ['b.example/w'] });
    expect(removed.sent).toEqual([{ method: 'DELETE', path: '/v1/log/cosigners?name=b.example%2Fw' }]);
  });

  it('log witness add, list and remove', async () => {
    const answer = ({ path }: ApiRequest): unknown => (path === '/v1/log/witness' ? { name: 'b.example/w', verifierKey: 'b+1+k', logs: [LOG] } : LOG);
    const added = await run('log witness add', { positional: ['a.example/log+1+k'] }, answer);
    expect(added.out).toContain('from 9 entries on');
    expect(added.out).toContain('Key of this witness: b+1+k');
    expect((await run('log witness list', {}, answer)).code).toBe(EXIT.ok);
    const forked = { name: 'w', verifierKey: 'k', logs: [{ ...LOG, refused: { why: 'fork', at: TIME, note: 'n' } }] };
    const listed = await run('log witness list', {}, () => forked);
    expect([listed.code, listed.out]).toEqual([EXIT.finding, expect.stringContaining('it has two histories')]);
    expect((await run('log witness remove', { positional: ['a.example/log'] })).sent[0]?.path).toBe('/v1/log/witness/logs?name=a.example%2Flog');
  });

  it('log stamp', async () => {
    const stamp = { size: 4, at: TIME, authority: 'CN=tsa', policy: '1.2.3', serial: '01' };
    expect((await run('log stamp', {}, () => stamp)).out).toBe(`Stamped: 4 entries at ${TIME}, by CN=tsa.\n`);
  });

  it('log verify says who stands for what, with the certificates of an authority', async () => {
    const [folder, authority] = [await mkdtemp(join(tmpdir(), 'gatehouse-verify-')), await startTestAuthority()];
    try {
      const key = await createSignerKey('a.example/log', new Uint8Array(32).fill(1));
      const builder = openTreeBuilder();
      const write = async (path: string, content: string | Uint8Array): Promise<void> => {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      };
      const checkpoint = async (entry: string): Promise<string> => {
        const files = builder.append([Buffer.from(entry)]);
        for (const { tile, bytes } of [...files, ...builder.edge()]) await write(tilePath(tile), bytes);
        return signCheckpoint({ origin: key.name, size: builder.size, root: builder.root() }, [key]);
      };
      const stamped = await checkpoint('one');
      const digest = createHash('sha256').update(stamped).digest();
      await write('stamps/1.note', stamped);
      await write('stamps/1.tsr', await authority.reply(encodeStampRequest({ digest, nonce: Uint8Array.of(1) })));
      await write('checkpoint', await checkpoint('two'));
      const verify = (options: CommandArguments['options'] = {}) =>
        run('log verify', { positional: [folder], options: { key: formatVerifierKey(key), ...options } });
      const believed = await verify({ tsaCa: authority.caFile });
      expect(believed.out).toMatch(/Anchored: entries 0 to 0, by the time stamp of CN=tsa, O=Test \(20/);
      expect(believed.out).toContain('Not anchored: entries 1 to 1.');
      expect(believed.code).toBe(EXIT.ok);
      const unnamed = await verify();
      expect(unnamed.out).toContain('Not anchored: entries 0 to 1.');
      expect(unnamed.out).toContain('Not counted: stamps/1.tsr');
      await expect(verify({ tsaCa: join(folder, 'checkpoint') })).rejects.toMatchObject({ code: 'invalid_request' });
      await write('stamps/1.note', stamped.replace('a.example', 'x.example'));
      expect((await verify({ tsaCa: authority.caFile })).code).toBe(EXIT.finding);
    } finally {
      await authority.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
