/** A real gateway with its surfaces open, as a child process; an application behind its proxy; a store; the plain copy. All on loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from './s3-sender.mjs';
import { startServer } from './server.mjs';

/** @param nodeArgs of the gateway, such as `--cpu-prof` */
export async function openScene(settings = {}, nodeArgs = []) {
  const dir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-surfaces-'));
  const origin = await startOrigin();
  const store = await openStore();
  const ports = { proxy: await findFreePort(), icap: await findFreePort(), clamd: await findFreePort() };
  writeFileSync(join(dir, 'routes.json'), JSON.stringify({ routes: [{ path: '/upload' }] }));
  const server = await startServer(
    {
      GATEHOUSE_PROXY_LISTEN: `127.0.0.1:${ports.proxy}`,
      GATEHOUSE_PROXY_ORIGIN: `http://127.0.0.1:${origin.port}`,
      GATEHOUSE_PROXY_ROUTES_FILE: join(dir, 'routes.json'),
      GATEHOUSE_ICAP_LISTEN: `127.0.0.1:${ports.icap}`,
      GATEHOUSE_CLAMD_LISTEN: `127.0.0.1:${ports.clamd}`,
      GATEHOUSE_HMA_API: '1',
      GATEHOUSE_PERMITS_FLOOR_MS: '0',
      GATEHOUSE_PERMITS_PER_TICKET: '10000',
      GATEHOUSE_PERMITS_PER_SUBJECT_HOUR: '100000',
      ...store.settings,
      ...settings,
    },
    nodeArgs,
  );
  const plain = spawn(process.execPath, [join(import.meta.dirname, 'plain-copy.mjs'), join(dir, 'plain')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(plain.stdout, 'data');
  const agent = new Agent({ keepAlive: true });
  return {
    server,
    origin,
    store,
    plain: { pid: plain.pid, port: Number(line.toString()) },
    ports,
    agent,
    async close() {
      agent.destroy();
      await server.stop();
      await store.close();
      const ended = once(plain, 'exit');
      plain.kill('SIGTERM');
      await ended;
      origin.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The application behind the proxy: reads everything, and hands it to whoever wants to look. */
async function startOrigin() {
  const origin = { port: 0, onBody: undefined, stop: () => server.closeAllConnections() };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => void (origin.onBody !== undefined && chunks.push(chunk)));
    request.on('error', () => undefined);
    request.once('end', () => {
      origin.onBody?.(Buffer.concat(chunks));
      response.end('stored');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  origin.port = server.address().port;
  return origin;
}

async function findFreePort() {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
