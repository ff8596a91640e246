/**
 * 200 senders at once, over every surface that takes bytes, with a picture of about 1 MB each: clear ones, listed ones and ones that are broken off
 * halfway. The bench fails when a clear one was not published, a listed or broken one was, or something stayed behind.
 */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { readTree, round, spread } from './measure.mjs';
import { makePixels } from './pictures.mjs';
import { createClients, makeCopy } from './surface-clients.mjs';
import { openScene } from './surface-scene.mjs';

const SURFACES = ['PUT uploads', 'tus', 'POST /v1/send (ticket)', 'S3', 'proxy', 'ICAP, 204', 'clamd'];
/** Without a factor in common with the number of surfaces, so that each of them gets each kind. */
const [LISTED_EVERY, BROKEN_EVERY] = [6, 11];
const TRIES = 60;
/** What a surface says when it cannot take or decide content now; the sender comes again. */
const BUSY = /: 50[0-9] |ICAP\/1\.0 50|try again|ECONNRESET|socket hang up/;

const sha = (bytes) => createHash('sha256').update(bytes).digest('hex');

export async function benchManyUploads({ count }) {
  const found = await runManyUploads({ count });
  if (found.wrong.length > 0) throw new Error(`many uploads: ${found.wrong.join('; ')}`);
  return toTable(found);
}

/** @returns what each sender was told, memory, and in `wrong` whatever is not as promised */
export async function runManyUploads({ count }) {
  const bodies = await makeBodies(count);
  const scene = await openScene();
  const path = join(tmpdir(), `gatehouse-bench-many-${process.pid}.csv`);
  try {
    const listed = bodies.filter(({ kind }) => kind === 'listed').map(({ body }) => `sha256,${sha(body.bytes)}`);
    writeFileSync(path, ['type,value', ...listed, ''].join('\n'));
    await scene.server.cli('list', 'import', path, '--name', 'Bench');
    const clients = createClients(scene);
    const published = new Set();
    scene.origin.onBody = (bytes) => published.add(sha(bytes));
    const memory = watchMemory(scene.server.pid);
    const began = performance.now();
    const before = readTree(scene.server.pid);
    const results = await Promise.all(bodies.map((each) => sendUntilTold(clients[each.surface], each)));
    const wallS = (performance.now() - began) / 1000;
    await clients.S3.settle();
    const after = readTree(scene.server.pid);
    const peak = memory.stop();
    const wrong = await findWrong(scene, { results, published });
    return { results, wrong, wallS, before, after, peak, sizeBytes: bodies[0].body.sizeBytes };
  } finally {
    await scene.close();
    rmSync(path, { force: true });
  }
}

async function makeBodies(count) {
  const { data, width, height, channels } = await makePixels(23, 2200, 1650);
  // At this quality it has 1.0 MB.
  const jpeg = await sharp(data, { raw: { width, height, channels } }).jpeg({ quality: 99 }).toBuffer();
  return Array.from({ length: count }, (_none, i) => {
    const kind = i % LISTED_EVERY === 1 ? 'listed' : i % BROKEN_EVERY === 2 ? 'broken' : 'clear';
    const body = makeCopy(jpeg);
    if (kind === 'broken') body.abortAfterBytes = Math.floor(body.sizeBytes / 2);
    return { kind, body, surface: SURFACES[i % SURFACES.length] };
  });
}

/** As a sender would: again when it was told to, and never else. */
async function sendUntilTold(client, { kind, body, surface }) {
  const began = performance.now();
  const tell = (outcome, tries) => ({ kind, surface, outcome, tries, digest: sha(body.bytes), ms: performance.now() - began });
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      await client.send(body);
      return tell('published', tries);
    } catch (error) {
      const text = String(error.code ?? '') + String(error.message);
      if (kind === 'broken') return tell('broken off', tries);
      if (!BUSY.test(text)) return tell('refused', tries);
      await sleep(200 + 50 * tries);
    }
  }
  return tell('never told', TRIES);
}

