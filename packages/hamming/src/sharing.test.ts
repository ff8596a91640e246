/** One index, several threads: readers see what the owner does, and threads build and merge for it. */
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { createDraw, drawHash, joinHashes, perturb, searchByBruteForce } from '../test/samples.ts';
import { createLimitedIndex } from './hamming-index.ts';
import { adoptSharedIndex, buildHammingIndex, createHammingIndex, mergeShared, openSharedIndex } from './index.ts';

const LIMITS = { linearRows: 30, growingRows: 700, ringRows: 100_000, rowsPerChain: 0, rowsPerBucket: 0 };
const draw = createDraw(71);
const centre = drawHash(draw);
const hashes = Array.from({ length: 3000 }, () => perturb(centre, draw(90), draw));
const query = perturb(centre, 12, draw);

describe('a reader', () => {
  it.each(['wasm', 'typescript'] as const)('sees what the owner adds and removes, by %s', (kernel) => {
    const index = createLimitedIndex(joinHashes(hashes.slice(0, 900)), { limits: LIMITS, kernel });
    index.add(hashes[900] ?? centre);
    const reader = openSharedIndex(structuredClone(index.share()), { slot: 1, kernel });
    const visible: (Uint8Array | undefined)[] = hashes.slice(0, 901);
    for (let at = 901; at < 2500; at++) {
      visible.push(hashes[at]);
      index.add(hashes[at] ?? centre);
      if (at % 5 === 0) {
        index.remove(at - 3);
        visible[at - 3] = undefined;
      }
      if (at === 2000) index.optimise();
      if (reader.layout !== index.layout) reader.refresh(index.share());
      if (at % 97 === 0) expect(reader.search(query, 40)).toEqual(searchByBruteForce(visible, query, 40));
    }
    expect([reader.kernel, reader.searchAny([query], 63)]).toEqual([kernel, index.searchAny([query], 63)]);
    expect([reader.searchEach([query]), reader.find([query])]).toEqual([index.searchEach([query]), index.find([query])]);
  });

  it('has a slot of its own', () => {
    const shared = createHammingIndex(joinHashes(hashes)).share();
    for (const slot of [0, -1, 0.5, 1000]) expect(() => openSharedIndex(shared, { slot })).toThrow(expect.objectContaining({ code: 'bad_option' }));
  });
});

describe('an index that another thread built', () => {
  it('is adopted whole, with what was removed', () => {
    const built = createLimitedIndex(joinHashes(hashes.slice(0, 2000)), { limits: LIMITS });
    built.remove(7);
    const index = adoptSharedIndex(structuredClone(built.share()));
    expect([index.size, index.slots, index.unmerged]).toEqual([1999, 2000, 0]);
    expect(index.add(hashes[2000] ?? centre)).toBe(2000);
    const visible = hashes.slice(0, 2001).map((hash, at) => (at === 7 ? undefined : hash));
    expect(index.search(query, 63)).toEqual(searchByBruteForce(visible, query, 63));
    expect(index.restore(7)).toBe(true);
  });
});

describe('a merge in another thread', () => {
  it('lets additions, removals and searches go on, and loses none of them', () => {
    const index = createLimitedIndex(joinHashes(hashes.slice(0, 1500)), { limits: LIMITS });
    for (const hash of hashes.slice(1500, 2400)) index.add(hash);
    const work = index.startMerge();
    expect(() => index.startMerge()).toThrow(expect.objectContaining({ code: 'busy' }));
    for (const hash of hashes.slice(2400)) index.add(hash);
    index.remove(3);
    index.remove(2999);
    const visible = hashes.map((hash, at) => (at === 3 || at === 2999 ? undefined : hash));
    expect(index.search(query, 63)).toEqual(searchByBruteForce(visible, query, 63));
    work.finish(structuredClone(mergeShared(structuredClone(work.shared), { slot: 1 })));
    expect(index.unmerged).toBe(600);
    expect(index.search(query, 63)).toEqual(searchByBruteForce(visible, query, 63));
    index.add(centre);
    index.optimise();
    expect(index.search(query, 63)).toEqual(searchByBruteForce([...visible, centre], query, 63));
  });

  it('may fail without harm', () => {
    const index = createLimitedIndex(joinHashes(hashes.slice(0, 800)), { limits: LIMITS });
    const other = drawHash(draw);
    index.add(other);
    index.startMerge().cancel();
    index.add(other);
    expect(index.search(other, 0)).toHaveLength(2);
    index.optimise();
    expect([index.unmerged, index.search(other, 0).length]).toEqual([0, 2]);
  });

  it('has nothing to do for a single segment', () => {
    const index = createHammingIndex(joinHashes(hashes.slice(0, 10)));
    const work = index.startMerge();
    work.finish(mergeShared(work.shared, { slot: 1 }));
    expect([index.unmerged, index.add(centre), index.search(centre, 0).length]).toEqual([0, 10, 1]);
  });
});

