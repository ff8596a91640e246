/**
 * The lock of a data directory: one owner, which a second process cannot pass.
 *
 * Node offers no flock(2). Two things that the kernel does for every process take its place:
 *
 * 1. **Life** is a listening Unix socket. The kernel closes it when its owner dies, however it dies, so `connect` is the
 *    test: accepted means alive, refused means dead. No age, no pid and no clock is asked, so neither a suspended owner
 *    nor a reused pid fools it, and it holds between containers that share a directory but not a pid namespace.
 * 2. **Succession** is a chain of symbolic links `1`, `2`, `3`…, each naming the socket of one owner. symlink(2) is
 *    atomic and fails when the name exists, so of all that find owner n dead exactly one creates n + 1. A link is
 *    never replaced, which removes the classic race (two see the same stale lock, the slower removes the lock of the faster).
 *
 * Not covered: two hosts that share the directory over a network file system (a socket is local to its kernel).
 */
import { mkdir, mkdtemp, readdir, readlink, realpath, rm, symlink, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { randomHex } from './ids.ts';

export type LockErrorCode = 'data_dir_in_use' | 'data_dir_permission' | 'data_dir_full' | 'data_dir_unsuitable';

export class LockError extends Error {
  override readonly name = 'LockError';
  readonly code: LockErrorCode;
  /** The process that holds the lock, when the code is `data_dir_in_use` and it is known. */
  readonly ownerPid: number | undefined;

  constructor(code: LockErrorCode, message: string, options: { ownerPid?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.ownerPid = options.ownerPid;
  }
}

export interface DataDirLock {
  /** Gives the directory back. Safe to call twice. */
  release(): Promise<void>;
}

/** sun_path holds 108 bytes on Linux and 104 on macOS, with the closing zero. */
const SOCKET_PATH_BYTES_MAX = 103;
/** Each retry means that another process died or won in between; this many in a row is a fault, not a race. */
const ATTEMPTS_MAX = 50;
/** The predecessor stays on disk so that a listing is never empty while a lock exists. */
const GENERATIONS_KEPT = 2;

/**
 * Takes the lock of `dataDir`, creating the directory when it is missing.
 * @throws {LockError} `data_dir_in_use` when its owner is alive.
 */
export async function acquireDataDirLock(dataDir: string): Promise<DataDirLock> {
  try {
    return await acquire(await createLockDir(dataDir));
  } catch (error) {
    throw toLockError(error, dataDir);
  }
}

/** The pid of the live owner of `dataDir`, or undefined when nobody holds it. Takes nothing. */
export async function findDataDirOwner(dataDir: string): Promise<number | undefined> {
  const lockDir = join(dataDir, 'lock');
  const newest = (await listGenerations(lockDir).catch(() => [])).at(-1);
  if (newest === undefined || !(await isOwnerAlive(lockDir, newest))) return undefined;
  return readOwnerPid(lockDir, newest);
}

async function createLockDir(dataDir: string): Promise<string> {
  // As root the embedded PostgreSQL runs as another user, who must be able to pass through (but not list) the directory.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  await mkdir(dataDir, { recursive: true, mode });
  const lockDir = join(await realpath(dataDir), 'lock');
  await mkdir(lockDir, { recursive: true, mode: 0o700 });
  return lockDir;
}

async function acquire(lockDir: string): Promise<DataDirLock> {
  const socketName = `${process.pid}-${randomHex(8)}.sock`;
  const server = await listen(lockDir, socketName);
  const release = async (): Promise<void> => {
    await close(server);
    await rm(join(lockDir, socketName), { force: true });
  };
  try {
    const generation = await succeed(lockDir, socketName);
    await removeForebears(lockDir, generation, socketName);
  } catch (error) {
    await release();
    throw error;
  }
  let released: Promise<void> | undefined;
  return { release: () => (released ??= release()) };
}

/** Becomes the successor of the newest owner if that one is dead. Returns the generation won. */
async function succeed(lockDir: string, socketName: string): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const newest = (await listGenerations(lockDir)).at(-1) ?? 0;
    if (newest > 0 && (await isOwnerAlive(lockDir, newest))) throw await createInUseError(lockDir, newest);
    const mine = newest + 1;
    try {
      await symlink(socketName, join(lockDir, String(mine)));
    } catch (error) {
      if (readErrorCode(error) === 'EEXIST') continue;
      throw error;
    }
    if (await isMineInForce(lockDir, mine)) return mine;
    await unlink(join(lockDir, String(mine)));
  }
  throw new LockError('data_dir_in_use', `Could not take ${dirname(lockDir)}: other processes keep taking it. Stop them and start again.`);
}

/**
 * A process that slept between listing and linking may have created a number that an owner had already used and
 * cleaned away. Then a newer number exists, or the predecessor is gone (it is cleaned away first), or a cleaning
 * owner has removed our socket.
 */
