import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hammingDistance, ORIENTATIONS, pdq } from '@gatehouse/pdq';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { generatePicture } from '../../test/support/pictures.ts';
import type { ApiReply, ApiRequest } from '../platform/cli/api.ts';
import type { CommandArguments, CommandContext, CommandDefinition } from '../platform/cli/command.ts';
import { systemClock } from '../platform/clock.ts';
import { loadConfig } from '../platform/config.ts';
import { GatehouseError } from '../platform/errors.ts';
import { silentLog } from '../platform/log.ts';
import { screeningCommands } from './commands.ts';
import { escapeForTerminal, toJsonLine } from './file-walk.ts';

const picture = generatePicture({ seed: 31, width: 320, height: 240 });
const image = (): Sharp => sharp(Buffer.from(picture.data), { raw: { width: 320, height: 240, channels: 3 } });
let dir = '';
let out = '';
let err = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-scan-'));
  await mkdir(join(dir, 'photos/deep'), { recursive: true });
  await writeFile(
    join(dir, 'photos/clear.png'),
    await sharp(Buffer.from(generatePicture({ seed: 32, width: 320, height: 240 }).data), { raw: { width: 320, height: 240, channels: 3 } })
      .png()
      .toBuffer(),
  );
  await writeFile(join(dir, 'photos/deep/copy.jpg'), await image().flop().jpeg({ quality: 60 }).toBuffer());
  await writeFile(join(dir, 'list.txt'), `${pdq(picture).hash}\n`);
  await mkdir(join(dir, 'empty'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
beforeEach(() => {
  out = '';
  err = '';
});

interface RunOptions {
  readonly options?: CommandArguments['options'];
  readonly isJson?: boolean;
  readonly signal?: AbortSignal;
  readonly send?: (request: ApiRequest) => Promise<ApiReply>;
}

async function run(
  name: string,
  positional: readonly string[],
  { options = {}, isJson = false, signal = new AbortController().signal, send }: RunOptions = {},
): Promise<number> {
  const command: CommandDefinition | undefined = screeningCommands.find((known) => known.name === name);
  const context: CommandContext = {
    terminal: { out: (text) => void (out += text), err: (text) => void (err += text), isInteractive: false },
    log: silentLog,
    clock: systemClock,
    isJson,
    signal,
    config: () => loadConfig({ env: {}, overrides: { decodeProcesses: 2 } }),
    api: async () => {
      if (send === undefined) throw new Error('no server may be asked');
      return { send, close: async () => undefined };
    },
  };
  return (await command?.run(context, { positional, options })) ?? -1;
}
const withList = (...lists: string[]): CommandArguments['options'] => ({ list: lists.map((name) => join(dir, name)), type: 'pdq' });
const lines = (): { readonly path: string; readonly verdict: string; readonly [member: string]: unknown }[] =>
  out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { path: string; verdict: string });

describe('scan with lists', () => {
  test('a folder: 1 when something matches, every file in its own line', async () => {
    expect(await run('scan', [join(dir, 'photos')], { options: withList('list.txt') })).toBe(1);
    expect(out).toMatch(/^clear {8}.*clear\.png\nMATCH {8}.*copy\.jpg: Entry 1 of the list “list\.txt” looks the same: .*mirrored left to right/);
    expect(err).toBe('2 scanned: 1 clear, 1 matched, 0 could not be scanned.\n');
  });

  test('0 when all is clear; --findings-only prints nothing then', async () => {
    expect(await run('scan', [join(dir, 'photos/clear.png')], { options: { ...withList('list.txt'), findingsOnly: true } })).toBe(0);
    expect(out).toBe('');
    expect(err).toContain('1 scanned: 1 clear');
  });

  test('2 when something could not be scanned, and a match wins over that', async () => {
    await writeFile(join(dir, 'note.txt'), 'hello');
    await writeFile(join(dir, 'nothing.jpg'), '');
    expect(await run('scan', [join(dir, 'note.txt'), join(dir, 'nothing.jpg'), join(dir, 'absent.jpg')], { options: withList('list.txt'), isJson: true })).toBe(
      2,
    );
    expect(lines().map(({ verdict, reason }) => `${verdict} ${String(reason)}`)).toEqual([
      'unscannable unsupported_type',
      'unscannable empty',
      'error unreadable',
    ]);
    expect(await run('scan', [join(dir, 'note.txt'), join(dir, 'photos')], { options: withList('list.txt') })).toBe(1);
  });

  test('2 for a folder without files: nothing was cleared', async () => {
    expect(await run('scan', [join(dir, 'empty')], { options: withList('list.txt') })).toBe(2);
    expect(err).toContain('There was no file to scan.');
  });

  test('--json: a whole verdict for each file, and nothing else on standard output', async () => {
    await run('scan', [join(dir, 'photos')], { options: withList('list.txt'), isJson: true });
    expect(lines()).toHaveLength(2);
    expect(lines()[1]).toMatchObject({
      verdict: 'match',
      hits: [{ listName: 'list.txt', entry: 1, signal: 'pdq', orientation: 'flipY' }],
      media: { type: 'image/jpeg' },
      engineVersion: expect.any(String),
    });
  });

  test('several lists, a radius and a quality floor', async () => {
    await run('hash', [join(dir, 'photos/clear.png')], { isJson: true });
    const digest = String(lines()[0]?.['md5']);
    out = '';
    await writeFile(join(dir, 'digests.csv'), `md5\n${digest}\n`);
    expect(await run('scan', [join(dir, 'photos')], { options: { list: [join(dir, 'list.txt'), join(dir, 'digests.csv')], type: 'pdq' }, isJson: true })).toBe(
      1,
    );
    expect(lines().map(({ verdict }) => verdict)).toEqual(['match', 'match']);
    out = '';
    expect(await run('scan', [join(dir, 'photos/deep')], { options: { ...withList('list.txt'), radius: '0' }, isJson: true })).toBe(0);
    out = '';
    await writeFile(
      join(dir, 'plain.png'),
      await sharp({ create: { width: 90, height: 90, channels: 3, background: 'teal' } })
        .png()
        .toBuffer(),
    );
    expect(await run('scan', [join(dir, 'plain.png')], { options: withList('list.txt') })).toBe(2);
    expect(out).toContain('no reliable perceptual hash');
    expect(await run('scan', [join(dir, 'plain.png')], { options: { ...withList('list.txt'), qualityFloor: '0' } })).toBe(0);
    await expect(run('scan', ['x'], { options: { ...withList('list.txt'), radius: '64' } })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(run('scan', ['x'], { options: { ...withList('list.txt'), type: 'tlsh' } })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('a list that is missing or holds nothing usable stops the scan before it begins', async () => {
    await writeFile(join(dir, 'bad.txt'), 'not a hash\nneither\n');
    await expect(run('scan', [join(dir, 'photos')], { options: withList('absent.csv') })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('ENOENT'),
    });
    await expect(run('scan', [join(dir, 'photos')], { options: withList('bad.txt') })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('no usable entry'),
    });
    expect(out).toBe('');
  });

  test('lines of a list that are not understood are named and do not stop it', async () => {
    await writeFile(join(dir, 'mixed.txt'), `not a hash\n${pdq(picture).hash}\n`);
    expect(await run('scan', [join(dir, 'photos')], { options: withList('mixed.txt') })).toBe(1);
    expect(err).toMatch(/mixed\.txt:1: not used: .*\nmixed\.txt: 1 of 2 lines were not used; 1 values were\.\n/);
  });

  test('links in folders and sockets are not opened, and that is said; a link on the command line is', async () => {
    const folder = join(dir, 'links');
    await mkdir(folder);
    await symlink(join(dir, 'photos'), join(folder, 'outside'));
    await symlink(folder, join(folder, 'circle'));
    const socket = createServer().listen(join(folder, 'socket'));
    await once(socket, 'listening');
    await writeFile(join(folder, 'clear.txt'), 'hello');
    expect(await run('scan', [folder], { options: withList('list.txt') })).toBe(2);
    expect(err).toContain('1 scanned: 0 clear, 0 matched, 1 could not be scanned. 3 symbolic links, devices or pipes were not opened.');
    expect(await run('scan', [join(folder, 'outside')], { options: withList('list.txt') })).toBe(1);
    expect(await run('hash', [join(folder, 'socket')])).toBe(2);
    socket.close();
  });

  test('Ctrl-C ends it', async () => {
    const abort = new AbortController();
    const pending = run('scan', [join(dir, 'photos')], { options: withList('list.txt'), signal: abort.signal });
    abort.abort();
    await expect(pending).rejects.toThrow();
    expect(out).toBe('');
  });

  test('a file name cannot speak to the terminal', async () => {
    const name = 'a\u001B[2Jb\n\u202Egnp.txt';
    await mkdir(join(dir, 'hostile'));
    await writeFile(join(dir, 'hostile', name), 'hello');
    await run('scan', [join(dir, 'hostile')], { options: withList('list.txt') });
    expect(out).toContain('a\\u{1b}[2Jb\\u{a}\\u{202e}gnp.txt');
    expect(out.split('\n')).toHaveLength(2);
    out = '';
    await run('scan', [join(dir, 'hostile')], { options: withList('list.txt'), isJson: true });
    expect(out).not.toContain('\u001B');
    expect(out).not.toContain('\u202E');
    expect(lines()[0]?.path.endsWith(name)).toBe(true);
  });
});

describe('scan by the server', () => {
  const clear = {
    verdict: 'clear',
    explanation: 'Nothing.',
    hits: [],
    hitCount: 0,
    listSetVersion: 4,
    engineVersion: 'e',
    timings: { waitMs: 0, decodeMs: 0, hashMs: 0, matchMs: 0, totalMs: 0 },
  };

  test('sends each file as it is, without asking for a receipt', async () => {
    const sent: string[] = [];
    const send = async ({ method, path, stream }: ApiRequest): Promise<ApiReply> => {
      let bytes = 0;
      for await (const chunk of stream ?? []) bytes += chunk.length;
      sent.push(`${method} ${path} ${bytes > 0}`);
      return { status: 200, headers: {}, body: clear };
    };
    expect(await run('scan', [join(dir, 'photos')], { send })).toBe(0);
    expect(sent).toEqual(['POST /v1/scan?receipt=0 true', 'POST /v1/scan?receipt=0 true']);
  });

  test('a file that the server refuses is one finding; a server that is away ends the scan', async () => {
    const refuse = async (): Promise<ApiReply> => Promise.reject(new GatehouseError('too_large', 'At most 5 bytes.'));
    expect(await run('scan', [join(dir, 'photos')], { send: refuse })).toBe(2);
    expect(out).toContain('At most 5 bytes.');
    const away = async (): Promise<ApiReply> => Promise.reject(new GatehouseError('starting', 'No answer.'));
    await expect(run('scan', [join(dir, 'photos')], { send: away })).rejects.toMatchObject({ code: 'starting' });
    const problem = async (): Promise<ApiReply> => ({ status: 503, headers: {}, body: { code: 'stopping', detail: 'It stops.' } });
    expect(await run('scan', [join(dir, 'photos')], { send: problem })).toBe(2);
  });

  test('settings of lists belong to --list', async () => {
    await expect(run('scan', ['x'], { options: { radius: '3' } })).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('hash', () => {
  test('prints digests, PDQ, quality; and all orientations when asked', async () => {
    const path = join(dir, 'photos/deep/copy.jpg');
    expect(await run('hash', [path])).toBe(0);
    expect(out).toMatch(
      /md5 {5}[0-9a-f]{32}\n {2}sha1 {4}[0-9a-f]{40}\n {2}sha256 {2}[0-9a-f]{64}\n {2}pdq {5}[0-9a-f]{64} {2}quality \d+, full resolution\n$/,
    );
    out = '';
    expect(await run('hash', [path], { isJson: true, options: { orientations: true } })).toBe(0);
    const [line] = lines();
    const sets = line?.['pdq'] as { readonly hash: string; readonly orientations: Record<string, string> }[] | undefined;
    const set = sets?.[0];
    expect(Object.keys(set?.orientations ?? {})).toEqual([...ORIENTATIONS]);
    // The file is the mirrored picture.
    expect(hammingDistance(set?.orientations['flipY'] ?? '', pdq(picture).hash)).toBeLessThan(12);
    expect(set?.hash).toBe(set?.orientations['original']);
  });

  test('2 when there is no perceptual hash; the digests are printed all the same', async () => {
    await writeFile(join(dir, 'note.txt'), 'hello');
    expect(await run('hash', [join(dir, 'note.txt'), join(dir, 'absent')])).toBe(2);
    expect(out).toContain('5d41402abc4b2a76b9719d911017c592');
    expect(out).toContain('unsupported_type (text/plain)');
    expect(out).toContain('cannot be read (ENOENT)');
  });
});

describe('match', () => {
  const hash = pdq(picture).hash;
  const unknown = `md5:${'ab'.repeat(16)}`;

  test('in list files: 1 when something matches, 0 when nothing does', async () => {
    expect(await run('match', [unknown, `pdq:${hash}:90`], { options: withList('list.txt') })).toBe(1);
    expect(out).toBe(`no match         ${unknown}\nMATCH            pdq:${hash}\n  entry 1 of “list.txt”: 0 of 256 bits differ\n`);
    expect(err).toBe('2 looked up: 1 matched, 1 did not, 0 of too low a quality.\n');
    expect(await run('match', [unknown], { options: withList('list.txt') })).toBe(0);
  });

  test('2 when a quality was too low for an answer', async () => {
    expect(await run('match', [`pdq:${hash}:49`], { options: withList('list.txt') })).toBe(2);
    expect(out).toContain('QUALITY TOO LOW');
    expect(await run('match', [`pdq:${hash}:49`], { options: { ...withList('list.txt'), qualityFloor: '40' } })).toBe(1);
  });

  test('values of a file, of which 64 digits are what --type says; only findings', async () => {
    await writeFile(join(dir, 'values.txt'), `# from a partner\n\n${hash}  # known\n${unknown}\n`);
    expect(await run('match', [], { options: { ...withList('list.txt'), file: join(dir, 'values.txt'), findingsOnly: true }, isJson: true })).toBe(1);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([expect.objectContaining({ index: 0, type: 'pdq', value: hash, outcome: 'match', hitCount: 1, truncated: false, listSetVersion: 0 })]);
  });

  test('nothing is left out: a value that is not understood ends it, by its place and not by its text', async () => {
    await writeFile(join(dir, 'values.txt'), `${unknown}\nmd5:abc\n`);
    const options = { ...withList('list.txt'), file: join(dir, 'values.txt') };
    await expect(run('match', [], { options })).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringMatching(/line 2 .*(?!abc)/) });
    for (const values of [[], ['tlsh:ab'], ['ab'.repeat(32)]])
      await expect(run('match', values, { options: { list: [join(dir, 'list.txt')], ...(values.length === 0 ? { type: 'pdq' } : {}) } })).rejects.toMatchObject(
        {
          code: 'invalid_request',
        },
      );
    await expect(run('match', [], { options: { ...withList('list.txt'), file: join(dir, 'absent.txt') } })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(run('match', [unknown], { options: { ...withList('list.txt'), radius: '64' } })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  test('by the server, 256 at once', async () => {
    const sent: { readonly signals: readonly { readonly type: 'md5' }[]; readonly radius?: number }[] = [];
    const send = async ({ method, path, json }: ApiRequest): Promise<ApiReply> => {
      const asked = json as (typeof sent)[number];
      sent.push(asked);
      const results = asked.signals.map(({ type }, index) => ({ index, type, outcome: 'no_match', hits: [], hitCount: 0, truncated: false }));
      expect(`${method} ${path}`).toBe('POST /v1/match');
      return { status: 200, headers: {}, body: { results, listSetVersion: 3, activeLists: 1, complete: true } };
    };
    await writeFile(join(dir, 'many.txt'), `${unknown}\n`.repeat(300));
    expect(await run('match', [unknown], { options: { file: join(dir, 'many.txt'), radius: '9' }, isJson: true, send })).toBe(0);
    expect(sent.map(({ signals, radius }) => [signals.length, radius])).toEqual([
      [256, 9],
      [45, 9],
    ]);
    expect(lines().map((line) => line['index'])).toEqual(Array.from({ length: 301 }, (_none, index) => index));
    await expect(run('match', [unknown], { options: { qualityFloor: '3' }, send })).rejects.toMatchObject({ code: 'invalid_request' });
    const partial = async (): Promise<ApiReply> => ({ status: 200, headers: {}, body: { results: [], listSetVersion: 3, activeLists: 1, complete: false } });
    await expect(run('match', [unknown], { send: partial })).rejects.toThrow();
  });
});

test('escapeForTerminal and toJsonLine leave ordinary names alone', () => {
  expect(escapeForTerminal('Fotos/Käse 🧀.jpg')).toBe('Fotos/Käse 🧀.jpg');
  expect(toJsonLine({ path: 'Käse 🧀\u009B' })).toBe('{"path":"Käse 🧀\\u009b"}');
});
