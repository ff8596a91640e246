/**
 * `node bench/oracles/install.mjs`: installs the other verifiers beside this file, exactly as package-lock.json says, when they are missing or out of date.
 * They are no workspace, so that `npm ci` of the repository installs none of them.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = import.meta.dirname;
const STAMP = join(FOLDER, 'node_modules', '.gatehouse-lock');

export function isInstalled() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hashLock();
}

function hashLock() {
  return createHash('sha256')
    .update(readFileSync(join(FOLDER, 'package-lock.json')))
    .digest('hex');
}

/** Writes what it does to standard error. @throws when npm could not */
export function installOracles() {
  if (isInstalled()) return note('the other verifiers are installed');
  note('installing the other verifiers (npm ci in bench/oracles, 30 MB)…');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const install = () => spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: FOLDER, stdio: ['ignore', 2, 2] }).status === 0;
  // A registry that answers badly once should not end a first try.
  if (!install() && !install()) throw new Error('npm could not install the other verifiers. See the lines above; is the npm registry reachable?');
  writeFileSync(STAMP, hashLock());
  note('the other verifiers are installed');
}

function note(text) {
  process.stderr.write(`oracles: ${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) installOracles();
