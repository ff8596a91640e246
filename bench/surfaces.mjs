/**
 * What each surface costs, beside a plain copy of the same bytes to disk by a Node HTTP server. The content is of no known type and the policy
 * releases it, so that the surface is measured and no decoder (S3 alone gets a small picture with bytes after its end, because it promotes nothing
 * without a receipt); then a JPEG that is cleared; then 200 senders at once.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readTree, round, spread } from './measure.mjs';
import { benchManyUploads } from './many-uploads.mjs';
import { encode, makePixels } from './pictures.mjs';
import { createClients, makeCopy, makeNoise, makePicture, makeTicket } from './surface-clients.mjs';
import { openScene } from './surface-scene.mjs';

const LIST = join(import.meta.dirname, '../packages/server/src/console/data/demo-list.csv');
const PLAIN = 'plain copy';
/** From here on one body at a time, and the cheapest of the rounds. */
const LARGE_BYTES = 1e8;
const AT_ONCE = 4;
/** Counts are for one round; the surfaces take turns in each, and what disturbs a round disturbs all of them. */
const SIZES = [
  { label: '1 KB', sizeBytes: 1_000, count: 80, rounds: 3 },
  { label: '100 KB', sizeBytes: 100_000, count: 40, rounds: 3 },
  { label: '1 MB', sizeBytes: 1_000_000, count: 12, rounds: 3 },
  { label: '10 MB', sizeBytes: 10_000_000, count: 4, rounds: 2 },
  { label: '100 MB', sizeBytes: 100_000_000, count: 1, rounds: 3 },
  { label: '1 GB', sizeBytes: 1_000_000_000, count: 1, rounds: 2 },
];
const QUICK = [
  { ...SIZES[0], count: 40, rounds: 1 },
  { ...SIZES[2], count: 8, rounds: 1 },
];
const PICTURES = { count: 24, atOnce: AT_ONCE };

/** @param only names of surfaces to look at beside the plain copies, without the 200 senders: while something is worked on */
export async function benchSurfaces({ isQuick, only = [] }) {
  const scene = await openScene({ GATEHOUSE_ON_UNSCANNABLE: 'release' });
  let measured;
  try {
    await scene.server.cli('list', 'import', LIST, '--name', 'Demonstration');
    const clients = select(createClients(scene), only);
    measured = {
      sizes: await measureSizes(scene, clients, isQuick ? QUICK : SIZES),
      pictures: await measurePictures(scene, clients, isQuick ? 8 : PICTURES.count),
      permits: await measurePermits(scene, isQuick ? 40 : 200),
    };
  } finally {
    await scene.close();
  }
  if (only.length > 0) return { tables: [...toSizeTables(measured.sizes), toPictureTable(measured)], detail: measured };
  const many = await benchManyUploads({ count: isQuick ? 40 : 200 });
  return { tables: [...toSizeTables(measured.sizes), toPictureTable(measured), many], detail: { ...measured, many: many.detail } };
}

function select(clients, only) {
  const unknown = only.filter((name) => !(name in clients));
  if (unknown.length > 0) throw new Error(`there is no surface ${unknown.join(', ')}; surfaces are ${Object.keys(clients).join(', ')}`);
  return only.length === 0 ? clients : Object.fromEntries(Object.entries(clients).filter(([name]) => only.includes(name) || name.startsWith(PLAIN)));
}

async function measureSizes(scene, clients, sizes) {
  const found = [];
  for (const { label, sizeBytes, count, rounds } of sizes) {
    const due = Object.entries(clients).filter(([, { limitBytes }]) => sizeBytes <= (limitBytes ?? Infinity));
    const runs = new Map(due.map(([name]) => [name, []]));
    const picture = await encode(await makePixels(17, 16, 16), 'jpeg');
    const makeFor = ({ needsReceipt }) => (needsReceipt ? () => makePicture(picture, sizeBytes) : () => makeNoise(sizeBytes));
    for (const [, client] of due) if (sizeBytes < LARGE_BYTES) await client.send(makeFor(client)());
    for (let turn = 0; turn < rounds; turn++)
      for (const [name, client] of due) {
        // What the one before left to be written is not counted against this one.
        if (sizeBytes >= LARGE_BYTES) execFileSync('sync');
        runs.get(name).push(await sendMany(scene, { name, client }, { count, make: makeFor(client) }));
      }
    for (const [name, all] of runs)
      found.push({ surface: name, size: label, sizeBytes, ...summarise(sizeBytes < LARGE_BYTES ? all : [pickCheapest(all)], sizeBytes) });
  }
  const plainOf = (size) => found.find((one) => one.surface === PLAIN && one.size === size).cpuMs;
  return found.map((one) => ({ ...one, timesPlain: round(one.cpuMs / plainOf(one.size), 2) }));
}

/** `count` bodies, four at once. */
async function sendMany({ server }, { name, client }, { count, make }) {
  const pid = client.pid ?? server.pid;
  const before = readTree(pid);
  const times = [];
  let left = count;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, count) }, async () => {
      while (left-- > 0) {
        const at = performance.now();
        await client.send(make()).catch((error) => {
          throw new Error(`${name}: ${error.message}`, { cause: error });
        });
        times.push(performance.now() - at);
      }
    }),
  );
  const wallS = (performance.now() - began) / 1000;
  // What is left to do once the sender has its answer is paid for as well.
  await client.settle?.();
  const after = readTree(pid);
  const cpu = Object.fromEntries(Object.keys(after).map((kind) => [kind, (after[kind].cpuS - before[kind].cpuS) * 1000]));
  return { times, wallS, cpu };
}

