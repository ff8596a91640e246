/** The files of unfinished uploads against a model: whatever comes, in which pieces, and wherever it breaks, what was saved is there and nothing else counts. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { GatehouseError } from '../../platform/errors.ts';
import { openParts, type PartFiles } from './parts.ts';
import { planAppend } from './rules.ts';

const SIZE = 600;
const ID = `tus_${'0'.repeat(26)}`;
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gatehouse-parts-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** One request. Its bytes are those of the file at the place that it claims. */
const request = fc.record({
  claim: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -20, max: 20 }) }),
  chunks: fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 4 }),
  ending: fc.constantFrom('whole', 'whole', 'broken', 'database', 'no room', 'restart'),
  checksum: fc.constantFrom('none', 'none', 'right', 'wrong'),
});

const dataOf = (seed: number): Buffer => {
  const bytes = Buffer.alloc(SIZE * 2);
  for (let at = 0; at < bytes.length; at += 32) createHash('sha256').update(`${seed} ${at}`).digest().copy(bytes, at);
  return bytes;
};

function* toChunks(bytes: Buffer, lengths: readonly number[], isBroken: boolean): Generator<Buffer> {
  let at = 0;
  for (const length of lengths) yield bytes.subarray(at, (at += length));
  if (isBroken) throw new Error('the line broke');
}

it('keeps exactly what was saved', async () => {
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 12 }), fc.nat(), async (requests, seed) => {
      const dir = join(root, String((runs += 1)));
      const data = dataOf(seed);
      const world = { saved: 0, hasRoom: true };
      const book = (): void => {
        if (!world.hasRoom) throw new GatehouseError('queue_full', 'full');
      };
      const reopen = (): Promise<PartFiles> => openParts({ dir, book, checkpointBytes: 64 });
      let parts = await reopen();
      for (const { claim, chunks, ending, checksum } of requests) {
        if (ending === 'restart') parts = await reopen();
        world.hasRoom = ending !== 'no room';
        const before = world.saved;
        const pieceBytes = chunks.reduce((sum, length) => sum + length, 0);
        const isKnown = checksum !== 'none';
        const intent = { offsetBytes: Math.max(0, before + claim), sizeBytes: undefined, pieceBytes: isKnown ? pieceBytes : undefined, checksum: undefined };
        let plan;
        try {
          plan = planAppend({ offsetBytes: before, sizeBytes: SIZE }, intent, SIZE);
        } catch {
          expect(intent.offsetBytes !== before || before + pieceBytes > SIZE).toBe(true);
          continue;
        }
        const piece = data.subarray(before, before + pieceBytes);
        const sum = createHash('sha1').update(piece).digest();
        if (checksum === 'wrong') sum.writeUInt8((sum[0] ?? 0) ^ 1);
        const outcome = await parts
          .append(ID, {
            source: Readable.from(toChunks(piece, chunks, ending === 'broken')),
            offsetBytes: before,
            roomBytes: plan.roomBytes,
            checksum: isKnown ? { algorithm: 'sha1', digest: sum } : undefined,
            signal: new AbortController().signal,
            async save(to) {
              if (ending === 'database') throw new Error('the database is away');
              expect(to).toBeGreaterThan(world.saved);
              world.saved = to;
            },
          })
          .then(
            () => 'ok' as const,
            () => 'fault' as const,
          );
        const isWhole = ending === 'whole' || ending === 'restart';
        const fits = before + pieceBytes <= SIZE;
        if (outcome === 'ok') expect([world.saved, fits]).toEqual([before + pieceBytes, true]);
        if (isWhole && fits && checksum !== 'wrong') expect(outcome).toBe('ok');
        if (isKnown && outcome === 'fault') expect(world.saved).toBe(before);
        // The last byte counts only when its request ended well.
        if (outcome === 'fault') expect(world.saved).toBeLessThan(SIZE);
        if (ending === 'broken' && fits && !isKnown && before + pieceBytes < SIZE) expect(world.saved).toBe(before + pieceBytes);
        const kept = await readFile(join(dir, ID)).catch(() => Buffer.alloc(0));
        expect(kept.subarray(0, world.saved).equals(data.subarray(0, world.saved))).toBe(true);
        expect(kept.length).toBeLessThanOrEqual(SIZE);
        expect(parts.usedBytes()).toBe(kept.length);
      }
      await rm(dir, { recursive: true });
    }),
    { numRuns: 60 },
  );
});

it('does not count the last byte of a request that broke after it', async () => {
  const parts = await openParts({ dir: join(root, 'last'), book: () => undefined, checkpointBytes: 10 });
  const saved: number[] = [];
  const piece = { offsetBytes: 0, roomBytes: 30, checksum: undefined, signal: new AbortController().signal, save: async (to: number) => void saved.push(to) };
  await expect(parts.append(ID, { ...piece, source: Readable.from(toChunks(Buffer.alloc(30), [12, 18], true)) })).rejects.toMatchObject({
    code: 'length_mismatch',
  });
  expect(saved).toEqual([12]);
});

it('says that a file was lost, and counts none that is being handed over', async () => {
  const dir = join(root, 'lost');
  const parts = await openParts({ dir, book: () => undefined });
  const piece = { offsetBytes: 0, roomBytes: 100, checksum: undefined, signal: new AbortController().signal, save: async () => undefined };
  await expect(parts.append(ID, { ...piece, offsetBytes: 5, source: Readable.from([]) })).rejects.toMatchObject({ code: 'gone' });
  await parts.append(ID, { ...piece, source: Readable.from([Buffer.alloc(7)]) });
  await expect(parts.append(ID, { ...piece, offsetBytes: 8, source: Readable.from([]) })).rejects.toMatchObject({ code: 'gone' });
  parts.setHandingOver(ID, true);
  expect([parts.usedBytes(), await parts.sizeOf(ID)]).toEqual([0, 7]);
  parts.setHandingOver(ID, false);
  expect((await openParts({ dir, book: () => undefined })).usedBytes()).toBe(7);
  await parts.remove(ID);
  expect([parts.usedBytes(), await parts.list()]).toEqual([0, []]);
});

it('does not take for lost what cannot be read at the moment', async () => {
  const dir = join(root, 'unreadable');
  const parts = await openParts({ dir, book: () => undefined });
  await symlink(ID, join(dir, ID));
  await expect(parts.sizeOf(ID)).rejects.toMatchObject({ code: 'ELOOP' });
});
