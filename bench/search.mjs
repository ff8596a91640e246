/**
 * Exact search of radius 31 in lists of 10 thousand to 10 million hashes, and with --large of 100 million: queries, the same structure in
 * other forms, building, snapshots, changes, threads. Each list is a process of its own (search-case.mjs).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { readAvailableBytes, round, withRange } from './measure.mjs';

const LARGE = 100_000_000;
/** 3.2 GB of hashes and 12.9 GB of index. */
const LARGE_BYTES = 17 * 1024 ** 3;

export async function benchSearch({ isQuick = false, isLarge = false } = {}) {
  const cases = [];
  for (const count of isQuick ? [10_000, 1_000_000] : [10_000, 1_000_000, 10_000_000])
    for (const data of ['uniform', 'clustered']) cases.push(await runCase({ count, data, hasExtras: count > 10_000 }));
  const notes = [];
  if (isLarge) {
    if (readAvailableBytes() < LARGE_BYTES) notes.push(`100,000,000: not measured, it needs ${LARGE_BYTES / 1024 ** 3} GiB of free memory.`);
    else cases.push(await runCase({ count: LARGE, data: 'uniform', hasNative: false, hasSnapshot: false }));
  }
  const uniform = cases.filter(({ data }) => data === 'uniform');
  return {
    tables: [
      { title: 'Exact search, radius 31: one query', rows: cases.flatMap(toQueryRows), note: [toExactness(cases), ...notes].join(' ') },
      { title: 'The same queries, by what answers them', rows: uniform.flatMap(toFormRows), note: FORMS_NOTE },
      { title: 'Building, snapshots, changes, threads', rows: uniform.map(toLifeRow), note: LIFE_NOTE },
      { title: 'Ratios and bounds of this run', rows: toRatioRows(cases) },
    ],
    detail: cases,
  };
}

/** @returns what the case printed; a case that found a wrong or missing match ends the bench */
export function runCase(options) {
  process.stderr.write(`bench: search, ${options.count.toLocaleString('en')} ${options.data}…\n`);
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'search-case.mjs'), JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`search of ${options.count} ${options.data} hashes ended with ${code}: see the lines above`));
    });
  });
}

const inWords = (count) => count.toLocaleString('en');

function toQueryRows({ count, data, kernel, searched, batched }) {
  const rows = Object.entries(searched).map(([queries, times]) => ({
    entries: inWords(count),
    list: data,
    queries,
    'p50 us': withRange(times),
    'p99 us': round(times.p99),
    'max us': Math.round(times.max),
    'longest of the best us': Math.round(times.bestMax),
    'most matches': times.most,
    kernel,
  }));
  if (batched === undefined) return rows;
  const { p50, low, high, p99, max, bestMax } = batched;
  const each = { p50: p50 / 16, low: low / 16, high: high / 16 };
  const batch = { ...rows[0], queries: '16 in one call, for each', 'p50 us': withRange(each), 'p99 us': round(p99 / 16), 'max us': Math.round(max / 16) };
  return [...rows, { ...batch, 'longest of the best us': Math.round(bestMax / 16), 'most matches': 0 }];
}

function toExactness(cases) {
  const sum = (of) => cases.reduce((total, { exact }) => total + (of(exact) ?? 0), 0);
  const [planted, same, scanned] = [sum(({ planted: count }) => count), sum(({ matches }) => matches), sum(({ scanned: count }) => count)];
  return (
    `Recall and precision are checked in the same run, which fails otherwise: ${inWords(planted)} planted neighbours at every distance from 0 to 31, scattered, spread and ` +
    `lumped over the chunks, were all found and none beyond 31; ${inWords(scanned)} queries found what a scan of all rows finds` +
    (same === 0 ? '.' : `, and ${inWords(same)} matches are those of the C++ program, one by one.`)
  );
}

