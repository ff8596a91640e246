/** Creating a cluster, once and wholly or not at all, and the configuration it is started with. */
import { chown, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomHex } from '../ids.ts';
import { readOwnUserName } from './embedded-account.ts';
import type { EmbeddedLog } from './embedded-types.ts';
import { createDiskFullError, EmbeddedPostgresError, isDiskFull, readErrorCode } from './embedded-errors.ts';
import { exists, syncDir, writeFileDurably } from '../files.ts';
import type { Layout } from './embedded-layout.ts';
import { runCommand } from './embedded-process.ts';
import type { Runtime } from './embedded-runtime.ts';

export const DATABASE = 'gatehouse';
export const DATABASE_USER = 'gatehouse';

/**
 * Defaults for a gateway that shares its machine; `pg-conf/custom.conf` overrides them. Sessions log no errors:
 * they reach the gateway anyway, and their text can hold values (promise 7, least knowledge).
 */
const CONFIGURATION = `# Written by Gatehouse at every start. Put your own settings into custom.conf beside this file.
max_connections = 60
shared_buffers = 64MB
max_wal_size = 512MB
log_timezone = 'UTC'
timezone = 'UTC'
lc_messages = 'C'
log_error_verbosity = terse
log_min_error_statement = panic
log_line_prefix = '%m [%p] '
log_checkpoints = off
max_logical_replication_workers = 0
`;

const CREATE_DATABASE = `create database ${DATABASE};\nalter database ${DATABASE} set log_min_messages = 'log';\n`;

export interface ClusterRequest {
  readonly runtime: Runtime;
  readonly log: EmbeddedLog;
  readonly signal: AbortSignal | undefined;
}

/** Creates the cluster when there is none, and checks that these programs can serve the one there is. */
export async function ensureCluster(layout: Layout, { runtime, log, signal }: ClusterRequest): Promise<void> {
  await removeUnfinished(layout, log);
  const majorVersion = await readClusterVersion(layout.clusterDir);
  if (majorVersion === undefined) {
    if (layout.isClusterExpected) throw createLostError(layout);
    await createCluster(layout, runtime, signal);
    log.info({ clusterDir: layout.clusterDir, version: runtime.version }, 'created the embedded PostgreSQL cluster');
  } else if (majorVersion !== runtime.majorVersion) {
    throw new EmbeddedPostgresError(
      'start_failed',
      `The database in ${layout.clusterDir} was made by PostgreSQL ${majorVersion}, and the one at hand is ${runtime.version}, which cannot read it. ` +
        `Nothing was changed. Set GATEHOUSE_PG_BIN to a PostgreSQL ${majorVersion}, or go back to the release before, run \`gatehouse backup\`, and \`gatehouse restore\` with this one.`,
    );
  }
}

/** Writes the configuration afresh, outside the cluster, where the unprivileged user can only read it. */
export async function writeConfiguration(layout: Layout): Promise<void> {
  // root besides, so that `gatehouse backup` works from a root shell; it could become the other user anyway.
  const users = [...new Set([readOwnUserName(), 'root'])].map((name) => `gatehouse "${name.replaceAll('"', '""')}" ${DATABASE_USER}\n`);
  const custom = join(layout.confDir, 'custom.conf');
  const include = (await exists(custom)) ? "include 'custom.conf'\n" : '';
  await writeFileDurably(join(layout.confDir, 'postgresql.conf'), CONFIGURATION + include, 0o644);
  // Peer: the kernel vouches for the user at the other end, so not even the user that runs PostgreSQL gets in.
  await writeFileDurably(join(layout.confDir, 'pg_hba.conf'), 'local all all peer map=gatehouse\n', 0o644);
  await writeFileDurably(join(layout.confDir, 'pg_ident.conf'), users.join(''), 0o644);
}

