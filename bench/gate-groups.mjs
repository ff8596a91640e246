/** What the regression gate measures: by name of the check, the median of ratios round by round, or a number that does not depend on time. */
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adoptSharedIndex, createHammingIndex, openSharedIndex, readSnapshot, writeSnapshot } from '@gatehouse/hamming';
import { pdq, pdqOrientations } from '@gatehouse/pdq';
import { measureCredentialRatios } from './credential.mjs';
import { clusteredHashes, clusteredQueries, splitHashes, uniformHashes } from './data.mjs';
import { measureTable } from './digests.mjs';
import { cpuMs, median, ratioOf, summariseRounds, takeTurns, timeEach } from './measure.mjs';
import { compileNative, openProgram } from './native.mjs';
import { measureRatios } from './pdq.mjs';
import { makePixels } from './pictures.mjs';
import { compareHits, RADIUS, scanLinear } from './search-checks.mjs';

const COUNT = 1_000_000;
const ROUNDS = 9;

export const GROUPS = {
  search: measureSearch,
  clustered: measureClustered,
  snapshot: measureSnapshot,
  digests: measureDigests,
  pdq: measurePdq,
  credential: measureCredential,
};

async function measureSearch() {
  const hashes = uniformHashes(COUNT);
  const index = createHammingIndex(hashes);
  const bytesPerHash = index.bytesUsed / COUNT;
  const queries = splitHashes(uniformHashes(1_000, 4242));
  const batches = Array.from({ length: 60 }, (_none, i) => queries.slice(i * 16, i * 16 + 16));
  const p50 = (list, search) => () => median(timeEach(list, search));
  const typescript = openSharedIndex(index.share(), { slot: 1, kernel: 'typescript' });
  const before = openSharedIndex(index.share(), { slot: 2 });
  const natives = await openNatives(hashes, queries);
  if (natives !== undefined) compareHits(index, queries, { name: 'ring.cpp', hits: await natives.ring.hits('ring') });
  const words = new Int32Array(hashes.buffer);
  const contestants = {
    index: p50(queries, (query) => before.search(query, RADIUS)),
    typescript: p50(queries.slice(0, 300), (query) => typescript.search(query, RADIUS)),
    scan: p50(queries.slice(0, 3), (query) => scanLinear(words, query)),
    batch: p50(batches, (batch) => before.searchAny(batch, RADIUS)),
    ...(natives === undefined
      ? {}
      : { ring: async () => (await natives.ring.time('ring', 0, 1_000)).p50, 'native scan': async () => (await natives.scan.time('popcount', 0, 20)).p50 }),
  };
  for (const contest of Object.values(contestants)) await contest();
  const turns = await takeTurns(contestants, ROUNDS);
  await natives?.close();
  for (const hash of splitHashes(uniformHashes(40_000, 77))) index.add(hash);
  const delta = await takeTurns({ without: contestants.index, with: p50(queries, (query) => index.search(query, RADIUS)) }, ROUNDS);
  return {
    'scan of all rows in TypeScript / query, 1 million': ratioOf(turns.scan, turns.index).p50,
    'TypeScript kernel / WebAssembly kernel, 1 million': ratioOf(turns.typescript, turns.index).p50,
    'sixteen queries in one call / one query, 1 million': ratioOf(turns.batch, turns.index).p50,
    'query with 40,000 unmerged / without, 1 million': ratioOf(delta.with, delta.without).p50,
    'query / the same structure in C++, 1 million': natives && ratioOf(turns.index, turns.ring).p50,
    'scan of all rows in C++ / query, 1 million': natives && ratioOf(turns['native scan'], turns.index).p50,
    'bytes a hash, 1 million': bytesPerHash,
  };
}

