/** Snapshots: what is read is what was written, and nothing else is believed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createDraw, drawHash, joinHashes, perturb } from '../test/samples.ts';
import { createLimitedIndex } from './hamming-index.ts';
import { adoptSharedIndex, createHammingIndex, createLabelFilter, type HammingIndex, readSnapshot, writeSnapshot } from './index.ts';
import { DEFAULT_LIMITS } from './segment.ts';

const draw = createDraw(81);
const hashes = Array.from({ length: 3000 }, () => drawHash(draw));
const labels = Uint16Array.from(hashes, (_, at) => at % 7);

async function write(index: HammingIndex, kernel: 'wasm' | 'typescript' = 'wasm'): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  await writeSnapshot(index.share(), (bytes) => parts.push(bytes.slice()), { slot: 1, kernel });
  return new Uint8Array(Buffer.concat(parts));
}

async function read(file: Uint8Array, kernel: 'wasm' | 'typescript' = 'wasm'): Promise<HammingIndex> {
  const source = {
    byteLength: file.length,
    read: async (target: Uint8Array, position: number) => target.set(file.subarray(position, position + target.length)),
  };
  return adoptSharedIndex(await readSnapshot(source, { kernel }), { kernel });
}

const LIMITS = { ...DEFAULT_LIMITS, linearRows: 10, growingRows: 500, rowsPerBucket: 0, rowsPerChain: 0 };

function make(hasLabels: boolean): HammingIndex {
  const index = createLimitedIndex(joinHashes(hashes.slice(0, 2000)), { limits: LIMITS, ...(hasLabels ? { labels: labels.slice(0, 2000) } : {}) });
  for (const [at, hash] of hashes.entries()) if (at >= 2000) index.add(hash, hasLabels ? labels[at] : 0);
  index.remove(5);
  index.remove(2999);
  return index;
}

describe.each([false, true])('a snapshot, labels: %s', (hasLabels) => {
  it.each([
    ['wasm', 'wasm'],
    ['wasm', 'typescript'],
    ['typescript', 'wasm'],
  ] as const)('written by %s and read by %s gives the same index', async (writer, reader) => {
    const index = make(hasLabels);
    const copy = await read(await write(index, writer), reader);
    expect([copy.size, copy.slots, copy.unmerged, copy.kernel]).toEqual([index.size, index.slots, index.unmerged, reader]);
    for (let trial = 0; trial < 64; trial++) {
      const query = perturb(hashes[draw(3000)] ?? drawHash(draw), draw(40), draw);
      expect(copy.search(query, trial)).toEqual(index.search(query, trial));
    }
    expect(copy.search(hashes[12] ?? drawHash(draw), createLabelFilter([[5, 9]]))).toHaveLength(hasLabels ? 1 : 0);
    expect([copy.has(5), copy.restore(5), copy.labelAt(2998), copy.add(drawHash(draw))]).toEqual([false, true, index.labelAt(2998), 3000]);
    copy.optimise();
    expect(copy.search(hashes[2500] ?? drawHash(draw), 0)).toEqual([{ index: 2500, distance: 0 }]);
  });
});

describe('a small snapshot', () => {
  it.each([0, 1, 100])('of %i hashes', async (count) => {
    const copy = await read(await write(createHammingIndex(joinHashes(hashes.slice(0, count)))));
    expect([copy.size, copy.search(hashes[0] ?? drawHash(draw), 0).length]).toEqual([count, Math.min(1, count)]);
  });

  it('holds what was there when it was shared, whatever is added while it is written', async () => {
    const index = createHammingIndex(joinHashes(hashes.slice(0, 50)));
    const parts: Uint8Array[] = [];
    await writeSnapshot(index.share(), (bytes) => {
      parts.push(bytes.slice());
      index.add(drawHash(draw));
    });
    const copy = await read(new Uint8Array(Buffer.concat(parts)));
    expect([copy.slots, copy.search(hashes[49] ?? drawHash(draw), 0)]).toEqual([50, [{ index: 49, distance: 0 }]]);
  });
});

describe('a file that is not whole', () => {
  let file: Uint8Array = new Uint8Array(0);
  beforeAll(async () => {
    file = await write(make(true));
  });
  const refusal = expect.objectContaining({ name: 'HammingError', code: 'bad_snapshot' });

  it('is refused wherever one bit is wrong', async () => {
    for (let trial = 0; trial < 120; trial++) {
      const at = trial < 60 ? trial * 4 : draw(file.length);
      const damaged = file.slice();
      damaged[at] = (damaged[at] ?? 0) ^ (1 << draw(8));
      await expect(read(damaged), `byte ${at}`).rejects.toEqual(refusal);
    }
  });

  it('is refused wherever it ends early, or goes on', async () => {
    for (const length of [0, 1, 63, 64, 128, 4096, file.length - 64, file.length - 1]) await expect(read(file.slice(0, length))).rejects.toEqual(refusal);
    await expect(read(new Uint8Array(file.length + 1).fill(0).map((_, at) => file[at] ?? 0))).rejects.toEqual(refusal);
    for (let trial = 0; trial < 20; trial++) await expect(read(file.slice(0, draw(file.length)))).rejects.toEqual(refusal);
  });

  it('is refused when it is something else', async () => {
    for (let trial = 0; trial < 20; trial++) await expect(read(Uint8Array.from({ length: 5000 }, () => draw(256)))).rejects.toEqual(refusal);
  });

  it('passes on what the file system says', async () => {
    const source = { byteLength: 10_000, read: () => Promise.reject(new Error('EIO')) };
    await expect(readSnapshot(source)).rejects.toThrow('EIO');
  });

  it('passes on the first of several faults of reads that are under way together, and leaves none unhandled', async () => {
    // Three pieces of 4 MiB.
    const whole = await write(createHammingIndex(joinHashes(Array.from({ length: 90_000 }, () => drawHash(draw)))));
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      let reads = 0;
      const source = {
        byteLength: whole.length,
        async read(target: Uint8Array, position: number): Promise<void> {
          if (target.length < 1_000_000) {
            target.set(whole.subarray(position, position + target.length));
            return;
          }
          reads += 1;
          throw new Error(`EIO ${position < 4 * 2 ** 20 ? 'first' : 'later'}`);
        },
      };
      await expect(readSnapshot(source)).rejects.toThrow('EIO first');
      expect(reads).toBeGreaterThan(1);
      await new Promise((resolve) => setImmediate(resolve));
      expect(unhandled).toEqual([]);
    } finally {
      process.off('unhandledRejection', note);
    }
  });
});