/** Searches without pause for hashes that the owner says are there, and reports each that it does not find. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.library).then(({ openSharedIndex }) => {
  let reader;
  const { counters, values } = workerData;
  parentPort.on('message', (shared) => {
    if (reader === undefined) reader = openSharedIndex(shared, { slot: workerData.slot });
    else reader.refresh(shared);
    Atomics.store(counters, workerData.slot, shared.layout);
    Atomics.notify(counters, workerData.slot);
    step();
  });
  let at = workerData.slot, searches = 0, missed = 0, extra = 0;
  function step() {
    for (let i = 0; i < 50; i++) {
      // The owner counts an addition after add() returned, and only when this thread knows the layout it went to.
      const there = Atomics.load(counters, 0);
      at = (at * 31 + 7) % there;
      const found = reader.search(values.subarray(at * 32, at * 32 + 32), 0);
      searches++;
      if (!found.some((match) => match.index === at)) missed++;
      if (found.some((match) => match.distance !== 0)) extra++;
    }
    if (Atomics.load(counters, 5) === 1) { parentPort.postMessage({ searches, missed, extra }); parentPort.close(); return; }
    if (!step.waiting) { step.waiting = true; setImmediate(() => { step.waiting = false; step(); }); }
  }
});`;

describe('real threads', () => {
  const workers: Worker[] = [];
  afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

  it('find every hash while the owner adds and merges', { timeout: 60_000 }, async () => {
    const count = 12_000;
    const all = joinHashes(Array.from({ length: count }, () => drawHash(draw)));
    const values = new Uint8Array(new SharedArrayBuffer(all.length));
    values.set(all);
    const counters = new Int32Array(new SharedArrayBuffer(64));
    const limits = { ...LIMITS, growingRows: 2000, ringRows: 2 ** 20, rowsPerBucket: 0 };
    const index = createLimitedIndex(values.slice(0, 5000 * 32), { limits });
    Atomics.store(counters, 0, 5000);
    const library = new URL('../dist/index.js', import.meta.url).href;
    const answers = [1, 2].map((slot) => {
      const worker = new Worker(PROGRAM, { eval: true, workerData: { library, slot, counters, values } });
      workers.push(worker);
      return new Promise<{ searches: number; missed: number; extra: number }>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    });
    const tell = async (): Promise<void> => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      for (const worker of workers) worker.postMessage(index.share());
      while ([1, 2].some((slot) => Atomics.load(counters, slot) < index.layout)) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await tell();
    for (let at = 5000; at < count; at++) {
      const { layout } = index;
      index.add(values.subarray(at * 32, at * 32 + 32));
      if (at % 3000 === 0) await index.optimiseInSlices({ yieldEvery: 500 });
      if (index.layout !== layout) await tell();
      Atomics.store(counters, 0, at + 1);
      if (at % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    Atomics.store(counters, 5, 1);
    for (const { searches, missed, extra } of await Promise.all(answers)) {
      expect({ missed, extra }).toEqual({ missed: 0, extra: 0 });
      expect(searches).toBeGreaterThan(100);
    }
  });

  it('build in slices for others too', async () => {
    const index = adoptSharedIndex((await buildHammingIndex(joinHashes(hashes))).share());
    expect(index.search(query, 50)).toEqual(searchByBruteForce(hashes, query, 50));
  });
});
