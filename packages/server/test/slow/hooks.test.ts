/** The module for Synapse in python3, the plugin for WordPress in php with real uploads, and the command line as a script hook: against the whole application. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findFreePort, openExampleScene, requireProgram, type ExampleScene } from '../support/example-scene.ts';

const INTEGRATIONS = fileURLToPath(new URL('../../../../integrations/', import.meta.url));
const SUPPORT = fileURLToPath(new URL('../support/surfaces/', import.meta.url));
const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let scene: ExampleScene;
let key: string;
beforeAll(async () => {
  requireProgram('python3');
  requireProgram('php');
  scene = await openExampleScene();
  key = await scene.createKey(['scan']);
});
afterAll(() => scene.close());

async function run(
  program: string,
  args: readonly string[],
  options: { readonly env: Record<string, string>; readonly cwd?: string },
): Promise<{ code: number | null; text: string }> {
  const child = spawn(program, args, { ...options, env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

describe('Synapse', () => {
  it('stores what was cleared and nothing else', async () => {
    const env = {
      GATEHOUSE_URL: scene.app.url,
      GATEHOUSE_KEY: key,
      CLEAR_FILE: scene.clear.path,
      LISTED_FILE: scene.listed.path,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const { code, text } = await run('python3', ['-m', 'unittest', '-v'], { env, cwd: join(INTEGRATIONS, 'synapse') });
    expect(text).toMatch(/Ran 7 tests/);
    expect([code, text]).toEqual([0, expect.stringMatching(/\nOK\s*$/)]);
  });
});

describe('WordPress', () => {
  const start = async (
    more: Record<string, string> = {},
  ): Promise<{ upload(bytes: Buffer, action?: string): Promise<Record<string, unknown>>; kept(): Promise<string[]> }> => {
    const port = await findFreePort();
    const uploads = join(scene.dir, `uploads-${port}`);
    await mkdir(uploads);
    const env = { GATEHOUSE_URL: scene.app.url, GATEHOUSE_KEY: key, PLUGIN: join(INTEGRATIONS, 'wordpress/gatehouse.php'), UPLOADS: uploads, ...more };
    await scene.start('php', ['-S', `127.0.0.1:${port}`, join(SUPPORT, 'wordpress-stand-in.php')], { env, port });
    return {
      kept: () => readdir(uploads),
      async upload(bytes, action = 'wp_handle_upload') {
        const body = new FormData();
        body.append('async-upload', new Blob([new Uint8Array(bytes)]), 'picture.jpg');
        return (await (await fetch(`http://127.0.0.1:${port}/?action=${action}`, { method: 'POST', body })).json()) as Record<string, unknown>;
      },
    };
  };

  it.each(['wp_handle_upload', 'wp_handle_sideload', 'wp_upload_bits'])('keeps what was cleared and nothing else (%s)', async (action) => {
    const site = await start();
    for (const bytes of [scene.listed.bytes, Buffer.from('no picture'), Buffer.alloc(0)]) {
      expect((await site.upload(bytes, action))['error']).toMatch(/^This file could not be published\. Reference \w+\.$/);
      expect(await site.kept()).toEqual([]);
    }
    expect(await site.upload(scene.clear.bytes, action)).toEqual({ file: 'picture.jpg' });
    expect(await site.kept()).toEqual(['picture.jpg']);
  });

  it('asks about the file as it is now, whatever another plugin did or said before', async () => {
    for (const error of ['-1', '0.0', '0']) {
      const site = await start({ BEFORE: 'error', ERROR: error });
      expect((await site.upload(scene.listed.bytes))['error']).toMatch(/^This file could not be published/);
      expect(await site.kept()).toEqual([]);
    }
    const more = join(scene.dir, 'more');
    await writeFile(more, 'grown');
    const value = createHash('sha256').update(scene.clear.bytes).update('grown').digest('hex');
    const { lists } = scene.app.app.services;
    await lists.addEntries((await lists.list())[0]?.id ?? '', [{ type: 'sha256', value }], 'test');
    const site = await start({ BEFORE: 'grown', MORE: more });
    expect((await site.upload(scene.clear.bytes))['error']).toMatch(/^This file could not be published/);
    expect(await site.kept()).toEqual([]);
  });

  it('takes what stub mode says only where it was told to', async () => {
    const stub = createServer((socket) =>
      socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 200 OK\r\nGatehouse-Stub: 1\r\nContent-Length: 17\r\n\r\n{"released":true}')),
    );
    stub.listen(0, '127.0.0.1');
    await once(stub, 'listening');
    try {
      const GATEHOUSE_URL = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
      expect(await (await start({ GATEHOUSE_URL })).upload(scene.clear.bytes)).toEqual({
        error: 'This file cannot be checked at the moment. Please try again later.',
      });
      expect(await (await start({ GATEHOUSE_URL, GATEHOUSE_ACCEPTS_STUB: '1' })).upload(scene.clear.bytes)).toEqual({ file: 'picture.jpg' });
    } finally {
      stub.close();
    }
  });

  it('keeps nothing when it cannot know', async () => {
    const silent = createServer((socket) => void socket.on('error', () => undefined));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const lying = createServer((socket) =>
      socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
    );
    lying.listen(0, '127.0.0.1');
    await once(lying, 'listening');
    const addressOf = (server: ReturnType<typeof createServer>): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const wrong of [
        { GATEHOUSE_URL: addressOf(silent), GATEHOUSE_TIMEOUT_S: '1' },
        { GATEHOUSE_URL: addressOf(lying) },
        { GATEHOUSE_URL: 'http://127.0.0.1:1' },
        { GATEHOUSE_URL: 'file:///etc/passwd#' },
        { GATEHOUSE_KEY: 'gh_wrong' },
      ]) {
        const site = await start(wrong);
        expect(await site.upload(scene.clear.bytes)).toEqual({ error: 'This file cannot be checked at the moment. Please try again later.' });
        expect(await site.kept()).toEqual([]);
      }
    } finally {
      silent.close();
      lying.close();
    }
  });
});

describe('a script hook', () => {
  it('is told by the exit code, which is 0 for nothing but clear files', async () => {
    const text = join(scene.dir, 'words.txt');
    await writeFile(text, 'no picture');
    const codes = [];
    const env = { GATEHOUSE_DATA_DIR: scene.app.dataDir };
    for (const path of [scene.clear.path, scene.listed.path, text, '/nowhere']) codes.push((await run(process.execPath, [CLI, 'scan', path], { env })).code);
    codes.push((await run(process.execPath, [CLI, 'scan', scene.clear.path], { env: { GATEHOUSE_DATA_DIR: join(scene.dir, 'nobody') } })).code);
    expect(codes[0]).toBe(0);
    for (const code of codes.slice(1)) expect(code).toBeGreaterThan(0);
  });
});

it('the lines of the guide publish what is released, and nothing for a listed picture, a redirect, another server or nobody', async () => {
  requireProgram('curl');
  const guide = await readFile(fileURLToPath(new URL('../../../../docs/guide/hooks.md', import.meta.url)), 'utf8');
  const lines = /## Anything: the raw hook\n+```sh\n([^]*?)```/.exec(guide)?.[1] ?? '';
  expect(lines).toContain('http://127.0.0.1:8080/v1/hooks/raw');
  const stranger = createHttpServer((incoming, response) => {
    const status = incoming.url?.startsWith('/moved') === true ? 301 : 200;
    incoming.resume().once('end', () => response.writeHead(status, { location: 'https://gate.example/' }).end());
  }).listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  const strangerUrl = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
  const isPublished = async (url: string, path: string): Promise<boolean> => {
    const script = `publish() { echo "published $1"; }\n${lines.replace('http://127.0.0.1:8080', url).replaceAll('photo.jpg', path)}`;
    return (await run('bash', ['-c', script], { env: { KEY: key } })).text.includes('published');
  };
  const answers: boolean[] = [];
  for (const [url, path] of [
    [scene.app.url, scene.clear.path],
    [scene.app.url, scene.listed.path],
    [`${strangerUrl}/moved`, scene.clear.path],
    [strangerUrl, scene.clear.path],
    ['http://127.0.0.1:9', scene.clear.path],
  ] as const)
    answers.push(await isPublished(url, path));
  expect(answers).toEqual([true, false, false, false, false]);
  stranger.closeAllConnections();
  stranger.close();
});
