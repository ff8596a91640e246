/**
 * The transparency log on its database: events recorded as the server does it, places given by the sequencer, checkpoints of a large tree. The modules of
 * the server's build run in this process, on an embedded PostgreSQL started as the server starts it (fsync on).
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashComplete, openTreeBuilder } from '@gatehouse/tlog';
import { createCheckpoints } from '../packages/server/dist/log/checkpoints.js';
import { migrations } from '../packages/server/dist/log/migrations.js';
import { recordEvents } from '../packages/server/dist/log/recorder.js';
import { createSelfCheck } from '../packages/server/dist/log/self-check.js';
import { createSequencer } from '../packages/server/dist/log/sequencer.js';
import { openLogKey } from '../packages/server/dist/log/signer.js';
import { systemClock } from '../packages/server/dist/platform/clock.js';
import { loadConfig } from '../packages/server/dist/platform/config.js';
import { openDatabase } from '../packages/server/dist/platform/db/database.js';
import { startEmbedded } from '../packages/server/dist/platform/db/embedded.js';
import { migrate } from '../packages/server/dist/platform/db/migrate.js';
import { createEvents } from '../packages/server/dist/platform/events.js';
import { silentLog } from '../packages/server/dist/platform/log.js';
import { median, ratioOf, readTree, round, spread, withRange } from './measure.mjs';

const ROUNDS = 5;
const CHECKPOINTS = 60;
const TILES_AT_ONCE = 512;

export async function benchLog({ isQuick = false, isLarge = false } = {}) {
  const events = isQuick ? 20_000 : 100_000;
  const world = await openWorld();
  try {
    const appended = [];
    for (const [title, perTransaction, senders, count] of [
      ['many in one transaction', 1_000, 1, 20_000],
      ['one in each transaction', 1, 1, 2_000],
      ['one in each, 16 at a time', 1, 16, 8_000],
    ])
      appended.push(await measureAppend(world, { title, perTransaction, senders, count: isQuick ? count / 4 : count }));
    await world.sequencer.drain();
    const drained = await measureDrain(world, events);
    const checked = await measureSelfCheck(world);
    const checkpoints = [];
    for (const size of [1_000_000, ...(isLarge ? [10_000_000] : [])]) if (!isQuick) checkpoints.push(await measureCheckpoints(world, size));
    return {
      tables: [
        {
          title: 'Transparency log: events recorded',
          rows: appended,
          note: 'As the server does it: one insert for each event, in the transaction that causes it (here an empty one). Medians of 5 rounds with their range; commits are on disk.',
        },
        {
          title: 'Transparency log: places given',
          rows: [drained, checked],
          note: `${events.toLocaleString('en')} waiting decisions of uploads for each round: text, commitment, hashes, rows, tiles, root; a commit for each batch. "Over moving the rows": against one statement of PostgreSQL that moves as many rows between the same tables, without texts, hashes and tiles, in the same round.`,
        },
        ...(checkpoints.length === 0
          ? []
          : [
              {
                title: 'Transparency log: checkpoints of a large tree',
                rows: checkpoints,
                note: `Each after one more event: its place, and the checkpoint (that it continues the last one, signature, file on disk, row). ${CHECKPOINTS} times. The tree is made by the library from generated leaves; of the entries only those at its edge are rows, which is what a checkpoint reads.`,
              },
            ]),
      ],
    };
  } finally {
    await world.close();
  }
}

async function openWorld() {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-log-'));
  chmodSync(dataDir, 0o711);
  mkdirSync(join(dataDir, 'keys'));
  const { config } = loadConfig({ env: {}, overrides: { dataDir, logOrigin: 'bench.example/log' } });
  const server = await startEmbedded({ dataDir, log: silentLog });
  const database = openDatabase({ target: server.connection, connections: config.databaseConnections, log: silentLog });
  await migrate(database, [{ domain: 'log', migrations }], silentLog);
  const context = { config, database, clock: systemClock, log: silentLog, events: createEvents(), stopping: new AbortController().signal };
  recordEvents(context);
  const keyOf = await openLogKey(config);
  return {
    ...context,
    context,
    sequencer: createSequencer(context),
    checkpoints: createCheckpoints({ context, signer: () => keyOf(config.logOrigin) }),
    async close() {
      await database.close();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const decided = (i) => ({
  uploadId: `upl_01jd${String(i).padStart(22, '0')}`,
  verdict: 'clear',
  disposition: 'release',
  listSetVersion: 12,
  policyVersion: 'ff035a8d8482',
});

/** Time and CPU of `work`, of this process and of PostgreSQL. */
async function measure(work) {
  const before = [readTree(process.pid), performance.now()];
  await work();
  const [wallS, after] = [(performance.now() - before[1]) / 1000, readTree(process.pid)];
  return { wallS, nodeS: after.gateway.cpuS - before[0].gateway.cpuS, postgresS: after.postgres.cpuS - before[0].postgres.cpuS };
}

