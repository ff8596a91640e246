/**
 * Where the cluster lives. Normally in the data directory. Started as root with a data directory that the
 * unprivileged user cannot enter (below a 0700 home, say), in /var/lib/gatehouse/<hash of the data directory>.
 * `<dataDir>/postgres.location` names the place once a cluster exists there.
 */
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { canEnter, chooseAccount } from './embedded-account.ts';
import { ALTERNATIVES, EmbeddedPostgresError } from './embedded-errors.ts';
import { exists, writeFileDurably } from '../files.ts';
import type { Account } from './embedded-process.ts';

/** Directories that only root can create; replaced in tests. */
export interface SystemDirs {
  /** Holds clusters whose data directory is out of reach. */
  readonly stateDir: string;
  /** Holds socket directories when the path of the data directory is too long for one. */
  readonly runDir: string;
}

export const SYSTEM_DIRS: SystemDirs = { stateDir: '/var/lib/gatehouse', runDir: '/run/gatehouse' };

export interface Layout {
  readonly dataDir: string;
  /** Holds everything below; owned by us, never by the unprivileged user, so root writes nothing into a directory of somebody else. */
  readonly baseDir: string;
  readonly clusterDir: string;
  readonly confDir: string;
  readonly logFile: string;
  readonly socketDir: string;
  readonly account: Account | undefined;
  /** True when postgres.location said that a cluster exists: an empty place is then a loss, not a first start. */
  readonly isClusterExpected: boolean;
}

const LOCATION_FILE = 'postgres.location';
/** 103 usable bytes on macOS (107 on Linux), less the name of the socket and a slash. */
const SOCKET_DIR_BYTES_MAX = 103 - '/.s.PGSQL.5432'.length;

export async function resolveLayout(dataDirGiven: string, systemDirs: SystemDirs): Promise<Layout> {
  const isRoot = process.getuid?.() === 0;
  await mkdir(dataDirGiven, { recursive: true, mode: isRoot ? 0o711 : 0o700 });
  const dataDir = await realpath(dataDirGiven);
  const recorded = await readLocation(dataDir);
  const baseDir = recorded ?? (await chooseBaseDir(dataDir, systemDirs));
  const clusterDir = join(baseDir, 'pg');
  const account = await chooseAccount(clusterDir);
  if (baseDir !== dataDir) await claimBaseDir(baseDir, dataDir);
  if (!(await canEnter(baseDir, account))) throw createUnreachableError(baseDir, account);
  return {
    dataDir,
    baseDir,
    clusterDir,
    confDir: join(baseDir, 'pg-conf'),
    logFile: join(baseDir, 'pg.log'),
    socketDir: chooseSocketDir(baseDir, systemDirs, isRoot),
    account,
    isClusterExpected: recorded !== undefined,
  };
}

/** Records where the cluster is, after it exists. */
export async function recordLocation(layout: Layout): Promise<void> {
  if (layout.isClusterExpected) return;
  const place = layout.baseDir === layout.dataDir ? 'pg' : layout.clusterDir;
  await writeFileDurably(join(layout.dataDir, LOCATION_FILE), `${place}\n`, 0o644);
}

/** Creates the directories around the cluster. The socket directory is for the unprivileged user alone. */
export async function createDirs(layout: Layout, systemDirs: SystemDirs): Promise<void> {
  await mkdir(layout.confDir, { recursive: true });
  await chmod(layout.confDir, 0o755);
  if (layout.socketDir.startsWith(`${systemDirs.runDir}/`)) {
    await mkdir(systemDirs.runDir, { recursive: true });
    await chmod(systemDirs.runDir, 0o755);
  }
  await mkdir(layout.socketDir, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  await claimSocketDir(layout);
}

/** In /tmp anybody could have created the name first, so what is there is checked before it is trusted. */
async function claimSocketDir(layout: Layout): Promise<void> {
  const ownUid = process.getuid?.() ?? 0;
  const found = await lstat(layout.socketDir);
  if (!found.isDirectory() || (found.uid !== ownUid && found.uid !== layout.account?.uid)) {
    throw new EmbeddedPostgresError(
      'permission',
      `${layout.socketDir}, meant for the socket of the embedded PostgreSQL, belongs to somebody else. Nothing was changed. ` +
        'Remove it, or set GATEHOUSE_DATA_DIR to a directory with a shorter path.',
    );
  }
  if (layout.account !== undefined) await chown(layout.socketDir, layout.account.uid, layout.account.gid);
  await chmod(layout.socketDir, 0o700);
}

async function chooseBaseDir(dataDir: string, systemDirs: SystemDirs): Promise<string> {
  if (await exists(join(dataDir, 'pg'))) return dataDir;
  const account = await chooseAccount(undefined);
  if (account === undefined || (await canEnter(dataDir, account))) return dataDir;
  return join(systemDirs.stateDir, hashPath(dataDir));
}

/** Creates the directory outside the data directory and makes sure that only one data directory uses it. */
async function claimBaseDir(baseDir: string, dataDir: string): Promise<void> {
  await mkdir(baseDir, { recursive: true });
  // Whatever the umask, the unprivileged user must pass.
  await chmod(dirname(baseDir), 0o755);
  await chmod(baseDir, 0o755);
  const ownerFile = join(baseDir, 'data-dir');
  const owner = (await readFile(ownerFile, 'utf8').catch(() => '')).trim();
  if (owner === dataDir) return;
  // A moved data directory takes its cluster along; a copy must not share it with the original.
  if (owner !== '' && (await readLocation(owner)) === baseDir) {
    throw new EmbeddedPostgresError(
      'in_use',
      `${dataDir} is a copy of ${owner}, and the cluster in ${baseDir} belongs to the original. Nothing was changed. ` +
        `Use \`gatehouse backup\` and \`gatehouse restore\` to copy a gateway, or remove ${join(dataDir, LOCATION_FILE)} to begin with an empty database.`,
    );
  }
  await writeFileDurably(ownerFile, `${dataDir}\n`, 0o644);
}

function chooseSocketDir(baseDir: string, systemDirs: SystemDirs, isRoot: boolean): string {
  const near = join(baseDir, 'pg-run');
  if (Buffer.byteLength(near) <= SOCKET_DIR_BYTES_MAX) return near;
  return isRoot ? join(systemDirs.runDir, hashPath(baseDir)) : join(tmpdir(), `gatehouse-${hashPath(baseDir)}`);
}

async function readLocation(dataDir: string): Promise<string | undefined> {
  const text = (await readFile(join(dataDir, LOCATION_FILE), 'utf8').catch(() => '')).trim();
  // A cluster in place is recorded as a relative path, so that it follows when the data directory is moved.
  return text === '' ? undefined : dirname(resolve(dataDir, text));
}

function createUnreachableError(baseDir: string, account: Account | undefined): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'permission',
    `The user ${account?.name ?? 'running Gatehouse'} cannot enter ${baseDir}, where the database of Gatehouse is. Nothing was changed. ` +
      `Allow passing through every directory above it (chmod o+x), or start as the user who owns it. ${ALTERNATIVES}`,
  );
}

function hashPath(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 12);
}
