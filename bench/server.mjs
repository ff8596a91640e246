/** A real Gatehouse on a temporary data directory, as a child process. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const CLI = join(import.meta.dirname, '../packages/server/dist/cli.js');
const run = promisify(execFile);

/** @param nodeArgs such as `--cpu-prof` */
export async function startServer(settings = {}, nodeArgs = []) {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  chmodSync(dataDir, 0o711);
  const env = {
    ...process.env,
    GATEHOUSE_DATA_DIR: dataDir,
    GATEHOUSE_PORT: '0',
    GATEHOUSE_LOG_LEVEL: 'error',
    GATEHOUSE_REQUESTS_PER_MINUTE: '10000000',
    ...settings,
  };
  const child = spawn(process.execPath, [...nodeArgs, CLI, 'serve', '--json'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const { url } = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) resolve(JSON.parse(text.slice(0, text.indexOf('\n'))));
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const cli = async (...args) => JSON.parse((await run(process.execPath, [CLI, ...args, '--json'], { env, maxBuffer: 1 << 28 })).stdout);
  const rights = ['scan', 'match', 'uploads:write', 'uploads:read', 'receipts:verify', 'lists:read', 'lists:write', 'health:read'];
  const { secret } = await cli('key', 'create', '--name', 'bench', ...rights.flatMap((right) => ['--right', right]));
  return {
    url,
    pid: child.pid,
    dataDir,
    cli,
    headers: { authorization: `Bearer ${secret}` },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