const rate = (count, samples) => {
  const rates = samples.map(({ wallS }) => count / wallS);
  return withRange({ p50: median(rates), low: Math.min(...rates), high: Math.max(...rates) }, 0);
};
/** Microseconds of CPU for each of `count`. */
const cpu = (count, samples, name) => round((median(samples.map((sample) => sample[name])) / count) * 1e6, 1);

async function measureAppend({ database, events }, { title, perTransaction, senders, count }) {
  const samples = [];
  for (let turn = 0; turn < ROUNDS; turn++) {
    let next = 0;
    const send = async () => {
      while (next < count) {
        const [from, to] = [next, Math.min(count, next + perTransaction)];
        next = to;
        await database.transact(async (tx) => {
          for (let i = from; i < to; i++) await events.emit('upload.decided', decided(i), tx);
        });
      }
    };
    samples.push(await measure(() => Promise.all(Array.from({ length: senders }, send))));
  }
  return {
    events: title,
    'events/s': rate(count, samples),
    'Node us each': cpu(count, samples, 'nodeS'),
    'PostgreSQL us each': cpu(count, samples, 'postgresS'),
  };
}

async function measureDrain({ database, sequencer }, count) {
  const { pool } = database;
  const [samples, floors] = [[], []];
  // The same to both: a table that has grown, vacuumed.
  for (let turn = -1; turn < ROUNDS; turn++) {
    await fill(pool, count);
    const floor = await measure(() =>
      pool.query(
        `with taken as (delete from log.pending returning *)
         insert into log.entry (index, leaf, kind, at, body, salt) select 1000000000 + id, repeat('x', 220), kind, at, body, salt from taken`,
      ),
    );
    await pool.query('delete from log.entry where index >= 1000000000');
    await pool.query('vacuum log.entry');
    await fill(pool, count);
    const sample = await measure(async () => {
      if ((await sequencer.drain()) !== count) throw new Error('not all got a place');
    });
    if (turn < 0) continue;
    samples.push(sample);
    floors.push(floor);
  }
  const walls = (of) => of.map(({ wallS }) => wallS);
  return {
    what: 'places given',
    'entries/s': rate(count, samples),
    'Node us each': cpu(count, samples, 'nodeS'),
    'PostgreSQL us each': cpu(count, samples, 'postgresS'),
    'over moving the rows': withRange(ratioOf(walls(samples), walls(floors)), 2),
  };
}

async function fill(pool, count) {
  await pool.query(
    `insert into log.pending (kind, at, body, salt) select 'upload.decided', now(), jsonb_build_object('uploadId', 'upl_01jd' || lpad(i::text, 22, '0'), 'verdict', 'clear', 'disposition', 'release', 'listSetVersion', 12, 'policyVersion', 'ff035a8d8482'),
       decode(md5(i::text), 'hex') from generate_series(1, $1) i`,
    [count],
  );
  await pool.query('vacuum analyze log.pending');
}

