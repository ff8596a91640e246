/** Exact radius search: one query, by size of the list, against a linear scan in the same run. */
import { createHammingIndex } from '@gatehouse/hamming';
import { createRandom } from './pictures.mjs';
import { cpuMs, round, wallUs } from './measure.mjs';
import { randomHashes } from './split.mjs';

export async function benchSearch() {
  const rows = [];
  for (const count of [10_000, 100_000, 1_000_000]) {
    const hashes = randomHashes(count);
    let index;
    const build = await cpuMs(
      () => {
        index = createHammingIndex(hashes);
      },
      { rounds: 3, warmUp: 0 },
    );
    const queries = queriesOf(500);
    const near = queries.map((_query, i) => flip(hashes.subarray((i % count) * 32, (i % count) * 32 + 32), 20, i + 1));
    wallUs((i) => index.search(queries[i % 500], 31), 500);
    const none = wallUs((i) => index.search(queries[i % 500], 31), 2_000);
    const match = wallUs((i) => index.search(near[i % 500], 31), 2_000);
    const words = new Uint32Array(hashes.buffer);
    const linear = wallUs((i) => scanLinear(words, new Uint32Array(queries[i % 500].slice().buffer)), 20);
    rows.push({
      entries: count.toLocaleString('en'),
      'no match p50 us': round(none.p50),
      'p99 us': round(none.p99),
      'match p50 us': round(match.p50),
      'linear scan p50 us': round(linear.p50),
      'linear / index': round(linear.p50 / none.p50),
      'build CPU s': round(build.p50 / 1000, 2),
      'bytes a hash': Math.round(index.bytesUsed / count),
    });
  }
  return { title: 'Exact search, radius 31, uniform hashes, one thread', rows };
}

function queriesOf(count) {
  const bytes = randomHashes(count, 4242);
  return Array.from({ length: count }, (_none, i) => bytes.subarray(i * 32, i * 32 + 32));
}

function flip(hash, bits, seed) {
  const random = createRandom(seed);
  const copy = Uint8Array.from(hash);
  const chosen = new Set();
  while (chosen.size < bits) chosen.add(random() & 255);
  for (const bit of chosen) copy[bit >> 3] ^= 1 << (bit & 7);
  return copy;
}

function scanLinear(words, query) {
  let found = 0;
  for (let at = 0; at < words.length; at += 8) {
    let distance = 0;
    for (let i = 0; i < 8; i++) {
      let v = words[at + i] ^ query[i];
      v -= (v >>> 1) & 0x55555555;
      v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
      distance += Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    if (distance <= 31) found++;
  }
  return found;
}
