/** The gate behind real proxies: the blocks of docs/guide/age-gate.md, with other ports and without TLS, run by Debian's nginx and Caddy. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgeOutcome } from '../../src/age/index.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

const GUIDE = resolve(import.meta.dirname, '../../../../docs/guide/age-gate.md');
const ADULT: AgeOutcome = { result: 'true', grade: 3, method: 'wallet', kind: 'verified' };
const PAGE = { accept: 'text/html' };

let app: TestApp;
let site: Server;
let sitePort = 0;
let dir = '';
/** What reached the application behind the proxy. */
let reached: IncomingMessage[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-gate-'));
  site = createServer((request, response) => {
    reached.push(request);
    response.end(`age ${String(request.headers['x-age-result'])} ${String(request.headers['x-age-grade'])} at ${String(request.url)}`);
  });
  sitePort = await listen(site);
  app = await startTestApp({ config: { trustedProxies: 'loopback' } });
});
beforeEach(() => {
  reached = [];
});
afterAll(async () => {
  await app.stop();
  site.close();
  await rm(dir, { recursive: true, force: true });
});

function listen(server: Server): Promise<number> {
  return new Promise((done) => void server.listen(0, '127.0.0.1', () => done((server.address() as AddressInfo).port)));
}

async function takePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((done) => void server.close(done));
  return port;
}

async function readBlock(language: string): Promise<string> {
  const block = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(await readFile(GUIDE, 'utf8'))?.[1];
  if (block === undefined) throw new Error(`docs/guide/age-gate.md has no block of ${language}`);
  return block.replaceAll('127.0.0.1:8080', new URL(app.url).host).replaceAll('127.0.0.1:3000', `127.0.0.1:${sitePort}`);
}

function requireProgram(name: string, debianPackage: string): void {
  if (spawnSync(name, ['-v'], { stdio: 'ignore' }).error !== undefined)
    throw new Error(`The program "${name}" is missing, and this test is about it. Install the Debian package ${debianPackage}.`);
}

