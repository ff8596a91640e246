/** clamdscan of Debian, and the few lines with which PHP libraries do it, against the whole application with real decoders. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openExampleScene, requireProgram, type ExampleScene } from '../support/example-scene.ts';
import { splitHostPort } from '../../src/surfaces/socket-listener.ts';

let scene: ExampleScene;
let address: string;
let socketPath: string;
beforeAll(async () => {
  requireProgram('clamdscan');
  requireProgram('php');
  // Beside the data directory, which only its owner may enter.
  socketPath = join('/tmp', `gatehouse-clamd-${process.pid}.sock`);
  scene = await openExampleScene({ config: { clamdListen: '127.0.0.1:0', clamdSocket: socketPath } });
  address = scene.app.app.services.surfaces.clamd.listeners[0]?.address() ?? '';
});
afterAll(() => scene.close());

const run = async (program: string, args: readonly string[]): Promise<{ code: number | null; text: string }> => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => void (text += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
};
const configure = async (kind: 'tcp' | 'unix'): Promise<string> => {
  const { host, port } = splitHostPort(address);
  const path = join(scene.dir, `${kind}.conf`);
  await writeFile(path, kind === 'tcp' ? `TCPAddr ${host}\nTCPSocket ${port}\n` : `LocalSocket ${socketPath}\n`);
  return path;
};

describe.each(['tcp', 'unix'] as const)('clamdscan over %s', (kind) => {
  const scan = async (...args: string[]): Promise<{ code: number | null; text: string }> =>
    run('clamdscan', ['-c', await configure(kind), '--stream', ...args]);

  it('is told OK, FOUND or ERROR, and ends as it does with ClamAV', async () => {
    expect(await scan(scene.clear.path)).toMatchObject({ code: 0, text: expect.stringContaining(`${scene.clear.path}: OK`) });
    expect(await scan(scene.listed.path)).toMatchObject({ code: 1, text: expect.stringContaining(`${scene.listed.path}: Gatehouse.NotCleared FOUND`) });
    const text = join(scene.dir, 'words.txt');
    await writeFile(text, 'no picture at all');
    expect(await scan(text)).toMatchObject({ code: 1, text: expect.stringContaining(`${text}: Gatehouse.NotCleared FOUND`) });
  });

  it('sends several files and folders, one session or many', async () => {
    const folder = join(scene.dir, `many-${kind}`);
    await mkdir(folder);
    for (let i = 0; i < 6; i += 1) await writeFile(join(folder, `${i}.jpg`), i === 3 ? scene.listed.bytes : scene.clear.bytes);
    for (const more of [[], ['--multiscan']]) {
      const { code, text } = await scan(...more, folder);
      expect(code).toBe(1);
      expect(text.match(/FOUND/g)).toHaveLength(1);
      expect(text).toContain('3.jpg: Gatehouse.NotCleared FOUND');
    }
  });

  it('a large file is screened whole', async () => {
    const path = join(scene.dir, `large-${kind}.bin`);
    await writeFile(path, Buffer.alloc(40 * 1024 * 1024, 'x'));
    // Not a picture: no clearance, but no complaint about its size either. clamdscan itself stops at its StreamMaxLength, 100 MB here.
    expect(await scan(path)).toMatchObject({ code: 1, text: expect.stringContaining('Gatehouse.NotCleared FOUND') });
  });

  it('paths and descriptors are refused, never called clean', async () => {
    for (const how of kind === 'unix' ? [[], ['--fdpass']] : [['--fdpass']]) {
      const { code, text } = await run('clamdscan', ['-c', await configure(kind), ...how, scene.listed.path]);
      expect(`${code} ${text}`).not.toMatch(/^0 |: OK/);
    }
  });

  it('says who it is', async () => {
    expect(await run('clamdscan', ['-c', await configure(kind), '--version'])).toMatchObject({ text: expect.stringMatching(/^Gatehouse /) });
  });
});

describe('a client in PHP', () => {
  it('as libraries write it: fsockopen, zINSTREAM, one chunk, read to the end', async () => {
    const { host, port } = splitHostPort(address);
    const program = `$s = fsockopen('tcp://${host}', ${port}); $b = file_get_contents($argv[1]);
      fwrite($s, "zINSTREAM\\0" . pack('N', strlen($b)) . $b . pack('N', 0)); echo trim(stream_get_contents($s));`;
    expect((await run('php', ['-r', program, scene.clear.path])).text).toBe('stream: OK');
    expect((await run('php', ['-r', program, scene.listed.path])).text).toBe('stream: Gatehouse.NotCleared FOUND');
  });
});

describe('what was found', () => {
  it('is kept for a person, with the surface it came over', async () => {
    const page = (await (await scene.app.call('/v1/uploads?state=refused')).json()) as { items: { surface?: string; sha256?: string }[] };
    expect(page.items.length).toBeGreaterThan(0);
    expect(page.items[0]).toMatchObject({ surface: 'clamd', sha256: scene.listed.sha256 });
  });
});
