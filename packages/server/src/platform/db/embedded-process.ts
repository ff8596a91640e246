/** Running short commands as another user, and telling a live process from a zombie or a reused pid. */
import { spawn, type SpawnOptions } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';

/** The unprivileged user that PostgreSQL runs as when we are root; it refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface CommandResult {
  readonly exitCode: number | null;
  /** Standard output and error, the last 64 KiB. */
  readonly output: string;
}

const OUTPUT_CHARS_MAX = 65_536;

/**
 * Spawn options for everything we start here. The environment is replaced: the gateway's may hold secrets and PG*
 * variables, and messages must be in English for `isDiskFull`. The working directory must be one that any user can
 * enter. libuv drops the supplementary groups when uid or gid are given.
 */
export function createSpawnOptions(account: Account | undefined): SpawnOptions {
  return {
    cwd: '/',
    env: { LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin' },
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  };
}

/** Runs a command to its end. Rejects only when it cannot be started (`ENOENT`, `EACCES`, `EPERM`). */
export function runCommand(
  file: string,
  args: readonly string[],
  options: { account?: Account | undefined; input?: string; signal?: AbortSignal | undefined } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...createSpawnOptions(options.account),
      stdio: 'pipe',
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_CHARS_MAX);
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

export type ProcessState =
  | { readonly kind: 'gone' }
  | { readonly kind: 'zombie' }
  | { readonly kind: 'alive'; readonly commandLine: string /* its words separated by blanks */ };

/** What runs under `pid` now. From /proc on Linux, from ps(1) elsewhere. */
export async function inspectProcess(pid: number): Promise<ProcessState> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return { kind: 'gone' };
  }
  return process.platform === 'linux' ? inspectByProc(pid) : inspectByPs(pid);
}

async function inspectByProc(pid: number): Promise<ProcessState> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1');
    // Field 2 is the name in brackets and may itself hold brackets and blanks; the state follows the last one (proc(5)).
    const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
    if (state === 'Z' || state === 'X') return { kind: 'zombie' };
    return { kind: 'alive', commandLine: (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ') };
  } catch {
    return { kind: 'gone' };
  }
}

async function inspectByPs(pid: number): Promise<ProcessState> {
  const { exitCode, output } = await runCommand('ps', ['-ww', '-o', 'state=', '-o', 'command=', '-p', String(pid)]);
  const text = output.trim();
  if (exitCode !== 0 || text === '') return { kind: 'gone' };
  return text.startsWith('Z') ? { kind: 'zombie' } : { kind: 'alive', commandLine: text };
}

/**
 * The processes that work inside `dir`: PostgreSQL's all do, also the sessions that outlive a killed postmaster for
 * a moment and whose titles do not name the cluster. Linux only; elsewhere the list is empty, and PostgreSQL's own
 * check of the shared memory block stands.
 */
export async function listProcessesIn(dir: string): Promise<number[]> {
  if (process.platform !== 'linux') return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const inside = await Promise.all(pids.map(async (pid) => (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === dir));
  return pids.filter((_, index) => inside[index] === true).map(Number);
}
