/**
 * The README, followed by somebody who has only Node and npm: clone into an empty folder, run its commands, drive the page, make the
 * first integration. The commands are read from the README itself.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openContext, watchFaults } from '../e2e/browser.ts';

const REPOSITORY = join(import.meta.dirname, '../../../..');
const INSTALL_MS = 300_000;

let home: string;
let clone: string;
let env: Record<string, string>;
let readme: string;
let url: string;
let server: ChildProcess | undefined;
let browser: Browser | undefined;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'gatehouse-newcomer-'));
  // As root: below a folder that only root may enter, as /root is.
  chmodSync(home, 0o700);
  clone = join(home, 'gatehouse');
  mkdirSync(join(home, 'Pictures'));
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', REPOSITORY, clone]);
  readme = readFileSync(join(clone, 'README.md'), 'utf8');
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const kept = ['PATH', 'LANG', 'npm_config_registry', 'npm_config_userconfig', 'npm_config_cache', 'HOME'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  env = { ...Object.fromEntries(kept), GATEHOUSE_PORT: String(port), CI: 'true' };
});

afterAll(async () => {
  await browser?.close();
  if (server !== undefined && server.exitCode === null && server.signalCode === null) await stop();
  rmSync(home, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** The fenced block of the README that begins with this line. */
function command(first: string): string {
  const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => (text ?? '').trim());
  const found = blocks.find((text) => text.startsWith(first));
  if (found === undefined) throw new Error(`the README has no command that begins with "${first}"`);
  return found;
}

function shell(text: string, more: Record<string, string> = {}): { status: number; out: string } {
  try {
    return {
      status: 0,
      out: execFileSync('bash', ['-c', text], {
        cwd: clone,
        env: { ...env, ...more },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1 << 26,
      }),
    };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { status, out: `${stdout}\n${stderr}` };
  }
}

async function stop(): Promise<void> {
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  // npm, its shell and node are one group, as in a terminal where Ctrl-C is pressed.
  if (server?.pid !== undefined) process.kill(-server.pid, 'SIGINT');
  await ended;
}

describe('the README', () => {
  let signInLink: string;

  it(
    '`npm start` sets itself up and prints a one-time sign-in link',
    async () => {
      const child = spawn('bash', ['-c', command('npm start')], { cwd: clone, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      server = child;
      let text = '';
      signInLink = await new Promise<string>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          text += chunk.toString();
          const found = /https?:\/\/\S+\/sign-in\/\S+/.exec(text);
          if (found !== null) resolve(found[0]);
        };
        child.stdout.on('data', read);
        child.stderr.on('data', read);
        child.once('exit', (code) => reject(new Error(`npm start ended with ${code}:\n${text}`)));
      });
      expect(signInLink.startsWith(`${url}/sign-in/`)).toBe(true);
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
    },
    INSTALL_MS,
  );

  it('the page: sign in, load the demonstration list, try every sample', async () => {
    browser = await launchBrowser();
    const page = await (await openContext(browser)).newPage();
    const faults = watchFaults(page);
    await page.goto(signInLink);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
    await page.goto(`${url}/try`);
    await page.getByRole('button', { name: 'Load the demonstration list' }).click();
    await page.getByText('The demonstration list is in force').waitFor();
    await page.getByRole('button', { name: /^Try all/ }).click();
    await page.getByText(/^Finished:/).waitFor();
    expect(await page.locator('#try-status').textContent()).toBe('Finished: 5 would be held, 1 would be published');
    expect(faults).toEqual([]);
  });

  it('the folder scan works without a server and says by its exit code what it found', () => {
    const samples = join(clone, 'packages/server/src/console/data');
    const scan = command('npm run -s gatehouse -- scan').replace('~/Pictures', samples).replace('my.csv', join(samples, 'demo-list.csv'));
    const { status, out } = shell(scan, { GATEHOUSE_DATA_DIR: join(home, 'no-server-here') });
    expect(status).toBe(1);
    expect(out).toContain('rotated.jpg');
    expect(shell(scan.replace(samples, join(samples, 'unrelated.jpg')), { GATEHOUSE_DATA_DIR: join(home, 'no-server-here') }).status).toBe(0);
  });

  it('the key, the curl call and the Python program work as they are printed', () => {
    const key = shell(`${command('export GATEHOUSE_KEY=')}\nprintf %s "$GATEHOUSE_KEY"`);
    expect(key.status).toBe(0);
    const more = { GATEHOUSE_KEY: key.out.trim() };
    const samples = join(clone, 'packages/server/src/console/data');
    const at = (text: string, picture: string): string => text.replaceAll('http://127.0.0.1:8080', url).replaceAll('photo.jpg', join(samples, picture));
    const curl = command('curl -sS');
    expect(JSON.parse(shell(at(curl, 'unrelated.jpg'), more).out)).toMatchObject({ verdict: 'clear' });
    expect(JSON.parse(shell(at(curl, 'flipped.jpg'), more).out)).toMatchObject({ verdict: 'match' });
    const python = /```python\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const run = (picture: string): string =>
      execFileSync('/usr/bin/python3', ['-c', at(python, picture)], { env: { ...env, ...more }, encoding: 'utf8' }).trim();
    expect(run('unrelated.jpg')).toBe('publish');
    expect(run('original.jpg')).not.toBe('publish');
  });

  it('Ctrl-C stops it, and nothing is left running', async () => {
    await stop();
    const left = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(clone));
    expect(left).toEqual([]);
  });

  // Two of its parts: `.ci/run` is a clean clone as well, and has run all of it by then.
  it('`npm test` runs, and passes', () => {
    const { status, out } = shell(`${command('npm test')} -- packages/tlog packages/server/src/access`);
    expect(out.split('\n').filter((line) => /FAIL|Error:/.test(line))).toEqual([]);
    expect(out.slice(-3_000)).toMatch(/Tests .*passed/);
    expect(status).toBe(0);
  }, 1_200_000);
});
