/** Dealing with a PostgreSQL that an earlier gateway left behind, alive or as a stale lock file. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { EmbeddedLog } from './embedded-types.ts';
import { EmbeddedPostgresError, readErrorCode } from './embedded-errors.ts';
import type { Layout } from './embedded-layout.ts';
import { inspectProcess, listProcessesIn } from './embedded-process.ts';

/** After this long a fast shutdown is turned into an immediate one; the watchdog uses the same. */
const FAST_SHUTDOWN_MS = 30_000;
const IMMEDIATE_SHUTDOWN_MS = 10_000;
const POLL_MS = 25;

/** The lines of postmaster.pid that we use (miscadmin.h, LOCK_FILE_LINE_*). */
export interface PostmasterFile {
  readonly pid: number;
  /** `starting`, `ready`, `stopping`, `standby`; empty while it is being written. */
  readonly status: string;
}

export async function readPostmasterFile(clusterDir: string): Promise<PostmasterFile | undefined> {
  try {
    const lines = (await readFile(join(clusterDir, 'postmaster.pid'), 'utf8')).split('\n');
    const pid = Number(lines[0]);
    return Number.isSafeInteger(pid) && pid > 0 ? { pid, status: (lines[7] ?? '').trim() } : undefined;
  } catch (error) {
    if (readErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Leaves nothing running in the cluster and no stale lock file. The caller holds the lock of the data directory, so
 * what runs here belongs to a gateway that is dead. It is stopped rather than adopted: the watchdog of the dead gateway may
 * be about to stop it, and a server that is not our child can neither be watched nor reaped. (Measured: 0.1 to 0.3 s.)
 */
export async function clearLeftover(layout: Layout, clock: Clock, log: EmbeddedLog): Promise<void> {
  const startedMs = clock.monotonicMs();
  let hasAsked = false;
  let hasInsisted = false;
  for (;;) {
    const running = await findLeftover(layout);
    if (running.pids.length === 0) break;
    const elapsedMs = clock.monotonicMs() - startedMs;
    if (elapsedMs > FAST_SHUTDOWN_MS + IMMEDIATE_SHUTDOWN_MS) throw createInUseError(layout, running.pids);
    if (!hasAsked && running.postmaster !== undefined) {
      log.warn({ pid: running.postmaster }, 'stopping a PostgreSQL that an earlier Gatehouse left behind');
      signalLeftover(layout, running.postmaster, 'SIGINT');
      hasAsked = true;
    }
    if (!hasInsisted && elapsedMs > FAST_SHUTDOWN_MS) {
      for (const pid of running.pids) signalLeftover(layout, pid, 'SIGQUIT');
      hasInsisted = true;
    }
    await clock.sleep(POLL_MS);
  }
  await removeStaleFiles(layout, log);
}

async function findLeftover(layout: Layout): Promise<{ readonly postmaster: number | undefined; readonly pids: readonly number[] }> {
  const pids = await listProcessesIn(layout.clusterDir);
  const file = await readPostmasterFile(layout.clusterDir);
  if (file === undefined) return { postmaster: undefined, pids };
  const state = await inspectProcess(file.pid);
  // A zombie is dead, and a process that does not serve our cluster has merely inherited the number.
  const isOurs = pids.includes(file.pid) || (state.kind === 'alive' && `${state.commandLine} `.includes(`-D ${layout.clusterDir} `));
  if (!isOurs) return { postmaster: undefined, pids };
  return { postmaster: file.pid, pids: pids.includes(file.pid) ? pids : [...pids, file.pid] };
}

function signalLeftover(layout: Layout, pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    const code = readErrorCode(error);
    if (code === 'ESRCH') return;
    if (code === 'EPERM') throw createInUseError(layout, [pid]);
    throw error;
  }
}

/**
 * PostgreSQL refuses to start while the pid in its lock files exists, be it a zombie that nobody reaped (2.5 s here after a
 * SIGKILL) or, after a restart of a container, any other process. We know better now.
 */
async function removeStaleFiles(layout: Layout, log: EmbeddedLog): Promise<void> {
  const stale = await readPostmasterFile(layout.clusterDir);
  if (stale !== undefined) log.warn({ pid: stale.pid }, 'PostgreSQL was killed the last time; it will recover from its write-ahead log');
  await rm(join(layout.clusterDir, 'postmaster.pid'), { force: true });
  const sockets = await readdir(layout.socketDir).catch(() => []);
  for (const name of sockets) {
    if (name.startsWith('.s.PGSQL.')) await rm(join(layout.socketDir, name), { force: true });
  }
}

function createInUseError(layout: Layout, pids: readonly number[]): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'in_use',
    `A PostgreSQL that Gatehouse did not start now is running on ${layout.clusterDir} (process ${pids.join(', ')}) and does not stop. ` +
      'Nothing was changed. Stop it (kill -INT) and start again.',
  );
}
