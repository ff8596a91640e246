import type { createReadStream, PathLike } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { collectUncaught } from '../../test/support/faults.ts';
import type { ApiReply, ApiRequest } from '../platform/cli/api.ts';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { listsCommands } from './commands.ts';
import type { ListView } from './schema.ts';

/** A file that is there, and cannot be opened (root may open all of them). */
vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<{ createReadStream: typeof createReadStream }>();
  return { ...original, createReadStream: (path: PathLike) => original.createReadStream(`${String(path)}.absent`) };
});

const AT = '2026-11-25T12:00:00.000Z';
const LIST: ListView = {
  id: `list_${'0'.repeat(26)}`,
  name: 'closed',
  source: '',
  state: 'active',
  radius: 31,
  qualityFloor: 50,
  disposition: 'hold',
  entries: { pdq: 0, md5: 0, sha1: 0, sha256: 0 },
  disabledEntries: 0,
  createdAt: AT,
  changedAt: AT,
  listSetVersion: 1,
};

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-import-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a list file that cannot be opened ends the import with its reason, and leaves no list behind', async () => {
  const file = join(dir, 'closed.txt');
  await writeFile(file, '');
  const calls: string[] = [];
  const send = async ({ method, path, stream }: ApiRequest): Promise<ApiReply> => {
    calls.push(`${method} ${path.replace(/\?.*/, '')}`);
    if (stream !== undefined) await pipeline(stream, new Writable({ write: (_chunk, _encoding, done) => done() }));
    // Long enough for a file to be opened, were it opened before somebody reads it.
    else await systemClock.sleep(50);
    return { status: 200, headers: {}, body: method === 'GET' ? { lists: [], listSetVersion: 0 } : LIST };
  };
  const uncaught = await collectUncaught(async () => {
    const command = listsCommands.find(({ name }) => name === 'list import');
    const run = command?.run(
      {
        terminal: { out: () => undefined, err: () => undefined, isInteractive: false },
        log: silentLog,
        clock: systemClock,
        isJson: false,
        signal: new AbortController().signal,
        config: () => expect.fail('not needed'),
        api: async () => ({ send, close: async () => undefined }),
      },
      { positional: [file], options: {} },
    );
    await expect(run).rejects.toMatchObject({ code: 'invalid_request', message: 'The list file could not be read (ENOENT). Nothing was imported.' });
    expect(calls).toEqual(['GET /v1/lists', 'POST /v1/lists', `POST /v1/lists/${LIST.id}/import`, `DELETE /v1/lists/${LIST.id}`]);
  });
  expect(uncaught).toEqual([]);
});