/** What the promise "acknowledged is durable" and the closed door rest on; on the command line, where no file overrides it. */
export function createServerArguments(layout: Layout, launchToken: string): string[] {
  const settings = {
    config_file: join(layout.confDir, 'postgresql.conf'),
    hba_file: join(layout.confDir, 'pg_hba.conf'),
    ident_file: join(layout.confDir, 'pg_ident.conf'),
    listen_addresses: '',
    port: '5432',
    unix_socket_directories: `"${layout.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    log_destination: 'stderr',
    logging_collector: 'off',
    // Not a setting of PostgreSQL: it makes this launch recognisable in the process list.
    'gatehouse.launch': launchToken,
  };
  return ['-D', layout.clusterDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function createCluster(layout: Layout, runtime: Runtime, signal: AbortSignal | undefined): Promise<void> {
  const temporary = join(layout.baseDir, `pg.tmp-${randomHex(4)}`);
  try {
    await mkdir(temporary, { mode: 0o700 });
    if (layout.account !== undefined) await chown(temporary, layout.account.uid, layout.account.gid);
    await runInitdb(temporary, layout, { runtime, signal });
    await rename(temporary, layout.clusterDir);
    await syncDir(layout.baseDir);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}

async function runInitdb(dir: string, layout: Layout, { runtime, signal }: Pick<ClusterRequest, 'runtime' | 'signal'>): Promise<void> {
  const options = { account: layout.account, signal };
  // PostgreSQL 17 brought its own C.UTF-8, which sorts the same on every system and never changes under an index.
  const locale = runtime.majorVersion >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C'];
  const args = ['-D', dir, '-U', DATABASE_USER, '-E', 'UTF8', '--data-checksums', '--auth-local=peer', '--auth-host=reject', ...locale];
  const initdb = await runCommand(join(runtime.binDir, 'initdb'), args, options);
  if (initdb.exitCode !== 0) throw createInitError(layout, initdb.output);
  // Single-user mode ends with exit code 0 whatever the statements said; the output tells.
  const create = await runCommand(join(runtime.binDir, 'postgres'), ['--single', '-D', dir, 'postgres'], { ...options, input: CREATE_DATABASE });
  if (create.exitCode !== 0 || /ERROR|FATAL|PANIC/.test(create.output)) throw createInitError(layout, create.output);
}

/** Removes what a start that was killed in the middle of initdb left behind. */
async function removeUnfinished(layout: Layout, log: EmbeddedLog): Promise<void> {
  for (const name of await readdir(layout.baseDir)) {
    if (!name.startsWith('pg.tmp-')) continue;
    const dir = join(layout.baseDir, name);
    // An initdb that outlived its parent may still write there for a second; what stays is removed by the next start.
    await rm(dir, { recursive: true, force: true, maxRetries: 5 }).then(
      () => log.info({ dir }, 'removed an unfinished PostgreSQL cluster'),
      (error: unknown) => log.warn({ dir, err: error }, 'could not remove an unfinished PostgreSQL cluster'),
    );
  }
}

async function readClusterVersion(clusterDir: string): Promise<number | undefined> {
  try {
    return Number((await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim());
  } catch (error) {
    if (readErrorCode(error) !== 'ENOENT') throw error;
    if (!(await exists(clusterDir))) return undefined;
    throw new EmbeddedPostgresError(
      'start_failed',
      `${clusterDir} is there, but it is not a PostgreSQL cluster (no PG_VERSION). Nothing was changed. Restore it from a backup, or move it away to begin with an empty database.`,
    );
  }
}

function createInitError(layout: Layout, output: string): EmbeddedPostgresError {
  if (isDiskFull(output)) return createDiskFullError(layout.baseDir);
  return new EmbeddedPostgresError(
    'init_failed',
    `The embedded PostgreSQL could not create its cluster in ${layout.baseDir}. What was begun is removed; nothing else was changed. PostgreSQL says: ${output.trim().slice(-800)}`,
  );
}

function createLostError(layout: Layout): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'start_failed',
    `The database of ${layout.dataDir} should be in ${layout.clusterDir} (says postgres.location), and is not there. Nothing was changed. ` +
      `Bring it back or restore a backup. To begin with an empty database, remove ${join(layout.dataDir, 'postgres.location')}.`,
  );
}
