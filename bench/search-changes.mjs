/** What happens to an index besides queries: changes, a delta, a snapshot file, a second thread. */
import { open, rm, statfs } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { adoptSharedIndex, openSharedIndex, readSnapshot, writeSnapshot } from '@gatehouse/hamming';
import { hashOf, splitHashes, uniformHashes } from './data.mjs';
import { median, ratioOf, spread, takeTurns, timeEach } from './measure.mjs';
import { RADIUS } from './search-checks.mjs';

const DELTA = 40_000;
/** The end of the free disk is not for a bench. */
const DISK_LEAST_BYTES = 4 * 1024 ** 3;

/** Adds and removes with a search after each that must see it; then queries with and without 40,000 unmerged. */
export async function measureChanges(index, queries) {
  const added = splitHashes(uniformHashes(DELTA, 77));
  // A reader that is never refreshed knows the segments of now: the same memory, without what is added from here on.
  const before = index.slots > 65_535 ? openSharedIndex(index.share(), { slot: 1 }) : undefined;
  const adds = timeEach(added.slice(0, 500), (hash) => {
    const at = index.add(hash);
    if (!index.search(hash, RADIUS).some((match) => match.index === at)) throw new Error('visibility: an added hash was not found');
  });
  const removals = timeEach(added.slice(0, 500), (hash) => {
    const [{ index: at }] = index.search(hash, 0);
    index.remove(at);
    if (index.search(hash, RADIUS).some((match) => match.index === at)) throw new Error('visibility: a removed hash was found');
  });
  const alone = timeEach(added.slice(500), (hash) => index.add(hash));
  const changes = { addAndSearchUs: median(adds), removeAndSearchUs: median(removals), addUs: alone.reduce((sum, us) => sum + us, 0) / alone.length };
  if (before === undefined) return changes;
  const turns = await takeTurns(
    {
      without: () => median(timeEach(queries, (query) => before.search(query, RADIUS))),
      with: () => median(timeEach(queries, (query) => index.search(query, RADIUS))),
    },
    5,
  );
  return { ...changes, delta: ratioOf(turns.with, turns.without) };
}

/** Writes the index to a file of the folder for temporary files and reads it again, with what is in the page cache. */
export async function measureSnapshot(index, hashes) {
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < index.bytesUsed + DISK_LEAST_BYTES) return undefined;
  const path = join(tmpdir(), `gatehouse-bench-${process.pid}.snapshot`);
  try {
    const writeS = await writeFile(index, path);
    const [reads, touches] = [[], []];
    for (let round = 0; round < 5; round++) {
      collectGarbage();
      reads.push(await readFile(path, hashes));
      collectGarbage();
      touches.push(touchFresh(reads[0].size));
    }
    return { writeS, loadS: spread(reads.map(({ s }) => s)), touchS: spread(touches), bytes: reads[0].size };
  } finally {
    await rm(path, { force: true });
  }
}

async function writeFile(index, path) {
  const file = await open(path, 'wx', 0o600);
  const began = performance.now();
  await writeSnapshot(index.share(), async (bytes) => {
    for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
  });
  await file.close();
  return (performance.now() - began) / 1000;
}

async function readFile(path, hashes) {
  const file = await open(path, 'r');
  const { size } = await file.stat();
  const began = performance.now();
  const shared = await readSnapshot({
    byteLength: size,
    read: async (target, position) => {
      for (let at = 0; at < target.length;) {
        const { bytesRead } = await file.read(target, at, target.length - at, position + at);
        if (bytesRead === 0) throw new Error('the snapshot ends too early');
        at += bytesRead;
      }
    },
  });
  const index = adoptSharedIndex(shared);
  const s = (performance.now() - began) / 1000;
  await file.close();
  const probe = hashOf(hashes, 12);
  if (!index.search(probe, 0).some((match) => match.index === 12)) throw new Error('snapshot: a hash is not in what was read');
  return { s, size };
}

/** What no way of loading can avoid: the system clears every page of new memory when it is first written to. Seconds. */
function touchFresh(bytes) {
  const fresh = new Uint8Array(new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536), maximum: 65_536, shared: true }).buffer);
  const began = performance.now();
  for (let at = 0; at < bytes; at += 4096) fresh[at] = 1;
  return (performance.now() - began) / 1000;
}

/** The memory of the last round is given back before the next one takes as much; the bench runs with --expose-gc. */
function collectGarbage() {
  globalThis.gc?.();
}

/** Queries a second of two threads on one index over those of one, in turn. */
export async function measureThreads(index, { ms = 500, rounds = 3 } = {}) {
  const shared = index.share();
  const threads = [1, 2].map((slot) => new Worker(new URL('./search-thread.mjs', import.meta.url), { workerData: { shared, slot } }));
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  const run = async (thread) => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    thread.postMessage(ms);
    return (await once(thread, 'message'))[0];
  };
  const [first, second] = threads;
  const turns = await takeTurns(
    {
      one: () => run(first),
      two: async () => (await Promise.all([run(first), run(second)])).reduce((sum, rate) => sum + rate, 0),
      other: () => run(second),
    },
    rounds,
  );
  await Promise.all(threads.map((thread) => thread.terminate()));
  const alone = turns.one.map((rate, i) => (rate + turns.other[i]) / 2);
  return { one: median(alone), two: median(turns.two), gain: ratioOf(turns.two, alone) };
}
