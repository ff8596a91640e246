/**
 * A stand-in for the gateway that the crash suite kills: takes the lock, starts the embedded PostgreSQL under the
 * supervisor, and inserts rows over four connections. Prints one JSON line per event, synchronously, so that what it
 * acknowledged is known even when it dies at once.
 */
import { writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const { modules, pgPath, dataDir, pgBinDir, systemDirs, firstId, payloadBytes, walBytes } = JSON.parse(process.argv[2] ?? '{}');
const load = (name) => import(pathToFileURL(`${modules}/${name}.js`).href);
const { acquireDataDirLock } = await load('lock');
const { systemClock } = await load('clock');
const { startEmbedded } = await load('db/embedded');
const { superviseEmbedded } = await load('db/embedded-supervisor');
const { default: pg } = await import(pathToFileURL(pgPath).href);

const print = (event) => writeSync(1, `${JSON.stringify(event)}\n`);
const log = {
  info: (fields, message) => print({ event: 'log', message, ...fields }),
  warn: (fields, message) => print({ event: 'log', message, ...fields }),
  error: (fields, message) => print({ event: 'log', message, ...fields }),
};

const ending = new AbortController();
let lastId = firstId ?? 0;

// The payload is noise, so that a full disk is not put off by compression; the message fills the write-ahead log alone.
const INSERT = `insert into ack (id, payload)
  select $1, (select string_agg(md5(random()::text || n), '') from generate_series(1, $2::int) n)
  from pg_logical_emit_message(true, 'fill', repeat('x', $3::int))`;

async function insertUntilTheEnd(connection) {
  while (!ending.signal.aborted) {
    const client = new pg.Client(connection);
    client.on('error', () => undefined);
    try {
      await client.connect();
      while (!ending.signal.aborted) {
        lastId += 1;
        const id = lastId;
        await client.query(INSERT, [id, Math.ceil((payloadBytes ?? 64) / 32), walBytes ?? 0]);
        print({ event: 'ack', id });
      }
    } catch (error) {
      print({ event: 'refused', code: error.code ?? error.message });
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      client.end().catch(() => undefined);
    }
  }
}

try {
  const lock = await acquireDataDirLock(dataDir);
  const startedMs = systemClock.monotonicMs();
  const server = await startEmbedded({ dataDir, pgBinDir, systemDirs, log });
  superviseEmbedded(server, { clock: systemClock, log, signal: ending.signal, onChange: (isUp) => print({ event: isUp ? 'up' : 'down' }) });
  const client = new pg.Client(server.connection);
  await client.connect();
  await client.query('create table if not exists ack (id bigint primary key, payload text)');
  const rows = await client.query('select id::int from ack order by id');
  await client.end();
  process.on('SIGTERM', () => {
    ending.abort();
    server
      .stop()
      .then(() => lock.release())
      .then(() => process.exit(0));
  });
  print({ event: 'ready', clusterDir: server.clusterDir, startMs: Math.round(systemClock.monotonicMs() - startedMs), ids: rows.rows.map((row) => row.id) });
  if (firstId !== undefined) await Promise.all(Array.from({ length: 4 }, () => insertUntilTheEnd(server.connection)));
} catch (error) {
  print({ event: 'failed', code: error.code ?? error.name, message: error.message });
  process.exitCode = 1;
}
