/** The transparency log as a library: entries a second into files, proofs, checkpoints, and what it costs to check them. */
import {
  createHashReader,
  createSignerKey,
  openCheckpoint,
  openTreeBuilder,
  proveConsistency,
  proveInclusion,
  signCheckpoint,
  tilePath,
  verifyInclusion,
} from '@gatehouse/tlog';
import { createHash } from 'node:crypto';
import { median, round, spread, withRange } from './measure.mjs';

const ROUNDS = 5;
const BATCH = 500;
const PROOFS = 500;

export async function benchTlog({ isQuick = false } = {}) {
  const rows = [];
  for (const size of [100_000, ...(isQuick ? [] : [1_000_000])]) rows.push(await measureTree(size));
  return {
    title: 'Transparency log, the library alone, one thread',
    rows,
    note:
      `Entries of 200 bytes in batches of ${BATCH}, with every tile and bundle made (in memory). Hashing: two SHA-256 for each entry by \`node:crypto\` in a plain loop, which no tree can do without. ` +
      `Proofs are made from tiles, each reader anew; checkpoint: root, text, Ed25519. Medians of ${ROUNDS} rounds with their range.`,
  };
}

async function measureTree(size) {
  const entries = Array.from({ length: size }, (_none, i) => Buffer.from(`${i} `.padEnd(200, 'x')));
  const files = new Map();
  const appends = [];
  const floors = [];
  let builder;
  for (let turn = 0; turn < ROUNDS; turn++) {
    files.clear();
    builder = openTreeBuilder();
    appends.push(
      time(() => {
        for (let at = 0; at < size; at += BATCH) for (const { tile, bytes } of builder.append(entries.slice(at, at + BATCH))) files.set(tilePath(tile), bytes);
        for (const { tile, bytes } of builder.edge()) files.set(tilePath(tile), bytes);
      }),
    );
    const pair = Buffer.alloc(65);
    floors.push(
      time(() => {
        for (const entry of entries) {
          createHash('sha256').update(entry).digest();
          createHash('sha256').update(pair).digest();
        }
      }),
    );
  }
  const root = builder.root();
  const read = (tile) => files.get(tilePath(tile));
  const key = await createSignerKey('bench.example/log', new Uint8Array(32).fill(1));
  const proofs = [];
  const inclusion = await timeEach(async (i) => proofs.push({ index: i, proof: await proveInclusion(i, createHashReader(size, read)) }), size);
  const consistency = await timeEach((i) => proveConsistency(i + 1, createHashReader(size, read)), size - 1);
  let at = 0;
  const verify = await timeEach(() => {
    const { index, proof } = proofs[at++];
    return verifyInclusion({ leafHash: hashOf(entries[index]), index, size, root, proof });
  }, size);
  let note = '';
  const checkpoint = await timeEach(async () => (note = await signCheckpoint({ origin: 'bench.example/log', size, root: builder.root() }, [key])), size);
  const opened = await timeEach(() => openCheckpoint(note, 'bench.example/log', [key]), size);
  const perSecond = (samples) => withRange({ p50: size / median(samples), low: size / Math.max(...samples), high: size / Math.min(...samples) }, 0);
  return {
    entries: size,
    'entries/s': perSecond(appends),
    'over two plain hashes': round(median(appends.map((value, i) => value / floors[i])), 2),
    'inclusion proof us': round(inclusion, 0),
    'check of it us': round(verify, 0),
    'consistency proof us': round(consistency, 0),
    'checkpoint ms': round(checkpoint / 1000, 2),
    'check of it ms': round(opened / 1000, 2),
  };
}

function hashOf(entry) {
  return createHash('sha256').update(Uint8Array.of(0)).update(entry).digest();
}

/** @returns seconds */
function time(work) {
  const began = performance.now();
  work();
  return (performance.now() - began) / 1000;
}

/** @returns the median in microseconds, over places all over the tree */
async function timeEach(work, size) {
  const samples = [];
  for (let i = 0; i < PROOFS; i++) {
    const began = performance.now();
    await work(Math.floor((i * size) / PROOFS));
    samples.push((performance.now() - began) * 1000);
  }
  return spread(samples).p50;
}
