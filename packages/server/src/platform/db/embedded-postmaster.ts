/** One run of the server: from spawn to the moment it accepts connections, and to its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { open, rename, stat, truncate, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { randomHex } from '../ids.ts';
import { createServerArguments } from './embedded-cluster.ts';
import type { EmbeddedLog } from './embedded-types.ts';
import { createDiskFullError, EmbeddedPostgresError, isDiskFull } from './embedded-errors.ts';
import { readPostmasterFile } from './embedded-leftover.ts';
import type { Layout } from './embedded-layout.ts';
import { createSpawnOptions } from './embedded-process.ts';
import type { Runtime } from './embedded-runtime.ts';
import { startWatchdog, type Watchdog } from './watchdog.ts';

export interface Postmaster {
  readonly pid: number;
  readonly exited: Promise<EmbeddedPostgresExit>;
  /** Fast shutdown; immediate when that takes too long. */
  stop(): Promise<void>;
  /** Cuts the log when it has grown too long. */
  trimLog(): Promise<void>;
}

export interface EmbeddedPostgresExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What the log says about the reason. */
  readonly error: EmbeddedPostgresError;
}

export interface PostmasterRequest {
  readonly layout: Layout;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly log: EmbeddedLog;
  readonly startTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Two files of at most about this size; a server that only logs trouble needs years for one. */
const LOG_BYTES_MAX = 8 * 1024 * 1024;
const LOG_TAIL_BYTES = 8 * 1024;
const READY_POLL_MS = 20;
const PROGRESS_MS = 10_000;
const FAST_SHUTDOWN_MS = 60_000;
const IMMEDIATE_SHUTDOWN_MS = 10_000;

export async function startPostmaster(request: PostmasterRequest): Promise<Postmaster> {
  const { layout, log } = request;
  await trimLog(layout.logFile);
  const launchToken = `gatehouse-${randomHex(12)}`;
  const watchdog = startWatchdog({ clusterDir: layout.clusterDir, launchToken, account: layout.account, log });
  const logHandle = await open(layout.logFile, 'a', 0o600);
  try {
    const logStart = (await logHandle.stat()).size;
    const child = spawnPostgres(request, launchToken, logHandle);
    const exited = dismissAfter(watchExit(child, layout, logStart), watchdog);
    // Awaited by several; a failure to spawn must not count as unhandled before the first does.
    exited.catch(() => undefined);
    const postmaster = createPostmaster(request, { child, exited, watchdog });
    await waitUntilReady(postmaster, request).catch(async (error: unknown) => {
      await postmaster.stop().catch(() => undefined);
      throw error;
    });
    return postmaster;
  } catch (error) {
    await watchdog.dismiss();
    throw error;
  } finally {
    await logHandle.close();
  }
}

function spawnPostgres(request: PostmasterRequest, launchToken: string, logHandle: FileHandle): ChildProcess {
  const { layout, runtime } = request;
  return spawn(join(runtime.binDir, 'postgres'), createServerArguments(layout, launchToken), {
    ...createSpawnOptions(layout.account),
    stdio: ['ignore', logHandle.fd, logHandle.fd],
    // A session of its own: Ctrl-C in the terminal reaches only us, and we stop it in order.
    detached: true,
  });
}

interface Launched {
  readonly child: ChildProcess;
  readonly exited: Promise<EmbeddedPostgresExit>;
  readonly watchdog: Watchdog;
}

function createPostmaster(request: PostmasterRequest, { child, exited, watchdog }: Launched): Postmaster {
  const { clock, layout } = request;
  const stop = async (): Promise<void> => {
    for (const [signal, graceMs] of [
      ['SIGINT', FAST_SHUTDOWN_MS],
      ['SIGQUIT', IMMEDIATE_SHUTDOWN_MS],
      ['SIGKILL', IMMEDIATE_SHUTDOWN_MS],
    ] as const) {
      child.kill(signal);
      if (await settlesWithin(exited, graceMs, clock)) break;
    }
    await exited;
    await watchdog.dismiss();
  };
  return { pid: child.pid ?? 0, exited, stop, trimLog: () => trimLog(layout.logFile) };
}

async function waitUntilReady(postmaster: Postmaster, request: PostmasterRequest): Promise<void> {
  const { clock, layout, log, signal, startTimeoutMs } = request;
  const startedMs = clock.monotonicMs();
  let reportedMs = startedMs;
  let exit: EmbeddedPostgresExit | undefined;
  postmaster.exited.then(
    (result) => (exit = result),
    () => undefined,
  );
  for (;;) {
    signal.throwIfAborted();
    if (exit !== undefined || postmaster.pid === 0) throw (await postmaster.exited).error;
    const file = await readPostmasterFile(layout.clusterDir);
    if (file?.pid === postmaster.pid && file.status === 'ready') return;
    const nowMs = clock.monotonicMs();
    if (nowMs - startedMs > startTimeoutMs) throw createTimeoutError(layout, startTimeoutMs);
    if (nowMs - reportedMs > PROGRESS_MS) {
      reportedMs = nowMs;
      log.info({ elapsedMs: Math.round(nowMs - startedMs), logFile: layout.logFile }, 'PostgreSQL is still starting (recovering from its write-ahead log)');
    }
    await clock.sleep(READY_POLL_MS);
  }
}

async function dismissAfter(exit: Promise<EmbeddedPostgresExit>, watchdog: Watchdog): Promise<EmbeddedPostgresExit> {
  try {
    return await exit;
  } finally {
    await watchdog.dismiss();
  }
}

function watchExit(child: ChildProcess, layout: Layout, logStart: number): Promise<EmbeddedPostgresExit> {
  return new Promise((resolve, reject) => {
    // Also emitted when a signal cannot be sent; only a process that never was will not exit.
    child.on('error', (error) => {
      if (child.pid === undefined) reject(error);
    });
    child.once('exit', (exitCode, signal) => {
      void readLogSince(layout.logFile, logStart).then((text) =>
        resolve({ exitCode, signal, error: createExitError(layout, signal ?? `exit code ${exitCode}`, text) }),
      );
    });
  });
}

/** @param how the signal or the exit code */
function createExitError(layout: Layout, how: string, logText: string): EmbeddedPostgresError {
  // Only the end counts: a full disk of last week, since freed, is not why it died now.
  const lines = logText
    .trim()
    .split('\n')
    .filter((line) => /FATAL|PANIC|ERROR|could not/.test(line))
    .slice(-5);
  const said = lines.join(' | ');
  if (isDiskFull(said)) return createDiskFullError(layout.baseDir);
  if (/lock file ".*" already exists|pre-existing shared memory block/.test(said)) {
    return new EmbeddedPostgresError('in_use', `Another PostgreSQL still holds ${layout.clusterDir}. Nothing was changed. PostgreSQL says: ${said}`);
  }
  return new EmbeddedPostgresError(
    'start_failed',
    `The embedded PostgreSQL ended (${how}). Everything acknowledged is kept in ${layout.clusterDir}. ` +
      `PostgreSQL says: ${said === '' ? 'nothing' : said} (${layout.logFile})`,
  );
}

function createTimeoutError(layout: Layout, startTimeoutMs: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'start_timeout',
    `The embedded PostgreSQL was not ready after ${Math.round(startTimeoutMs / 1000)} s and was stopped. Everything acknowledged is kept. ` +
      `Look into ${layout.logFile}, free the machine of other work, and start again.`,
  );
}

async function settlesWithin(promise: Promise<unknown>, timeoutMs: number, clock: Clock): Promise<boolean> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise.then(
        () => true,
        () => true,
      ),
      clock.sleep(timeoutMs, timer.signal).then(
        () => false,
        () => true,
      ),
    ]);
  } finally {
    timer.abort();
  }
}

/** Keeps one older file. The server appends (O_APPEND), so cutting under it is safe. */
async function trimLog(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= LOG_BYTES_MAX) return;
  const tail = await readLogSince(logFile, size - LOG_BYTES_MAX / 2, LOG_BYTES_MAX / 2);
  const older = await open(`${logFile}.1.tmp`, 'w', 0o600);
  try {
    await older.writeFile(tail);
  } finally {
    await older.close();
  }
  await rename(`${logFile}.1.tmp`, `${logFile}.1`);
  await truncate(logFile, 0);
}

async function readLogSince(logFile: string, start: number, bytesMax = LOG_TAIL_BYTES): Promise<string> {
  try {
    const handle = await open(logFile, 'r');
    try {
      const { size } = await handle.stat();
      const position = Math.max(Math.min(start, size), size - bytesMax);
      const buffer = Buffer.alloc(size - position);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}
