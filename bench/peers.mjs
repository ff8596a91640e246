/**
 * Peers that a package manager has, on the same hashes and queries as this package, in turn with it: `npm run bench -- peers`. What npm has is
 * installed into the folder for temporary files; Debian's python3-faiss is used when it is there. What cannot be had is a row that says so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createHammingIndex } from '@gatehouse/hamming';
import { plantNeighbours, splitHashes, uniformHashes } from './data.mjs';
import { median, ratioOf, round, takeTurns, timeEach, withRange } from './measure.mjs';
import { openProgram } from './native.mjs';
import { compareHits, RADIUS } from './search-checks.mjs';

const ROUNDS = 3;
const PACKAGES = ['usearch@2.25.3', '@electric-sql/pglite@0.3.14'];
/** Pages of 8 KiB, in WebAssembly, and a graph that takes 0.4 ms a hash to build. */
const PGVECTOR_SCANNED = 100_000;
const PGVECTOR_GRAPH = 20_000;
const USEARCH_COUNT = 100_000;
const NEAREST = 10;

export async function benchPeers({ isQuick = false } = {}) {
  const rows = [];
  for (const count of isQuick ? [1_000_000] : [1_000_000, 10_000_000])
    rows.push(...(await tryPeer(`FAISS, ${count.toLocaleString('en')}`, () => benchFaiss(count))));
  const folder = installPackages();
  rows.push(...(await tryPeer('usearch (npm)', () => benchUsearch(folder))));
  rows.push(...(await tryPeer('pgvector (PGlite, npm)', () => benchPgvector(folder))));
  return {
    title: 'Peers on the same hashes and queries, radius 31, one query at a time, one thread',
    rows,
    note:
      'Times ours: the median of one query over that of this package at the same number of entries, in turn, three rounds. Recall: of planted neighbours at distances 0 to 31; ' +
      `for indexes of nearest neighbours, among the ${NEAREST} nearest. PGlite is PostgreSQL compiled to WebAssembly: a native server is faster, how much was not measured here. ` +
      'No figure is an extrapolation: what is slow was measured with fewer entries, and so was ours.',
  };
}

async function tryPeer(name, measure) {
  process.stderr.write(`bench: peers, ${name}…\n`);
  try {
    return await measure();
  } catch (error) {
    if (error.isUnavailable !== true) throw error;
    return [toRow({ peer: name, count: '-', p50: '-', toOurs: `not available here (${error.message})` })];
  }
}

function unavailable(message) {
  return Object.assign(new Error(message), { isUnavailable: true });
}

function toRow({ peer, count, kind = '-', p50, toOurs, recall = '-', buildS = '-', bytes = '-' }) {
  return {
    peer,
    entries: typeof count === 'number' ? count.toLocaleString('en') : count,
    kind,
    'p50 us': typeof p50 === 'number' ? round(p50) : p50,
    'times ours': typeof toOurs === 'string' ? toOurs : withRange(toOurs, 1),
    recall,
    'build s': buildS,
    'bytes a hash': bytes,
  };
}

function makeData(count) {
  const hashes = uniformHashes(count);
  const planted = plantNeighbours(hashes, 30).filter(({ distance }) => distance <= RADIUS);
  return { hashes, planted, queries: splitHashes(uniformHashes(400, 4242)), index: createHammingIndex(hashes) };
}

const ours =
  ({ index, queries }) =>
  () =>
    median(timeEach(queries, (query) => index.search(query, RADIUS)));