/** Of a few single bodies: whatever disturbs one adds to it. */
const pickCheapest = (runs) => runs.toSorted((a, b) => a.cpu.gateway - b.cpu.gateway)[0];

function summarise(runs, sizeBytes) {
  const times = runs.flatMap((run) => run.times);
  const wallS = sum(runs.map((run) => run.wallS));
  const { p50, p99 } = spread(times);
  const cpuOf = (kind) => sum(runs.map(({ cpu }) => cpu[kind])) / times.length;
  return {
    files: times.length,
    filesPerS: times.length / wallS,
    mbPerS: (times.length * sizeBytes) / 1e6 / wallS,
    p50,
    p99,
    cpuMs: cpuOf('gateway'),
    decodersMs: cpuOf('decoders'),
    postgresMs: cpuOf('postgres'),
  };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);

async function measurePictures(scene, clients, count) {
  const jpeg = await encode(await makePixels(11, 1155, 866), 'jpeg');
  const rows = [];
  for (const [name, client] of Object.entries(clients)) {
    await client.send(makeCopy(jpeg));
    await client.settle?.();
    rows.push({
      surface: name,
      sizeBytes: jpeg.length,
      ...summarise([await sendMany(scene, { name, client }, { count, make: () => makeCopy(jpeg) })], jpeg.length),
    });
  }
  return rows;
}

/** Questions of a device about a file that it did not send yet: no bytes but the question. */
async function measurePermits(scene, count) {
  const { server } = scene;
  const authorization = `Bearer ${await makeTicket(server)}`;
  const pdq = Array.from({ length: 8 }, (_none, i) => `${i}`.repeat(64));
  let asked = 0;
  const send = async () => {
    const sha256 = (asked++).toString(16).padStart(64, '0');
    const body = JSON.stringify({ sha256, sizeBytes: 1_000_000, pictures: [{ form: 'full', quality: 100, pdq }] });
    const response = await fetch(`${server.url}/v1/permits`, { method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body });
    const reply = await response.json();
    if (reply.permitted !== true) throw new Error(`no permit: ${response.status} ${JSON.stringify(reply)}`);
  };
  for (let i = 0; i < 10; i++) await send();
  return { surface: 'POST /v1/permits', ...summarise([await sendMany(scene, { name: 'permits', client: { send } }, { count, make: () => undefined })], 0) };
}

function toSizeTables(found) {
  const surfaces = [...new Set(found.map(({ surface }) => surface))];
  const sizes = [...new Set(found.map(({ size }) => size))];
  const table = (title, toCell, note) => ({
    title,
    rows: surfaces.map((surface) => ({
      surface,
      ...Object.fromEntries(
        sizes.map((size) => {
          const one = found.find((each) => each.surface === surface && each.size === size);
          return [size, one === undefined ? '-' : toCell(one)];
        }),
      ),
    })),
    note,
  });
  return [
    table(
      'CPU ms of the gateway for one body (times the plain copy)',
      ({ cpuMs, timesPlain }) => `${round(cpuMs, cpuMs < 10 ? 2 : 0)} (${timesPlain})`,
      `Bytes of no known type, released by policy; ${AT_ONCE} at once; from 100 MB on one, and the cheapest of three (100 MB) or two (1 GB). The plain copy is a Node HTTP server that writes the body to a file with fsync; with digests it computes MD5, SHA-1 and SHA-256 on the way, as every screening must. CPU time counts in steps of 10 ms of a whole run. The decoder process and PostgreSQL are in the detail (bench/results.json). "-": larger than the surface takes. S3: an address, the PUT to a store, an event of it, reading the object, screening, writing it to the released bucket and deleting it from quarantine; its bytes are a picture of 16 x 16 with noise after its end, which is screened and cleared, because only what has a receipt is promoted. The store is the stand-in of the tests (\`packages/server/test/support/s3-server.ts\`, in memory) in a process of its own, which is not counted; it takes cores from the gateway all the same.`,
    ),
    table(
      'Throughput: bodies a second, MB a second',
      ({ filesPerS, mbPerS }) => `${round(filesPerS, filesPerS < 10 ? 2 : 0)}, ${round(mbPerS, mbPerS < 10 ? 1 : 0)}`,
    ),
    table(
      'Wall ms of one body: p50, p99',
      ({ p50, p99 }) => `${Math.round(p50)}, ${Math.round(p99)}`,
      'From the first byte sent to the answer read, for S3 to the moment when the object is in the released bucket; the senders share the same cores.',
    ),
  ];
}

function toPictureTable({ pictures, permits }) {
  return {
    title: `A JPEG of one megapixel (${Math.round(pictures[0].sizeBytes / 1024)} KB), cleared, ${PICTURES.atOnce} at once`,
    rows: [...pictures, permits].map((one) => ({
      surface: one.surface,
      'files/s': round(one.filesPerS),
      'p50 ms': Math.round(one.p50),
      'p99 ms': Math.round(one.p99),
      'gateway CPU ms': round(one.cpuMs),
      'decoder CPU ms': round(one.decodersMs),
      'postgres CPU ms': round(one.postgresMs),
    })),
    note: 'POST /v1/permits: a question with eight PDQ hashes and no file, without the floor that its answer waits for (permitsFloorMs).',
  };
}