async function measureSelfCheck({ context }) {
  const check = createSelfCheck(context);
  const samples = [];
  let entries = 0;
  for (let turn = 0; turn < 3; turn++)
    samples.push(
      await measure(async () => {
        const { result } = await check.run({ entries: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal });
        if (result?.isOk !== true) throw new Error(`the tree is not as it was hashed: ${result?.fault}`);
        ({ entries } = result);
      }),
    );
  return {
    what: 'checked again (`log check`)',
    'entries/s': rate(entries, samples),
    'Node us each': cpu(entries, samples, 'nodeS'),
    'PostgreSQL us each': cpu(entries, samples, 'postgresS'),
    'over moving the rows': '-',
  };
}

async function measureCheckpoints({ database, events, sequencer, checkpoints, config }, size) {
  const began = performance.now();
  await growTree(database.pool, size);
  const builtS = (performance.now() - began) / 1000;
  rmSync(join(config.dataDir, 'log/checkpoint'), { force: true });
  // The first checks and signs the whole.
  await checkpoints.publish();
  const [places, signed] = [[], []];
  for (let i = 0; i < CHECKPOINTS; i++) {
    await events.emit('upload.decided', decided(i));
    const times = [performance.now()];
    await sequencer.drain();
    times.push(performance.now());
    await checkpoints.publish();
    times.push(performance.now());
    places.push(times[1] - times[0]);
    signed.push(times[2] - times[1]);
  }
  const show = (samples) => {
    const { p50, p99, max } = spread(samples);
    return [round(p50), round(p99 ?? max), round(max)].join(' / ');
  };
  return {
    entries: size.toLocaleString('en'),
    'place ms (median / p99 / longest)': show(places),
    'checkpoint ms (median / p99 / longest)': show(signed),
    'made in s': round(builtS, 0),
  };
}

/** The tables of a log of `size` entries, whose leaves are of the kind that the server writes. */
async function growTree(pool, size) {
  await pool.query(`truncate log.entry, log.tile, log.checkpoint, log.pending`);
  const builder = openTreeBuilder();
  const commitment = 'x'.repeat(43);
  let waiting = [];
  const flush = async () => {
    const column = (read) => waiting.map(read);
    await pool.query('insert into log.tile (level, index, bytes, root) select * from unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::bytea[])', [
      column(({ tile }) => tile.level),
      column(({ tile }) => tile.index),
      column(({ bytes }) => Buffer.from(bytes)),
      column(({ bytes }) => Buffer.from(hashComplete(bytes))),
    ]);
    waiting = [];
  };
  const toLeaf = (i) =>
    `{"v":1,"kind":"upload.decided","at":"2026-11-25T21:59Z","fields":{"listSetVersion":12,"policyVersion":"ff035a8d8482"},"commitment":"${commitment.slice(String(i).length)}${i}"}`;
  for (let at = 0; at < size; at += 256) {
    const width = Math.min(256, size - at);
    const files = builder.append(Array.from({ length: width }, (_none, i) => Buffer.from(toLeaf(at + i))));
    waiting.push(...files.filter(({ tile }) => tile.level !== 'entries'));
    if (waiting.length >= TILES_AT_ONCE) await flush();
  }
  await flush();
  const edge = size - (size % 256);
  const indexes = Array.from({ length: size - edge }, (_none, i) => edge + i);
  await pool.query(
    `insert into log.entry (index, leaf, kind, at, body, salt) select index, leaf, 'upload.decided', now(), '{}', decode(repeat('0b', 16), 'hex') from unnest($1::bigint[], $2::text[]) as edge (index, leaf)`,
    [indexes, indexes.map(toLeaf)],
  );
  await pool.query('update log.tree set size = $1, root = $2', [size, Buffer.from(builder.root())]);
  await pool.query('vacuum analyze log.tile');
}
