/**
 * Ceph with its S3 gateway, as Debian has it: one monitor, one OSD in memory, loopback, no cephx. Nothing of it is kept. It starts in about 15 s.
 * Only processes started here are stopped, by their handles.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMPTY_PAYLOAD, signRequest, type Credentials } from '../../src/surfaces/s3/signature.ts';
import type { OpenStore } from './s3-contract.ts';

const run = promisify(execFile);
const READY_MS = 60_000;
/** It takes 9 s, or for ever: about one start in five never got a placement group (Ceph 16 in memory, without a manager). */
const ADMIN_MS = 30_000;
const STARTS_MAX = 4;
const CREDENTIALS: Credentials = { accessKeyId: 'GATEHOUSETEST', secretAccessKey: 'a-secret-only-for-tests', region: 'default' };

export const HAS_CEPH = ['radosgw', 'ceph-mon', 'ceph-osd', 'radosgw-admin', 'monmaptool'].every((name) => existsSync(`/usr/bin/${name}`));

export interface Ceph extends OpenStore {
  /** A request that the client of the product does not know: buckets, topics, notifications. */
  ask(method: string, path: string, query?: readonly (readonly [string, string])[], body?: string): Promise<{ readonly status: number; readonly text: string }>;
}

export async function startCeph(): Promise<Ceph> {
  for (let start = 1; ; start += 1) {
    try {
      return await startOnce();
    } catch (error) {
      if (start === STARTS_MAX) throw error;
    }
  }
}

async function startOnce(): Promise<Ceph> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-ceph-'));
  const [monPort, port] = await Promise.all([takePort(), takePort()]);
  const children: ChildProcess[] = [];
  const conf = join(dir, 'ceph.conf');
  const fsid = randomUUID();
  await writeFile(conf, configure({ dir, fsid, monPort }));
  for (const name of ['mon', 'osd']) await mkdir(join(dir, name));
  const start = (program: string, ...args: string[]): void => void children.push(spawn(program, ['-f', '-c', conf, ...args], { stdio: 'ignore' }));
  const close = async (): Promise<void> => {
    for (const child of children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const over = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await over;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const map = join(dir, 'monmap');
    await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'a', `[v1:127.0.0.1:${monPort}]`, map]);
    await run('ceph-mon', ['--mkfs', '-i', 'a', '--monmap', map, '-c', conf]);
    start('ceph-mon', '-i', 'a');
    // The monitor takes an OSD only under the id that it was told of.
    const osdId = randomUUID();
    await run('ceph', ['-c', conf, 'osd', 'new', osdId]);
    await run('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', osdId, '-c', conf]);
    start('ceph-osd', '-i', '0');
    await waitForOsd(conf);
    const { accessKeyId, secretAccessKey } = CREDENTIALS;
    const user = ['user', 'create', '--uid', 'test', '--display-name', 'test', '--access-key', accessKeyId, '--secret-key', secretAccessKey];
    await run('radosgw-admin', [...user, '-c', conf], { timeout: ADMIN_MS, killSignal: 'SIGKILL' });
    start('radosgw', '-n', 'client.rgw.a', '--rgw-frontends', `beast endpoint=127.0.0.1:${port}`);
    const url = `http://127.0.0.1:${port}`;
    await waitFor(url);
    return openCeph(url, close);
  } catch (error) {
    await close();
    throw error;
  }
}

function openCeph(url: string, close: () => Promise<void>): Ceph {
  const ask: Ceph['ask'] = async (method, path, query = [], body = '') => {
    const payload = body === '' ? EMPTY_PAYLOAD : createHash('sha256').update(body).digest('hex');
    const headers = signRequest({ method, host: new URL(url).host, path, query, headers: {}, payload }, CREDENTIALS, new Date());
    const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
    const init = { method, headers, ...(body === '' ? {} : { body }) };
    const response = await fetch(`${url}${path}${search === '' ? '' : `?${search}`}`, init);
    return { status: response.status, text: await response.text() };
  };
  let made = 0;
  const makeBucket = async (name: string, isVersioned: boolean): Promise<string> => {
    const created = await ask('PUT', `/${name}`);
    if (created.status !== 200) throw new Error(`no bucket: ${created.status} ${created.text}`);
    const body = '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>';
    if (isVersioned) await ask('PUT', `/${name}`, [['versioning', '']], body);
    return name;
  };
  return {
    url,
    credentials: CREDENTIALS,
    ask,
    close,
    async makeBuckets({ isVersioned }) {
      made += 1;
      return { quarantine: await makeBucket(`quarantine-${made}`, isVersioned), released: await makeBucket(`released-${made}`, isVersioned) };
    },
  };
}

function configure({ dir, fsid, monPort }: { readonly dir: string; readonly fsid: string; readonly monPort: number }): string {
  return `[global]
fsid = ${fsid}
mon host = [v1:127.0.0.1:${monPort}]
auth cluster required = none
auth service required = none
auth client required = none
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr2 = false
run dir = ${dir}
admin socket =
log file =
log to stderr = false
mon data = ${dir}/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
rgw rados pool pg num min = 4
rgw dns name =
rgw data = ${dir}/rgw
rgw enable usage log = false
rgw thread pool size = 64
[client]
keyring = /dev/null
`;
}

async function waitForOsd(conf: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 500) {
    const { stdout } = await run('ceph', ['-c', conf, 'osd', 'stat', '-f', 'json']);
    if ((JSON.parse(stdout) as { num_up_osds: number }).num_up_osds === 1) return;
    await sleep(500);
  }
  throw new Error('the OSD of Ceph did not come up in time');
}

async function waitFor(url: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS; waitedMs += 200) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === 200) return void (await response.arrayBuffer());
    await sleep(200);
  }
  throw new Error('the S3 gateway of Ceph did not answer in time');
}

async function takePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
