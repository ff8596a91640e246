/**
 * The commands of the README, with their own set-up: installs the packages when they are missing or out of date, builds what changed,
 * then runs. Plain JavaScript, because it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command = 'start', ...rest] = process.argv.slice(2);

const NODE_MIN = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1]))
  fail(`Gatehouse needs Node.js ${NODE_MIN.join('.')} or newer; this is ${process.versions.node}.`);

install();
build();
if (command === 'start') await gatehouse(['serve', ...rest]);
else if (command === 'gatehouse') await gatehouse(rest);
else if (command === 'test') tool('vitest', ['run', ...rest]);
else if (command === 'openapi') writeOpenApi();
else if (command === 'bench') node(['bench/run.mjs', ...rest]);
else fail(`There is no command "${command}". Known: start, gatehouse, test, openapi, bench.`);

function install() {
  const stamp = join(root, 'node_modules', '.gatehouse-lock');
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  note('installing packages (npm ci)…');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  let done = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  // A registry that answers badly once should not end a first try.
  if (done.status !== 0) done = spawnSync(npm, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) fail('The packages could not be installed. See the lines above; is the npm registry reachable?');
  writeFileSync(stamp, wanted);
}

function build() {
  const done = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) fail('The sources could not be compiled. See the lines above.');
}

async function gatehouse(args) {
  // In this process, so that signals and the exit code need no relay.
  process.argv = [process.argv[0], 'gatehouse', ...args];
  await import(pathToFileURL(join(root, 'packages/server/dist/cli.js')).href);
}

function writeOpenApi() {
  const done = spawnSync(process.execPath, [join(root, 'packages/server/dist/cli.js'), 'openapi'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) fail('The OpenAPI document could not be written.');
  writeFileSync(join(root, 'docs/openapi.json'), done.stdout);
  note('docs/openapi.json is up to date');
  node([join(root, 'scripts/docs.mjs')]);
}

function tool(name, args) {
  node([join(root, 'node_modules/.bin', name), ...args]);
}

function node(args) {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (done.signal !== null) note(`ended by ${done.signal}; SIGKILL without anybody's doing is the system, for want of memory`);
  process.exitCode = done.status ?? 1;
}

function note(text) {
  process.stderr.write(`gatehouse: ${text}\n`);
}

function fail(text) {
  note(text);
  process.exit(1);
}
