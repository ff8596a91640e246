import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireDataDirLock, findDataDirOwner, LockError } from './lock.ts';

/** Takes the lock, says so, and holds it until it is told to go or killed. */
const CHILD = `
import { createInterface } from 'node:readline';
import { acquireDataDirLock } from './lock.js';
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
process.stdout.write('here\\n');
await lines.next();
try {
  const lock = await acquireDataDirLock(process.argv[2]);
  process.stdout.write('won\\n');
  await lines.next();
  await lock.release();
  process.exit(0);
} catch (error) {
  process.stdout.write((error.code ?? error.stack) + ' ' + error.ownerPid + '\\n');
  process.exit(1);
}`;

interface Contender {
  readonly child: ChildProcess;
  /** The next line that it prints. */
  readonly read: () => Promise<string>;
  readonly send: () => void;
}

describe('acquireDataDirLock', () => {
  let root: string;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'gatehouse-lock-'));
    // Other processes need JavaScript, and Node 20 runs no TypeScript.
    const tsc = join(import.meta.dirname, '../../../../node_modules/.bin/tsc');
    const options = [
      '--ignoreConfig',
      '--outDir',
      root,
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--rewriteRelativeImportExtensions',
      '--skipLibCheck',
      '--types',
      'node',
    ];
    await writeFile(join(root, 'package.json'), '{"type":"module"}');
    await promisify(execFile)(tsc, [...options, join(import.meta.dirname, 'lock.ts')]);
    await writeFile(join(root, 'child.js'), CHILD);
  });

  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(root, { recursive: true, force: true });
  });

  async function createDataDir(): Promise<string> {
    return mkdtemp(join(root, 'data-'));
  }

  async function launch(dataDir: string): Promise<Contender> {
    const child = spawn(process.execPath, [join(root, 'child.js'), dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    // One that was killed reads no more; a line to it must not end the run.
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const read = async (): Promise<string> => String((await lines.next()).value);
    expect(await read()).toBe('here');
    return { child, read, send: () => void child.stdin.write('\n') };
  }

  async function launchOwner(dataDir: string): Promise<Contender> {
    const owner = await launch(dataDir);
    owner.send();
    expect(await owner.read()).toBe('won');
    return owner;
  }

  async function kill(contender: Contender): Promise<void> {
    contender.child.kill('SIGKILL');
    await once(contender.child, 'exit');
  }

  it('refuses a second owner and names the first', async () => {
    const dataDir = await createDataDir();
    const owner = await launchOwner(dataDir);
    const error = await acquireDataDirLock(dataDir).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(LockError);
    expect(error).toMatchObject({ code: 'data_dir_in_use', ownerPid: owner.child.pid });
    expect(String(error)).toContain(String(owner.child.pid));
    expect(await findDataDirOwner(dataDir)).toBe(owner.child.pid);
  });

  it('refuses a second owner in the same process, and lets go on release', async () => {
    const dataDir = await createDataDir();
    for (let round = 0; round < 5; round += 1) {
      const lock = await acquireDataDirLock(dataDir);
      await expect(acquireDataDirLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_in_use', ownerPid: process.pid });
      await lock.release();
      await lock.release();
    }
    expect(await findDataDirOwner(dataDir)).toBeUndefined();
    expect((await readdir(join(dataDir, 'lock'))).length).toBeLessThanOrEqual(2);
  });

  it('is taken over after SIGKILL, and not from a suspended owner', async () => {
    const dataDir = await createDataDir();
    const owner = await launchOwner(dataDir);
    owner.child.kill('SIGSTOP');
    await expect(acquireDataDirLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_in_use' });
    await kill(owner);
    await (await acquireDataDirLock(dataDir)).release();
  });

  it('is not fooled by a reused pid', async () => {
    const dataDir = await createDataDir();
    await mkdir(join(dataDir, 'lock'));
    // A dead owner whose number now belongs to a process that is alive: this one.
    await symlink(`${process.pid}-0123456789abcdef.sock`, join(dataDir, 'lock', '7'));
    await writeFile(join(dataDir, 'lock', `${process.pid}-0123456789abcdef.sock`), '');
    await (await acquireDataDirLock(dataDir)).release();
  });

  it('works where the path is longer than a socket address', async () => {
    const dataDir = join(await createDataDir(), 'x'.repeat(120), 'y'.repeat(120));
    const lock = await acquireDataDirLock(dataDir);
    await expect(acquireDataDirLock(dataDir)).rejects.toMatchObject({ code: 'data_dir_in_use' });
    await lock.release();
    await (await acquireDataDirLock(dataDir)).release();
  });

  it('says so when the directory cannot be made', async () => {
    const file = join(await createDataDir(), 'file');
    await writeFile(file, '');
    await expect(acquireDataDirLock(join(file, 'data'))).rejects.toMatchObject({ code: 'data_dir_unsuitable' });
    await expect(access(join(file, 'data'))).rejects.toThrow();
  });

  it('lets exactly one of 20 processes win a stale lock, in every round', async () => {
    const dataDir = await createDataDir();
    for (let round = 0; round < 3; round += 1) {
      await kill(await launchOwner(dataDir));
      const contenders = await Promise.all(Array.from({ length: 20 }, () => launch(dataDir)));
      for (const contender of contenders) contender.send();
      const results = await Promise.all(contenders.map((contender) => contender.read()));
      const winners = contenders.filter((_, index) => results[index] === 'won');
      expect(winners).toHaveLength(1);
      const losers = results.filter((result) => result !== 'won');
      expect(losers).toEqual(Array.from({ length: 19 }, () => `data_dir_in_use ${winners[0]?.child.pid}`));
      for (const winner of winners) await kill(winner);
    }
  }, 60_000);
});
