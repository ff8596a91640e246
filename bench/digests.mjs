/** Exact look-up of digests in the table of packages/server/src/lists/digest-table.ts: bytes a key, nanoseconds for a value that is there and for one that is not. */
import { toRecords } from '../packages/server/dist/lists/digest-records.js';
import { createDigestTable } from '../packages/server/dist/lists/digest-table.js';
import { runAtOnce } from '../packages/server/dist/platform/slices.js';
import { createDraw } from './data.mjs';
import { median, round, withRange } from './measure.mjs';

const WIDTHS = { MD5: 16, 'SHA-1': 20, 'SHA-256': 32 };
const LOOKUPS = 200_000;
const ROUNDS = 5;

export async function benchDigests({ isQuick = false } = {}) {
  const rows = [];
  for (const count of isQuick ? [1_000_000] : [1_000_000, 10_000_000])
    for (const [name, width] of Object.entries(WIDTHS)) {
      const { bytesPerKey, buildCpuS, absent, present, set } = measureTable(width, count);
      rows.push({
        digest: name,
        keys: count.toLocaleString('en'),
        'bytes a key': round(bytesPerKey),
        'absent ns': withRange(absent, 0),
        'present ns': withRange(present, 0),
        'absent in a Set of strings ns': set === undefined ? '-' : Math.round(set),
        'build CPU s': round(buildCpuS),
      });
    }
  return {
    title: 'Exact look-up of digests, one thread',
    rows,
    note: `Look-ups one after the other, each of a value in random order; medians of ${ROUNDS} rounds of ${LOOKUPS.toLocaleString('en')}, with their range. Every answer is checked.`,
  };
}

export function measureTable(width, count) {
  const values = randomBytes(count * width, width);
  const numbers = Uint32Array.from({ length: count }, (_none, i) => i);
  const before = process.cpuUsage();
  const table = createDigestTable(width);
  const records = toRecords({ values, width, count }, numbers);
  runAtOnce(table.addRecords([records]));
  const { user, system } = process.cpuUsage(before);
  const draw = createDraw(3);
  const picked = Uint32Array.from({ length: LOOKUPS }, () => draw() % count);
  const there = Uint8Array.from({ length: LOOKUPS * width }, (_none, i) => values[picked[Math.floor(i / width)] * width + (i % width)]);
  const others = randomBytes(LOOKUPS * width, 12_345);
  const lookUp = (bytes, check) => summarise(() => lookUpAll(table, { bytes, width, check }));
  return {
    bytesPerKey: table.bytesUsed / count,
    buildCpuS: (user + system) / 1e6,
    absent: lookUp(others, (entry) => entry === undefined),
    present: lookUp(there, (entry, i) => entry === picked[i]),
    set: count > 1_000_000 ? undefined : measureSet({ values, others, width }),
  };
}

function randomBytes(length, seed) {
  const draw = createDraw(seed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = draw();
  return new Uint8Array(words.buffer, 0, length);
}

/** Nanoseconds of one look-up, over all. @throws for a wrong answer */
function lookUpAll(table, { bytes, width, check }) {
  let wrong = 0;
  const began = performance.now();
  for (let i = 0; i < LOOKUPS; i++) if (!check(table.find(bytes.subarray(i * width, i * width + width)), i)) wrong++;
  const ms = performance.now() - began;
  if (wrong > 0) throw new Error(`digests: ${wrong} wrong answers`);
  return (ms * 1e6) / LOOKUPS;
}

function summarise(work) {
  work();
  const rounds = Array.from({ length: ROUNDS }, work);
  return { p50: median(rounds), low: Math.min(...rounds), high: Math.max(...rounds) };
}

/** What a plain Set of strings takes for the same question. */
function measureSet({ values, others, width }) {
  const text = (bytes, i) => Buffer.from(bytes.buffer, bytes.byteOffset + i * width, width).toString('latin1');
  const set = new Set();
  for (let i = 0; i < values.length / width; i++) set.add(text(values, i));
  return median(
    Array.from({ length: ROUNDS }, () => {
      let found = 0;
      const began = performance.now();
      for (let i = 0; i < LOOKUPS; i++) if (set.has(text(others, i))) found++;
      return ((performance.now() - began) * 1e6 + found) / LOOKUPS;
    }),
  );
}