async function benchFaiss(count) {
  const python = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['-c', 'import faiss'], { stdio: 'ignore' }).status === 0);
  if (python === undefined) throw unavailable('Debian: apt install python3-faiss');
  const data = makeData(count);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-faiss-'));
  const files = ['hashes', 'queries'].map((name) => join(folder, name));
  const checked = [...data.queries, ...data.planted.map(({ query }) => query)];
  writeFileSync(files[0], data.hashes);
  writeFileSync(files[1], Buffer.concat(checked));
  try {
    const program = await openProgram(python, [join(import.meta.dirname, 'peers/faiss-search.py'), ...files, 'multihash', 'flat']);
    const times = async (variant, to) => (await program.time(variant, 0, to)).p50;
    const few = Math.max(10, Math.min(100, Math.floor(100_000_000 / count)));
    const turns = await takeTurns({ ours: ours(data), multihash: () => times('multihash', few * 2), flat: () => times('flat', few) }, ROUNDS);
    // Exact too: its matches are ours, one by one.
    compareHits(data.index, checked, { name: 'FAISS', hits: await program.hits('multihash') });
    await program.close();
    const { version, variants } = program.about;
    const row = (variant, peer) =>
      toRow({
        peer: `FAISS ${version} ${peer}`,
        count,
        kind: 'exact',
        p50: median(turns[variant]),
        toOurs: ratioOf(turns[variant], turns.ours),
        recall: '100 %',
        buildS: variants[variant].buildS,
      });
    return [
      toRow({ peer: 'this package', count, kind: 'exact', p50: median(turns.ours), toOurs: '1', recall: '100 %', bytes: round(data.index.bytesUsed / count) }),
      row('multihash', "IndexBinaryMultiHash, HMA's configuration (Debian)"),
      row('flat', 'IndexBinaryFlat (Debian)'),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function installPackages() {
  const folder = join(tmpdir(), 'gatehouse-bench', `peers-${PACKAGES.join('-').replaceAll(/[^a-z0-9.]+/g, '-')}`);
  if (existsSync(join(folder, 'done'))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { status } = spawnSync(npm, ['install', '--no-audit', '--no-fund', '--loglevel=error', ...PACKAGES], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
    timeout: 180_000,
  });
  if (status !== 0) return undefined;
  writeFileSync(join(folder, 'done'), '');
  return folder;
}

async function importPeer(folder, path) {
  if (folder === undefined) throw unavailable('npm could not install it');
  try {
    return await import(pathToFileURL(join(folder, 'node_modules', path)).href);
  } catch (error) {
    throw unavailable(`it does not load: ${error.code ?? error.name}`);
  }
}

async function benchUsearch(folder) {
  const { Index } = await importPeer(folder, 'usearch/javascript/dist/esm/usearch.js');
  const data = makeData(USEARCH_COUNT);
  const graph = new Index({ metric: 'hamming', dimensions: 256, quantization: 'b1', connectivity: 16 });
  const began = performance.now();
  for (let from = 0; from < USEARCH_COUNT; from += 10_000)
    graph.add(
      BigUint64Array.from({ length: 10_000 }, (_none, i) => BigInt(from + i)),
      toSigns(data.hashes.subarray(from * 32, (from + 10_000) * 32)),
    );
  const buildS = round((performance.now() - began) / 1000, 1);
  const search = (signs) => graph.search(signs, NEAREST, 1);
  const signs = data.queries.map(toSigns);
  const turns = await takeTurns({ ours: ours(data), usearch: () => median(timeEach(signs, search)) }, ROUNDS);
  const recall = toRecall(data.planted.map(({ query, index, distance }) => ({ distance, isFound: [...search(toSigns(query)).keys].includes(BigInt(index)) })));
  return [
    toRow({
      peer: 'this package',
      count: USEARCH_COUNT,
      kind: 'exact',
      p50: median(turns.ours),
      toOurs: '1',
      recall: '100 %',
      bytes: round(data.index.bytesUsed / USEARCH_COUNT),
    }),
    toRow({
      peer: 'usearch 2.25.3 (npm), b1, Hamming',
      count: USEARCH_COUNT,
      kind: 'approximate',
      p50: median(turns.usearch),
      toOurs: ratioOf(turns.usearch, turns.ours),
      recall,
      buildS,
    }),
  ];
}

/** Its binding takes bits as the signs of floats. */
function toSigns(hashes) {
  return Float32Array.from({ length: hashes.length * 8 }, (_none, bit) => ((hashes[bit >> 3] >> (bit & 7)) & 1 ? 1 : -1));
}

function toRecall(trials) {
  const share = (of) => `${round((100 * of.filter(({ isFound }) => isFound).length) / of.length)} %`;
  return `${share(trials)}; at distance 31 ${share(trials.filter(({ distance }) => distance === RADIUS))}`;
}

async function benchPgvector(folder) {
  const { PGlite } = await importPeer(folder, '@electric-sql/pglite/dist/index.js');
  const { vector } = await importPeer(folder, '@electric-sql/pglite/dist/vector/index.js');
  const db = await PGlite.create({ extensions: { vector } });
  try {
    await db.exec('create extension vector');
    const { rows } = await db.query("select extversion as version from pg_extension where extname = 'vector'");
    const name = `pgvector ${rows[0].version} in PGlite (PostgreSQL in WebAssembly)`;
    return [
      ...(await measurePgvector(db, { name: `${name}, bit(256), <~>, all rows`, count: PGVECTOR_SCANNED })),
      ...(await measurePgvector(db, { name: `${name}, HNSW bit_hamming_ops`, count: PGVECTOR_GRAPH, isGraph: true })),
    ];
  } finally {
    await db.close();
  }
}

async function measurePgvector(db, { name, count, isGraph = false }) {
  const data = makeData(count);
  await db.exec('drop table if exists hash; create table hash (id int, value bit(256))');
  const began = performance.now();
  const lines = splitHashes(data.hashes).map((hash, id) => `${id},${toBits(hash)}`);
  await db.query("copy hash from '/dev/blob' with (format csv)", [], { blob: new Blob([lines.join('\n')]) });
  await db.exec('set max_parallel_workers_per_gather = 0');
  if (isGraph) await db.exec("set maintenance_work_mem = '256MB'; create index on hash using hnsw (value bit_hamming_ops); set enable_seqscan = off");
  const buildS = round((performance.now() - began) / 1000, 1);
  const search = async (query) => {
    const bits = toBits(query);
    return isGraph
      ? db.query(`select id from hash order by value <~> $1::bit(256) limit ${NEAREST}`, [bits])
      : db.query(`select id from hash where (value <~> $1::bit(256)) <= ${RADIUS}`, [bits]);
  };
  const few = data.queries.slice(0, isGraph ? 100 : 15);
  const turns = await takeTurns({ ours: ours(data), pgvector: async () => median(await timeInOrder(few, search)) }, ROUNDS);
  const trials = [];
  for (const { query, index, distance } of isGraph ? data.planted : data.planted.filter((_none, i) => i % 20 === 0 || i >= data.planted.length - 5))
    trials.push({ distance, isFound: (await search(query)).rows.some(({ id }) => id === index) });
  const { rows } = await db.query("select pg_total_relation_size('hash') as bytes");
  return [
    toRow({ peer: 'this package', count, kind: 'exact', p50: median(turns.ours), toOurs: '1', recall: '100 %', bytes: round(data.index.bytesUsed / count) }),
    toRow({
      peer: name,
      count,
      kind: isGraph ? 'approximate' : 'exact',
      p50: median(turns.pgvector),
      toOurs: ratioOf(turns.pgvector, turns.ours),
      recall: toRecall(trials),
      buildS,
      bytes: round(Number(rows[0].bytes) / count),
    }),
  ];
}

async function timeInOrder(items, work) {
  const samples = [];
  for (const item of items) {
    const began = performance.now();
    await work(item);
    samples.push((performance.now() - began) * 1000);
  }
  return samples;
}

function toBits(hash) {
  let bits = '';
  for (const byte of hash) bits += byte.toString(2).padStart(8, '0');
  return bits;
}