async function openNatives(hashes, queries) {
  const [ring, scan] = ['ring', 'scan'].map((name) => compileNative(name));
  if (ring === undefined || scan === undefined) return undefined;
  const files = ['hashes', 'queries'].map((name) => join(tmpdir(), `gatehouse-bench-gate-${process.pid}-${name}`));
  try {
    writeFileSync(files[0], hashes);
    writeFileSync(files[1], Buffer.concat(queries));
    const programs = { ring: await openProgram(ring, [...files, 'ring']), scan: await openProgram(scan, files) };
    return { ...programs, close: () => Promise.all(Object.values(programs).map((program) => program.close())) };
  } finally {
    for (const file of files) rmSync(file, { force: true });
  }
}

/** Uniform and clustered lists of the same size; the longest of the sets' queries, each at its best of all rounds. */
async function measureClustered() {
  const plain = createHammingIndex(uniformHashes(COUNT));
  const hashes = clusteredHashes(COUNT);
  const index = createHammingIndex(hashes);
  const sets = clusteredQueries(hashes, 500);
  const taken = { plain: [], heldOut: [], degenerate: [] };
  for (let round = -2; round < ROUNDS; round++) {
    const samples = {
      plain: timeEach(sets.random, (query) => plain.search(query, RADIUS)),
      heldOut: timeEach(sets['held-out pictures'], (query) => index.search(query, RADIUS)),
      degenerate: timeEach(sets['degenerate centres'], (query) => index.search(query, RADIUS)),
    };
    if (round >= 0) for (const [name, times] of Object.entries(samples)) taken[name].push(times);
  }
  const { p50 } = summariseRounds(taken.plain);
  return {
    'p99 of held-out pictures, clustered / p50 of uniform, 1 million': summariseRounds(taken.heldOut).bestP99 / p50,
    'longest degenerate query, clustered / p50 of uniform, 1 million': summariseRounds(taken.degenerate).bestMax / p50,
  };
}

/** CPU time of reading a snapshot, from memory, over that of building the same index. */
async function measureSnapshot() {
  const hashes = uniformHashes(COUNT);
  const parts = [];
  await writeSnapshot(createHammingIndex(hashes).share(), (bytes) => void parts.push(Buffer.from(bytes)));
  const file = Buffer.concat(parts);
  const source = { byteLength: file.length, read: (target, position) => target.set(file.subarray(position, position + target.length)) };
  const once = { rounds: 1, warmUp: 0 };
  const turns = await takeTurns(
    {
      build: async () => (await cpuMs(() => createHammingIndex(hashes), once)).p50,
      load: async () => (await cpuMs(async () => adoptSharedIndex(await readSnapshot(source)), once)).p50,
    },
    5,
  );
  return { 'building / loading a snapshot, 1 million': ratioOf(turns.build, turns.load).p50 };
}

async function measureDigests() {
  const { bytesPerKey, absent, set } = measureTable(16, COUNT);
  return { 'Set of strings / table of MD5, absent, 1 million': set / absent.p50, 'bytes a key, MD5, 1 million': bytesPerKey };
}

async function measurePdq() {
  const picture = await makePixels(7, 512, 512);
  const turns = await takeTurns(
    {
      one: () => median(timeEach(Array.from({ length: 8 }), () => pdq(picture))),
      eight: () => median(timeEach(Array.from({ length: 8 }), () => pdqOrientations(picture))),
    },
    ROUNDS + 3,
  );
  return { 'eight pixel orientations / one hash, 512x512': ratioOf(turns.eight.slice(3), turns.one.slice(3)).p50, ...(await measureRatios()) };
}

async function measureCredential() {
  const { owf, auth0, sdJwtVc, meeco } = await measureCredentialRatios();
  return {
    'mdoc: @owf/mdoc / this package': owf,
    'mdoc: @auth0/mdl without chains / this package': auth0,
    'SD-JWT VC: @sd-jwt/sd-jwt-vc / this package': sdJwtVc,
    'SD-JWT VC: @meeco/sd-jwt / this package': meeco,
  };
}
