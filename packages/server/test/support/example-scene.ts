/** What every example needs: a whole Gatehouse, one picture that a list holds and one that none does, and programs that end with the test. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { LOCAL_PRINCIPAL, type Right } from '../../src/platform/http/rights.ts';
import { startTestApp, type TestApp, type TestAppOptions } from './app.ts';
import { generatePicture } from './pictures.ts';

export const EXAMPLES = fileURLToPath(new URL('../../../../examples/', import.meta.url));

export interface ExampleScene {
  readonly app: TestApp;
  /** A folder of its own; removed with the scene. */
  readonly dir: string;
  readonly clear: { readonly path: string; readonly bytes: Buffer; readonly sha256: string };
  readonly listed: { readonly path: string; readonly bytes: Buffer; readonly sha256: string };
  createKey(rights: readonly Right[]): Promise<string>;
  /** Starts a program and waits until `port` takes connections. */
  start(
    program: string,
    args: readonly string[],
    how: { readonly env: Readonly<Record<string, string>>; readonly port: number; readonly cwd?: string },
  ): Promise<ChildProcess>;
  close(): Promise<void>;
}

export async function openExampleScene(options: TestAppOptions = {}): Promise<ExampleScene> {
  const app = await startTestApp(options);
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-example-'));
  const clear = await makePicture(dir, 'clear', 4101);
  const listed = await makePicture(dir, 'listed', 4102);
  const made = (await (
    await app.call('/v1/lists', {
      method: 'POST',
      body: JSON.stringify({ name: 'Examples', disposition: 'refuse' }),
      headers: { 'content-type': 'application/json' },
    })
  ).json()) as { id: string };
  const body = `type,value\nsha256,${listed.sha256}\n`;
  const imported = await app.call(`/v1/lists/${made.id}/import?format=csv`, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
  if (imported.status !== 200) throw new Error(`the list was not imported: ${await imported.text()}`);
  const children: ChildProcess[] = [];
  return {
    app,
    dir,
    clear,
    listed,
    createKey: async (rights) => (await app.app.services.access.createKey({ name: 'example', rights: [...rights] }, LOCAL_PRINCIPAL)).secret,
    async start(program, args, { env, port, cwd }) {
      requireProgram(program);
      const child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let said = '';
      child.stdout?.on('data', (text: Buffer) => void (said += text.toString()));
      child.stderr?.on('data', (text: Buffer) => void (said += text.toString()));
      await waitForPort(port, () => (child.exitCode === null ? undefined : `${program} ended with ${child.exitCode}: ${said.slice(-2000)}`));
      return child;
    },
    async close() {
      for (const child of children.toReversed()) await end(child);
      await app.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function makePicture(dir: string, name: string, seed: number): Promise<ExampleScene['clear']> {
  const { data, width, height } = generatePicture({ seed, width: 400, height: 300 });
  const bytes = await sharp(Buffer.from(data), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90 })
    .toBuffer();
  const path = join(dir, `${name}.jpg`);
  await writeFile(path, bytes);
  return { path, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** @throws when it is absent: a test that needs it says so by name */
export function requireProgram(name: string): void {
  if (name.includes('/')) return;
  if (spawnSync('which', [name]).status !== 0) throw new Error(`this test needs the program "${name}"; .ci/run installs it (apt-get)`);
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function waitForPort(port: number, findFault: () => string | undefined): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const fault = findFault();
    if (fault !== undefined) throw new Error(fault);
    const isOpen = await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(
      () => true,
      () => false,
    );
    if (isOpen) return;
    await sleep(100);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await once(child, 'exit');
  clearTimeout(late);
}
