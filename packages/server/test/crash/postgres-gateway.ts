/** Runs postgres-child.mjs as a process that can be killed, and looks at what is left. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'vitest';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const repoDir = join(import.meta.dirname, '../../../..');
const isLinux = process.platform === 'linux';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ChildEvent {
  readonly event: 'log' | 'ack' | 'refused' | 'up' | 'down' | 'ready' | 'failed';
  readonly id?: number;
  readonly ids?: number[];
  readonly code?: string;
  readonly message?: string;
  readonly clusterDir?: string;
  readonly startMs?: number;
}

export interface Gateway {
  readonly child: ChildProcess;
  readonly events: ChildEvent[];
  readonly waitFor: (isWanted: (event: ChildEvent) => boolean) => Promise<ChildEvent>;
  readonly exited: Promise<unknown>;
}

export interface LaunchOptions {
  /** The compiled sources (see `compile`). */
  readonly modules: string;
  readonly systemDirs: { readonly stateDir: string; readonly runDir: string };
  readonly dataDir: string;
  readonly account?: Account | undefined;
  /** Inserts rows from here on; without it the gateway only starts. */
  readonly firstId?: number;
  readonly payloadBytes?: number;
  /** Written to the write-ahead log besides, with each row. */
  readonly walBytes?: number;
}

/** The child needs JavaScript (Node 20 runs no TypeScript), and must not depend on whether somebody has built. */
export async function compile(outDir: string): Promise<void> {
  const platformDir = join(import.meta.dirname, '../../src/platform');
  const files = ['lock.ts', 'clock.ts', 'db/embedded.ts', 'db/embedded-supervisor.ts'].map((file) => join(platformDir, file));
  const options = [
    '--ignoreConfig',
    '--outDir',
    outDir,
    '--rootDir',
    platformDir,
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--rewriteRelativeImportExtensions',
    '--skipLibCheck',
    '--types',
    'node',
  ];
  await run(join(repoDir, 'node_modules/.bin/tsc'), [...options, ...files], { cwd: repoDir });
  await writeFile(join(outDir, 'package.json'), '{"type":"module"}');
  await symlink(join(repoDir, 'node_modules'), join(outDir, 'node_modules'));
  await run('chmod', ['-R', 'go+rX', outDir]);
}

export async function findNobody(): Promise<Account | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

export function launchGateway({ account, ...options }: LaunchOptions): Gateway {
  const config = { ...options, pgPath: require.resolve('pg') };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'postgres-child.mjs'), JSON.stringify(config)], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...account,
  });
  const events: ChildEvent[] = [];
  const waiting = new Set<() => void>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    events.push(JSON.parse(line) as ChildEvent);
    for (const check of waiting) check();
  });
  // Not before the last line was read: what was acknowledged at the moment of the kill counts.
  const exited = Promise.all([once(child, 'exit'), once(lines, 'close')]);
  const waitFor = (isWanted: (event: ChildEvent) => boolean): Promise<ChildEvent> => {
    const from = events.length;
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = (isWanted === isStarted ? events : events.slice(from)).find(isWanted);
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      void exited.then(() =>
        setImmediate(() => {
          check();
          if (waiting.delete(check))
            reject(new Error(`the gateway ended; it said: ${JSON.stringify(events.filter((event) => event.event !== 'ack').slice(-5))}`));
        }),
      );
    });
  };
  return { child, events, waitFor, exited };
}

export const isStarted = (event: ChildEvent): boolean => event.event === 'ready' || event.event === 'failed';

export async function stopGateway(gateway: Gateway): Promise<void> {
  gateway.child.kill('SIGTERM');
  await gateway.exited;
  expect([gateway.child.exitCode, gateway.child.signalCode]).toEqual([0, null]);
}

export async function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

export function readAcknowledged(gateway: Gateway): number[] {
  return gateway.events.flatMap((event) => (event.event === 'ack' && event.id !== undefined ? [event.id] : []));
}

/** Processes (zombies have neither) that work in `dir` or name it: servers, sessions, watchdogs. Each as its pid and command line. */
export async function listProcesses(dir: string): Promise<string[]> {
  if (!isLinux) return [];
  const found = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
        const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        return cwd.startsWith(`${dir}/`) || commandLine.includes(`${dir}/`) ? [`${pid} ${commandLine.replaceAll('\0', ' ')}`] : [];
      }),
  );
  return found.flat();
}

export async function expectNothingRuns(dir: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  let left = await listProcesses(dir);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(50);
    left = await listProcesses(dir);
  }
  expect(left).toEqual([]);
}

export async function killPostmaster(clusterDir: string): Promise<void> {
  const pid = Number((await readFile(join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
  process.kill(pid, 'SIGKILL');
}