async function isMineInForce(lockDir: string, mine: number): Promise<boolean> {
  const generations = await listGenerations(lockDir);
  if (generations.at(-1) !== mine) return false;
  if (mine > 1 && !generations.includes(mine - 1)) return false;
  return isOwnerAlive(lockDir, mine);
}

/** Removes the links and sockets of the dead, oldest first (`isMineInForce` depends on the order). */
async function removeForebears(lockDir: string, mine: number, mySocket: string): Promise<void> {
  for (const generation of await listGenerations(lockDir)) {
    if (generation <= mine - GENERATIONS_KEPT) await rm(join(lockDir, String(generation)), { force: true });
  }
  for (const name of await readdir(lockDir)) {
    if (!name.endsWith('.sock') || name === mySocket) continue;
    if (!(await isSocketAlive(lockDir, name))) await rm(join(lockDir, name), { force: true });
  }
}

async function listGenerations(lockDir: string): Promise<number[]> {
  const names = await readdir(lockDir);
  return names
    .filter((name) => /^[1-9]\d{0,14}$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b);
}

async function isOwnerAlive(lockDir: string, generation: number): Promise<boolean> {
  return isSocketAlive(lockDir, String(generation));
}

async function isSocketAlive(lockDir: string, name: string): Promise<boolean> {
  return withShortPath(
    lockDir,
    name,
    (path) =>
      new Promise((resolve, reject) => {
        const socket = connect(path);
        socket.once('connect', () => {
          socket.destroy();
          resolve(true);
        });
        socket.once('error', (error) => {
          const code = readErrorCode(error);
          if (code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'ENOTSOCK') resolve(false);
          // The queue of a suspended owner is full, or it closed while we asked: somebody is there.
          else if (code === 'EAGAIN' || code === 'ECONNRESET' || code === 'EPIPE') resolve(true);
          else reject(error);
        });
      }),
  );
}

async function listen(lockDir: string, name: string): Promise<Server> {
  return withShortPath(
    lockDir,
    name,
    (path) =>
      new Promise((resolve, reject) => {
        const server = createServer((socket) => socket.destroy());
        server.once('error', reject);
        server.listen(path, () => {
          server.off('error', reject);
          server.on('error', () => undefined);
          server.unref();
          resolve(server);
        });
      }),
  );
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}

/** Runs `use` with a path to `dir/name` that fits into sun_path: through a symbolic link for as long as it takes. */
async function withShortPath<T>(dir: string, name: string, use: (path: string) => Promise<T>): Promise<T> {
  const direct = join(dir, name);
  if (Buffer.byteLength(direct) <= SOCKET_PATH_BYTES_MAX) return use(direct);
  const temporary = await mkdtemp(join(tmpdir(), 'gh-'));
  const link = join(temporary, 'd');
  try {
    await symlink(dir, link);
    return await use(join(link, name));
  } finally {
    await rm(link, { force: true });
    await rm(temporary, { recursive: true, force: true });
  }
}

async function readOwnerPid(lockDir: string, generation: number): Promise<number | undefined> {
  const target = await readlink(join(lockDir, String(generation))).catch(() => '');
  const pid = Number.parseInt(target, 10);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

async function createInUseError(lockDir: string, generation: number): Promise<LockError> {
  const ownerPid = await readOwnerPid(lockDir, generation);
  const owner = ownerPid === undefined ? 'another process' : `process ${ownerPid}`;
  return new LockError(
    'data_dir_in_use',
    `The data directory ${dirname(lockDir)} is in use by ${owner}. Nothing was changed. ` +
      'Stop that process, or give this one its own directory with GATEHOUSE_DATA_DIR.',
    { ownerPid },
  );
}

function toLockError(error: unknown, dataDir: string): unknown {
  if (error instanceof LockError) return error;
  const code = readErrorCode(error);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new LockError(
      'data_dir_permission',
      `The data directory ${dataDir} cannot be written by this user (${code}). Nothing was changed. ` +
        'Start as the user who owns it, or set GATEHOUSE_DATA_DIR to a directory of your own.',
      { cause: error },
    );
  }
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new LockError(
      'data_dir_full',
      `The disk that holds the data directory ${dataDir} is full (${code}). Everything in it is kept. Free space and start again.`,
      { cause: error },
    );
  }
  if (code === 'ENOTSUP' || code === 'EOPNOTSUPP' || code === 'EINVAL' || code === 'ENOTDIR' || code === 'ENOSYS') {
    return new LockError(
      'data_dir_unsuitable',
      `The data directory ${dataDir} cannot hold a Unix socket or a symbolic link (${code}), so it cannot be locked. ` +
        'Set GATEHOUSE_DATA_DIR to a directory on a local file system.',
      { cause: error },
    );
  }
  return error;
}

function readErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
