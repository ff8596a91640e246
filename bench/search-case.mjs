/**
 * One list of one size, in a process of its own, so that every case starts with the same heap and leaves no memory behind:
 * `node bench/search-case.mjs '{"count":1000000,"data":"uniform","hasExtras":true}'`. The last line of its output is JSON.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHammingIndex, openSharedIndex } from '@gatehouse/hamming';
import { clusteredHashes, clusteredQueries, plantNeighbours, splitHashes, uniformHashes } from './data.mjs';
import { median, ratioOf, summariseRounds, takeTurns, timeEach } from './measure.mjs';
import { compileNative, openProgram } from './native.mjs';
import { measureChanges, measureSnapshot, measureThreads } from './search-changes.mjs';
import { checkPlanted, compareHits, compareScan, RADIUS, scanLinear } from './search-checks.mjs';

const QUERIES = 2_000;
const ROUNDS = 5;
const CLOSER_ROUNDS = 11;
const FIRST_ROUNDS = 2;
/** A ring and its peers take five times the hashes each. */
const NATIVE_MOST = 10_000_000;

const { count, data, hasNative = true, hasExtras = true, hasSnapshot = true } = JSON.parse(process.argv[2]);
process.stdout.write(`${JSON.stringify(data === 'uniform' ? await runUniform() : await runClustered())}\n`);

async function runUniform() {
  const hashes = uniformHashes(count);
  const planted = plantNeighbours(hashes, Math.min(60, Math.floor(count / 100)));
  const { index, build } = buildTimed(hashes);
  const exact = { planted: checkPlanted(index, hashes, planted), missed: 0, wrong: 0 };
  const queries = splitHashes(uniformHashes(QUERIES, 4242));
  const near = planted.filter(({ distance }) => distance <= RADIUS).map(({ query }) => query);
  const sets = { 'random, no match': queries, 'planted, one match': near };
  const searched = measureSets(index, sets);
  const batches = Array.from({ length: 120 }, (_none, i) => queries.slice(i * 16, i * 16 + 16));
  const batched = summariseRounds(repeat(() => timeEach(batches, (batch) => index.searchAny(batch, RADIUS))));
  const bytesPerHash = index.bytesUsed / count;
  const forms = await compareForms(index, hashes, { queries, checked: [...queries, ...near], exact });
  const threads = hasExtras ? await measureThreads(index) : undefined;
  const snapshot = hasExtras && hasSnapshot ? await measureSnapshot(index, hashes) : undefined;
  const changes = hasExtras ? await measureChanges(index, queries) : undefined;
  return { count, data, kernel: index.kernel, build, bytesPerHash, exact, searched, batched, forms, threads, snapshot, changes };
}

async function runClustered() {
  const hashes = clusteredHashes(count);
  const { index, build } = buildTimed(hashes);
  const sets = clusteredQueries(hashes, QUERIES);
  const searched = measureSets(index, sets);
  const exact = {};
  if (hasNative && count <= NATIVE_MOST) {
    const natives = await openNatives(hashes, Object.values(sets).flat(), ['ring']);
    if (natives !== undefined) {
      exact.matches = compareHits(index, natives.queries, { name: 'ring.cpp', hits: await natives.ring.hits('ring') });
      await natives.close();
    }
  }
  if (exact.matches === undefined)
    exact.scanned = compareScan(index, new Int32Array(hashes.buffer), [sets['perturbed entries'][0], sets['degenerate centres'][0]]);
  return { count, data, kernel: index.kernel, build, bytesPerHash: index.bytesUsed / count, exact, searched };
}

function buildTimed(hashes) {
  const samples = [];
  let index;
  for (let round = 0; round < (count > 1_000_000 ? 1 : 3); round++) {
    const cpu = process.cpuUsage();
    const began = performance.now();
    index = createHammingIndex(hashes);
    const { user, system } = process.cpuUsage(cpu);
    samples.push({ cpuS: (user + system) / 1e6, wallS: (performance.now() - began) / 1000 });
  }
  return { index, build: { cpuS: median(samples.map(({ cpuS }) => cpuS)), wallS: median(samples.map(({ wallS }) => wallS)) } };
}

function repeat(work) {
  return Array.from({ length: FIRST_ROUNDS + ROUNDS }, work).slice(FIRST_ROUNDS);
}

/** All sets in turn within each round, so that a disturbance is not one set's alone. */
function measureSets(index, sets) {
  const rounds = repeat(() => Object.values(sets).map((queries) => timeEach(queries, (query) => index.search(query, RADIUS))));
  return Object.fromEntries(
    Object.entries(sets).map(([name, queries], at) => {
      const most = queries.reduce((sum, query) => Math.max(sum, index.search(query, RADIUS).length), 0);
      return [name, { ...summariseRounds(rounds.map((round) => round[at])), most }];
    }),
  );
}

/** The same queries in the same order by everything that can answer them, in turn: indexes in more rounds, as they are the closer race. */
async function compareForms(index, hashes, { queries, checked, exact }) {
  const typescript = openSharedIndex(index.share(), { slot: 1, kernel: 'typescript' });
  const p50 = (list, search) => () => median(timeEach(list, search));
  const wasm = p50(queries, (query) => index.search(query, RADIUS));
  const indexes = { wasm, typescript: p50(queries, (query) => typescript.search(query, RADIUS)) };
  const scans = {};
  const bytes = {};
  if (count <= NATIVE_MOST) {
    const words = new Int32Array(hashes.buffer);
    exact.scanned = compareScan(index, words, checked.slice(-3));
    scans['typescript scan'] = p50(queries.slice(0, 5), (query) => scanLinear(words, query));
  }
  const natives = hasNative && count <= NATIVE_MOST ? await openNatives(hashes, checked, ['ring', 'huge', 'small']) : undefined;
  for (const [variant, { bytesPerHash }] of Object.entries(natives?.ring.about.variants ?? {})) {
    indexes[`native ${variant}`] = async () => (await natives.ring.time(variant, 0, queries.length)).p50;
    exact.matches = compareHits(index, checked, { name: `ring.cpp, ${variant}`, hits: await natives.ring.hits(variant) });
    bytes[`native ${variant}`] = bytesPerHash;
  }
  const few = Math.max(5, Math.min(200, Math.floor(20_000_000 / count)));
  for (const variant of natives?.scan.about.variants ?? []) scans[`native scan ${variant}`] = async () => (await natives.scan.time(variant, 0, few)).p50;
  const closer = await takeTurns(indexes, CLOSER_ROUNDS);
  const slower = await takeTurns({ wasm, ...scans }, ROUNDS);
  await natives?.close();
  const toForms = (turns) =>
    Object.entries(turns).map(([form, times]) => ({ form, p50: median(times), toOurs: ratioOf(times, turns.wasm), bytesPerHash: bytes[form] }));
  return [...toForms(closer), ...toForms(slower).slice(1)];
}

/** Undefined where there is no compiler. */
async function openNatives(hashes, queries, variants) {
  const [ring, scan] = ['ring', 'scan'].map((name) => compileNative(name));
  if (ring === undefined || scan === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-native-'));
  const files = ['hashes', 'queries'].map((name) => join(folder, name));
  writeFileSync(files[0], hashes);
  writeFileSync(files[1], Buffer.concat(queries));
  try {
    const programs = { ring: await openProgram(ring, [...files, ...variants]), scan: await openProgram(scan, files) };
    const close = () => Promise.all(Object.values(programs).map((program) => program.close()));
    return { ...programs, queries, close };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