function watchMemory(pid) {
  const peak = { idle: Math.round(readTree(pid).gateway.rssMib), gateway: 0, decoders: 0, postgres: 0 };
  const look = () => {
    const now = readTree(pid);
    for (const kind of ['gateway', 'decoders', 'postgres']) peak[kind] = Math.max(peak[kind], Math.round(now[kind].rssMib));
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      look();
      clearInterval(timer);
      return peak;
    },
  };
}

async function findWrong({ server, store }, { results, published }) {
  const expected = { clear: 'published', listed: 'refused', broken: 'broken off' };
  const wrong = results.filter(({ kind, outcome }) => outcome !== expected[kind]).map(({ kind, surface, outcome }) => `${surface}, ${kind}: ${outcome}`);
  const behindProxy = results.filter(({ surface }) => surface === 'proxy');
  for (const { kind, digest } of behindProxy)
    if (published.has(digest) !== (kind === 'clear')) wrong.push(`the application behind the proxy and a ${kind} one`);
  if (published.size !== behindProxy.filter(({ kind }) => kind === 'clear').length) wrong.push(`${published.size} bodies behind the proxy`);
  if (store.countStrays() > 0) wrong.push(`${store.countStrays()} objects in the released bucket that nobody sent`);
  for (let waited = 0; readdirSync(join(server.dataDir, 'spool')).length > 0 && waited < 50; waited++) await sleep(100);
  const left = readdirSync(join(server.dataDir, 'spool')).length;
  if (left > 0) wrong.push(`${left} files stayed in the spool`);
  wrong.push(...(await findLost(server, results)));
  return [...new Set(wrong)];
}

/** Listed ones are held for a person, by every surface, once each; nothing else is, and nothing is on its way. */
async function findLost(server, results) {
  const list = async (state) => {
    const response = await fetch(`${server.url}/v1/uploads?state=${state}&limit=100`, { headers: server.headers });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()).items.map(({ sha256 }) => sha256);
  };
  const [held, receiving, received, scanning] = await Promise.all(['held', 'receiving', 'received', 'scanning'].map(list));
  const listed = results.filter(({ kind }) => kind === 'listed').map(({ digest }) => digest);
  const lost = listed.filter((digest) => !held.includes(digest)).length;
  const wrong = [];
  if (lost > 0) wrong.push(`${lost} of ${listed.length} listed ones are not held`);
  if (held.length !== listed.length) wrong.push(`${held.length} are held, ${listed.length} were listed`);
  const open = receiving.length + received.length + scanning.length;
  if (open > 0) wrong.push(`${open} are on their way for ever`);
  return wrong;
}

function toTable({ results, wallS, before, after, peak, sizeBytes }) {
  const cpuS = (kind) => round(after[kind].cpuS - before[kind].cpuS);
  const told = results.filter(({ kind }) => kind !== 'broken');
  const { p50, p99 } = spread(told.map(({ ms }) => ms));
  const countOf = (kind) => results.filter((one) => one.kind === kind).length;
  return {
    title: `${results.length} senders at once, ${round(sizeBytes / 1e6)} MB JPEGs (3.6 megapixels) over ${SURFACES.length} surfaces`,
    rows: [
      {
        'clear / listed / broken off': `${countOf('clear')} / ${countOf('listed')} / ${countOf('broken')}`,
        'wall s': round(wallS),
        'files/s': round(told.length / wallS),
        'p50 s': round(p50 / 1000),
        'p99 s': round(p99 / 1000),
        'told to come again': told.filter(({ tries }) => tries > 1).length,
        'gateway MiB, idle': peak.idle,
        'gateway MiB, peak': peak.gateway,
        'decoders MiB, peak': peak.decoders,
        'postgres MiB, peak (shared counted often)': peak.postgres,
        'CPU s: gateway, decoders, postgres': `${cpuS('gateway')}, ${cpuS('decoders')}, ${cpuS('postgres')}`,
      },
    ],
    note: `Every clear one was published, no listed or broken one was, and the spool was empty afterwards; the run fails otherwise. ${SURFACES.join(', ')} in turn, all begun in the same moment; "told to come again" were answered with 503 or its like at first, and p50 and p99 count until the last answer.`,
    detail: { results: results.map(({ digest: _digest, ...one }) => one), peak },
  };
}