async function startNginx(port: number): Promise<ChildProcess> {
  requireProgram('nginx', 'nginx-light');
  const block = (await readBlock('nginx')).replace('listen 443 ssl;', `listen 127.0.0.1:${port};`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${dir}/${name};`).join('\n');
  const path = join(dir, 'nginx.conf');
  await writeFile(
    path,
    `daemon off;\nmaster_process off;\npid ${dir}/nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${temporary}\n${block}\n}\n`,
  );
  return spawn('nginx', ['-e', 'stderr', '-c', path, '-p', dir], { stdio: ['ignore', 'ignore', 'pipe'] });
}

async function startCaddy(port: number): Promise<ChildProcess> {
  requireProgram('caddy', 'caddy');
  const block = (await readBlock('caddyfile')).replace('forum.example {', `http://127.0.0.1:${port} {\nbind 127.0.0.1`);
  const path = join(dir, 'Caddyfile');
  await writeFile(path, `{\nadmin off\nauto_https off\n}\n${block}\n`);
  const env = { PATH: process.env['PATH'], HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  return spawn('caddy', ['run', '--config', path, '--adapter', 'caddyfile'], { stdio: ['ignore', 'ignore', 'pipe'], env });
}

/** A browser: cookies by host name (ports share them), redirects followed by hand. */
class Browser {
  readonly #cookies = new Map<string, string>();

  async get(url: string, headers: Record<string, string> = PAGE): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(url, { headers: { ...headers, cookie }, redirect: 'manual' });
    for (const line of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      this.#cookies.set(name, value);
    }
    return reply;
  }

  find(part: string): readonly [name: string, value: string] | undefined {
    return [...this.#cookies].find(([name]) => name.includes(part));
  }

  set(name: string, value: string): void {
    this.#cookies.set(name, value);
  }
}

const locationOf = (reply: Response, base: string): string => new URL(reply.headers.get('location') ?? '', base).href;

describe.each([
  ['nginx', startNginx],
  ['Caddy', startCaddy],
] as const)('%s', (name, start) => {
  let proxy: ChildProcess | undefined;
  let origin = '';
  let service = '';
  let output = '';

  beforeAll(async () => {
    const port = await takePort();
    origin = `http://127.0.0.1:${port}`;
    service = 'forum';
    await app.app.services.age.services.add({ id: service, name: 'The Forum', returnOrigins: [origin] });
    proxy = await start(port);
    proxy.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    for (let n = 0; n < 100; n++) {
      if (proxy.exitCode !== null) throw new Error(`${name} ended at once: ${output}`);
      if (
        await fetch(origin, { redirect: 'manual' }).then(
          () => true,
          () => false,
        )
      )
        return;
      await sleep(100);
    }
    throw new Error(`${name} does not answer: ${output}`);
  });
  afterAll(async () => {
    if (proxy === undefined || proxy.exitCode !== null) return;
    const ended = new Promise((done) => void proxy?.once('exit', done));
    proxy.kill('SIGTERM');
    await ended;
  });

  /** From the first request to the cookie of the site, or as far as it goes. */
  async function walk(browser: Browser, outcome: AgeOutcome | undefined, path = '/private?a=1&b=%2F'): Promise<Response> {
    const first = await browser.get(`${origin}${path}`);
    expect(first.status).toBe(303);
    const started = await browser.get(locationOf(first, origin));
    expect(started.status).toBe(303);
    const page = locationOf(started, origin);
    expect(new URL(page).origin).toBe(app.url);
    expect((await browser.get(page)).status).toBe(200);
    if (outcome !== undefined) await app.app.services.age.sessions.complete(page.split('/').at(-1) ?? '', outcome);
    const left = await browser.get(`${page}/return`);
    expect(new URL(locationOf(left, page)).origin).toBe(origin);
    return browser.get(locationOf(left, page));
  }

  it('lets nobody through who did not answer, and everybody who did', async () => {
    const browser = new Browser();
    const back = await walk(browser, ADULT);
    expect(reached).toEqual([]);
    expect([back.status, locationOf(back, origin)]).toEqual([303, `${origin}/private?a=1&b=%2F`]);
    const reply = await browser.get(locationOf(back, origin));
    expect([reply.status, await reply.text()]).toEqual([200, 'age true 3 at /private?a=1&b=%2F']);
    expect((await browser.get(`${origin}/picture.png`, { accept: 'image/*' })).status).toBe(200);
  });

  it('answers requests of scripts with 401 and no page', async () => {
    const reply = await new Browser().get(`${origin}/api/things`, { accept: 'application/json' });
    expect([reply.status, reached]).toEqual([401, []]);
  });

  it('refuses who answered no', async () => {
    const browser = new Browser();
    const back = await walk(browser, { result: 'false', grade: 0, method: 'declared_under', kind: 'declared' });
    expect((await browser.get(locationOf(back, origin))).status).toBe(403);
    expect(reached).toEqual([]);
  });

  it('shows a page, and sets nothing, when there was no answer', async () => {
    const browser = new Browser();
    const back = await walk(browser, undefined);
    expect([back.status, await back.text()]).toEqual([403, expect.stringContaining('Try again')]);
    expect((await browser.get(`${origin}/private`)).status).toBe(303);
  });

  it('gives a hostile client nothing', async () => {
    const adult = new Browser();
    await walk(adult, ADULT);
    const [cookie = '', value = ''] = adult.find('over18') ?? [];
    const other = new Browser();
    await app.app.services.age.sessions.open({ threshold: 16, direction: 'over', service, returnUrl: `${origin}/`, minGrade: 0, locale: 'en' });
    for (const forged of ['true', `${value}x`, `x${value}`, value.split('.')[0] ?? '', `${value.split('.')[0]}.`]) {
      other.set(cookie, forged);
      expect((await other.get(`${origin}/private`)).status).toBe(303);
    }
    // It claims the verdict, names another question, and calls what only the proxy may call.
    const claims = {
      'x-age-result': 'true',
      'x-age-grade': '4',
      'x-original-uri': '//evil.example/',
      'x-forwarded-uri': '//evil.example/',
      'x-forwarded-method': 'GET',
    };
    for (const path of ['/private', '/private?service=forum&over=1&grade=0&no=pass', '/private/../private', '//private', '/age/gate/../../private']) {
      const reply = await new Browser().get(`${origin}${path}`, { ...PAGE, ...claims });
      expect(reply.status).toBe(303);
      expect(locationOf(reply, origin)).toMatch(new RegExp(`^${origin}/age/gate/start\\?service=forum&over=18&grade=2&to=%2F`));
      expect(locationOf(reply, origin)).not.toContain('evil');
    }
    // nginx hides it; Caddy has no such address and asks for the check like everywhere.
    expect([303, 404]).toContain((await new Browser().get(`${origin}/age-check`, { ...PAGE, ...claims })).status);
    expect(reached).toEqual([]);
    // With the real cookie the claims of the browser are overwritten, not believed.
    other.set(cookie, value);
    expect(await (await other.get(`${origin}/private`, { ...PAGE, 'x-age-result': 'false', 'x-age-grade': '4' })).text()).toBe('age true 3 at /private');
  });

  it('gives nothing for a result that is shown again, or to another browser', async () => {
    const [adult, child] = [new Browser(), new Browser()];
    const first = await adult.get(`${origin}/private`);
    const page = locationOf(await adult.get(locationOf(first, origin)), origin);
    await adult.get(page);
    await app.app.services.age.sessions.complete(page.split('/').at(-1) ?? '', ADULT);
    const back = locationOf(await adult.get(`${page}/return`), page);
    expect((await child.get(back)).status).toBe(409);
    expect((await adult.get(back)).status).toBe(303);
    for (const [cookie, value] of [adult.find('gate_p_') ?? ['', '']]) child.set(cookie, value);
    expect((await child.get(back)).status).toBe(410);
    expect((await child.get(`${origin}/private`)).status).toBe(303);
    expect(reached).toEqual([]);
  });
});

it('closes when Gatehouse is away', async () => {
  // Both blocks again, with nobody behind the address of Gatehouse.
  for (const start of [startNginx, startCaddy]) {
    const [port, nobody] = [await takePort(), await takePort()];
    const real = app;
    app = { ...real, url: `http://127.0.0.1:${nobody}` };
    const proxy = await start(port).finally(() => (app = real));
    try {
      let status = 0;
      for (let n = 0; n < 100 && status === 0; n++) {
        status = await fetch(`http://127.0.0.1:${port}/private`, { headers: PAGE }).then(
          (reply) => reply.status,
          () => 0,
        );
        await sleep(100);
      }
      expect(status).toBeGreaterThanOrEqual(500);
    } finally {
      const ended = new Promise((done) => void proxy.once('exit', done));
      proxy.kill('SIGTERM');
      await ended;
    }
  }
  expect(reached).toEqual([]);
});
