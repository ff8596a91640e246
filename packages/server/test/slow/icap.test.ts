/** c-icap-client and Squid of Debian against the whole application with real decoders. What no list holds is let through here, picture or not. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { icapRoom } from '../../src/surfaces/icap/index.ts';
import { splitHostPort } from '../../src/surfaces/socket-listener.ts';
import { findFreePort, openExampleScene, requireProgram, type ExampleScene } from '../support/example-scene.ts';
import { makeMailCertificate } from '../support/mail-certificate.ts';
import { startRoom } from '../support/surface-room.ts';

/** Around the preview (4096), Squid's limit for 204 (65,536), and large. */
const SIZES = [0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, 3_100_000, 17_000_000];

let scene: ExampleScene;
let icap: string;
beforeAll(async () => {
  for (const program of ['c-icap-client', 'squid', 'openssl']) requireProgram(program);
  scene = await openExampleScene({ config: { icapListen: '127.0.0.1:0', onUnscannable: 'release' } });
  icap = scene.app.app.services.surfaces.icap.addresses().get('icap') ?? '';
  // Squid reads and writes there as another user.
  await chmod(scene.dir, 0o755);
});
afterAll(() => scene.close());

const ask = (address: string, args: readonly string[]): Promise<string> => {
  const { host, port } = splitHostPort(address);
  return new Promise((resolve) => {
    execFile('c-icap-client', ['-i', host, '-p', String(port), '-v', ...args], { timeout: 60_000, maxBuffer: 1e8 }, (_error, out, faults) =>
      resolve(`${out}${faults}`),
    );
  });
};

describe('c-icap-client', () => {
  it('is offered what it needs', async () => {
    expect(await ask(icap, ['-s', 'respmod'])).toMatch(/Allow 204: Yes[^]*Preview: 4096/);
  });

  it.each(SIZES)('%i bytes come back as they went, in either mode, or need not', async (size) => {
    const path = join(scene.dir, `random-${size}`);
    const bytes = randomBytes(size);
    await writeFile(path, bytes);
    for (const mode of [
      ['-s', 'respmod'],
      ['-s', 'reqmod', '-req', 'http://service.example/upload', '-method', 'PUT'],
    ]) {
      expect(await ask(icap, [...mode, '-f', path])).toMatch(/ICAP\/1\.0 204|No modification needed/i);
      for (const more of [['-no204'], ['-no204', '-nopreview'], ['-no204', '-w', '0']]) {
        const back = join(scene.dir, 'back');
        await rm(back, { force: true });
        const said = await ask(icap, [...mode, ...more, '-f', path, '-o', back]);
        const isUnmodified = /ICAP\/1\.0 204|No modification needed/i.test(said);
        // Everything fitted the preview: 204 is allowed there whatever else is.
        if (isUnmodified) expect(size).toBeLessThanOrEqual(4096);
        else expect((await readFile(back)).equals(bytes), said).toBe(true);
      }
    }
  });

  it('sees a block page for what is listed', async () => {
    for (const mode of [
      ['-s', 'respmod'],
      ['-s', 'reqmod', '-req', 'http://service.example/upload', '-method', 'PUT'],
    ]) {
      const said = await ask(icap, [...mode, '-f', scene.listed.path]);
      expect(said).toMatch(/X-Infection-Found: Type=0; Resolution=2; Threat=Gatehouse\.NotCleared;/);
      expect(said).toMatch(/403 Forbidden/);
    }
  });

  it('speaks TLS', async () => {
    const { certFile, keyFile } = await makeMailCertificate(scene.dir, 'localhost');
    const room = await startRoom(icapRoom, { icapsListen: '127.0.0.1:0', tlsCertFile: certFile, tlsKeyFile: keyFile });
    const address = room.opened[0]?.address ?? '';
    const path = join(scene.dir, 'words');
    await writeFile(path, 'clear words');
    expect(await ask(address, ['-tls', '-tls-no-verify', '-s', 'respmod', '-f', path])).toMatch(/ICAP\/1\.0 204|No modification needed/i);
    await writeFile(path, 'match words');
    expect(await ask(address, ['-tls', '-tls-no-verify', '-s', 'respmod', '-f', path])).toMatch(/403 Forbidden/);
    await room.stop();
  });
});