const FORM_NAMES = {
  wasm: 'this package, WebAssembly',
  typescript: 'this package, TypeScript alone',
  'typescript scan': 'all hashes one by one, TypeScript',
  'native ring': 'ring.cpp: the same structure in C++ with AVX-512 or AVX2 and prefetch',
  'native huge': 'ring.cpp, pages of 2 MiB',
  'native small': 'ring.cpp, 1-byte signatures and 3-byte row numbers',
  'native scan popcount': 'scan.cpp: all hashes one by one, std::popcount',
  'native scan avx512': 'scan.cpp, 512 bits at a time',
};

const FORMS_NOTE =
  'C++: `g++ -O3 -march=native`, compiled on the spot from bench/native. Asked in turn, eleven rounds for indexes and five for scans; ratios are medians of ratios round by round. Random queries without a match.';

function toFormRows({ count, forms, bytesPerHash }) {
  return forms.map(({ form, p50, toOurs, bytesPerHash: bytes }) => ({
    entries: inWords(count),
    'answered by': FORM_NAMES[form],
    'p50 us': round(p50),
    'times ours': withRange(toOurs, 2),
    'bytes a hash': form.includes('scan') ? 32 : round(bytes ?? bytesPerHash),
  }));
}

const LIFE_NOTE =
  'Snapshot: to and from a file in the page cache, checked; beside it what it takes to write once to as much new memory, which no way of loading avoids; of five, the best and the worst. ' +
  'Add, remove: with a search that must and does see it. 40,000 unmerged: median query over that of a reader that does not have them. Threads: queries a second of two over one.';

function toLifeRow({ count, build, bytesPerHash, snapshot, changes, threads }) {
  return {
    entries: inWords(count),
    'build CPU s': round(build.cpuS, 3),
    'build wall s': round(build.wallS, 3),
    'bytes a hash': round(bytesPerHash),
    'snapshot MB': snapshot === undefined ? '-' : Math.round(snapshot.bytes / 1e6),
    'write s': snapshot === undefined ? '-' : round(snapshot.writeS, 2),
    'load s': snapshot === undefined ? '-' : toSpread(snapshot.loadS),
    'new memory s': snapshot === undefined ? '-' : toSpread(snapshot.touchS),
    'add us': changes === undefined ? '-' : round(changes.addUs),
    'add + search us': changes === undefined ? '-' : round(changes.addAndSearchUs),
    'remove + search us': changes === undefined ? '-' : round(changes.removeAndSearchUs),
    '40,000 unmerged': changes?.delta === undefined ? '-' : withRange(changes.delta, 2),
    'two threads': threads === undefined ? '-' : withRange(threads.gain, 2),
  };
}

/** Where the host has to find memory first, the worst says more of it than of us. */
const toSpread = ({ min, max }) => `${round(min, 2)}-${round(max, 2)}`;

/** What the figures are for: each as a ratio in this run, or a bound that does not depend on the machine's speed alone. */
function toRatioRows(cases) {
  const rows = [];
  const add = (what, count, value) => rows.push({ what, entries: inWords(count), value });
  const at = (count, data) => cases.find((one) => one.count === count && one.data === data);
  for (const one of cases.filter(({ data }) => data === 'uniform')) {
    const form = (name) => one.forms.find((other) => other.form === name)?.toOurs;
    const ring = form('native ring');
    if (ring !== undefined) add('ours / the same structure in C++', one.count, withRange({ p50: 1 / ring.p50, low: 1 / ring.high, high: 1 / ring.low }, 2));
    const small = form('native small');
    if (small !== undefined) add('in C++: 100 bytes a hash / 128 to 132', one.count, round(small.p50 / ring.p50, 2));
    if (form('typescript') !== undefined) add('TypeScript alone / WebAssembly', one.count, withRange(form('typescript'), 2));
  }
  for (const { count, searched } of cases.filter(({ data }) => data === 'clustered')) {
    const uniform = at(count, 'uniform').searched['random, no match'].p50;
    add('p99 of held-out pictures, clustered list / p50 of uniform', count, round(searched['held-out pictures'].p99 / uniform, 2));
    add('longest degenerate query, best of its rounds, ms', count, round(searched['degenerate centres'].bestMax / 1000, 2));
  }
  return rows;
}