describe('Squid as a reverse proxy', () => {
  const stored: Buffer[] = [];
  let origin: Server;
  let front: string;
  beforeAll(async () => {
    origin = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => void pieces.push(piece));
      request.on('end', () => {
        if (request.method !== 'GET') stored.push(Buffer.concat(pieces));
        response.end('stored');
      });
    }).listen(0, '127.0.0.1');
    await once(origin, 'listening');
    front = await startSquid('up', icap);
  });
  afterAll(() => void origin.close());

  async function startSquid(name: string, icapAddress: string): Promise<string> {
    const dir = join(scene.dir, `squid-${name}`);
    await mkdir(dir);
    await chmod(dir, 0o777);
    const port = await findFreePort();
    const lines = [
      `http_port 127.0.0.1:${port} accel defaultsite=service.example`,
      `cache_peer 127.0.0.1 parent ${(origin.address() as AddressInfo).port} 0 no-query originserver`,
      'http_access allow all',
      'cache deny all',
      `pid_filename ${dir}/squid.pid`,
      `cache_log ${dir}/cache.log`,
      'access_log none',
      `coredump_dir ${dir}`,
      'cache_effective_user proxy',
      'pinger_enable off',
      'visible_hostname service.example',
      'shutdown_lifetime 1 seconds',
      'icap_enable on',
      // With its 512 KB, Squid 5.7 takes a full buffer for the end of the client when that is faster than ICAP, and closes without an answer.
      'client_request_buffer_max_size 20 MB',
      'icap_preview_enable on',
      `icap_service gatehouse reqmod_precache icap://${icapAddress}/reqmod bypass=off`,
      'adaptation_access gatehouse allow all',
    ];
    await writeFile(join(dir, 'squid.conf'), `${lines.join('\n')}\n`);
    await scene.start('squid', ['-N', '-n', `gh${process.pid}${name}`, '-f', join(dir, 'squid.conf')], { env: {}, port });
    return `http://127.0.0.1:${port}`;
  }
  const put = async (url: string, body: Buffer | FormData): Promise<number> => {
    const isForm = body instanceof FormData;
    const answer = await fetch(`${url}/upload`, { method: isForm ? 'POST' : 'PUT', body: isForm ? body : new Uint8Array(body) });
    await answer.arrayBuffer();
    return answer.status;
  };
  const form = (bytes: Buffer): FormData => {
    const data = new FormData();
    data.set('title', 'a walk');
    data.set('picture', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'walk.jpg');
    return data;
  };

  it.each(SIZES.filter((size) => size > 0))('%i bytes reach the service as they went', async (size) => {
    const bytes = randomBytes(size);
    expect(await put(front, bytes)).toBe(200);
    expect(stored.at(-1)?.equals(bytes)).toBe(true);
  });

  it('forms pass when every file in them does', async () => {
    expect(await put(front, form(scene.clear.bytes))).toBe(200);
    expect(stored.at(-1)?.includes(scene.clear.bytes)).toBe(true);
    const before = stored.length;
    expect(await put(front, form(scene.listed.bytes))).toBe(403);
    expect(stored.length).toBe(before);
  });

  it('what is listed does not reach the service', async () => {
    const before = stored.length;
    expect(await put(front, scene.listed.bytes)).toBe(403);
    expect(stored.length).toBe(before);
  });

  it('without Gatehouse nothing passes', async () => {
    const down = await startSquid('down', `127.0.0.1:${await findFreePort()}`);
    const before = stored.length;
    expect(await put(down, scene.clear.bytes)).toBeGreaterThanOrEqual(500);
    expect(stored.length).toBe(before);
  });
});
