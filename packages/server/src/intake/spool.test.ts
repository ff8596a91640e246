import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSpool, type Spool, type SpoolOptions, type SpoolRequest } from './spool.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-spool-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const make = (options: Partial<SpoolOptions> = {}): Promise<Spool> => openSpool({ dir, maxBytes: 1 << 24, otherBytes: () => 0, ...options });
const request = (options: Partial<SpoolRequest> = {}): SpoolRequest => ({ maxBytes: 1 << 20, signal: new AbortController().signal, ...options });
const digest = (name: string, bytes: Uint8Array): string => createHash(name).update(bytes).digest('hex');
const pattern = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, (_none, index) => (index * 31 + (index >> 8)) & 255));

/** Every failure must leave nothing: no file, no booked room. */
async function expectEmpty(spool: Spool): Promise<void> {
  expect(await readdir(dir)).toEqual([]);
  expect(spool.usedBytes()).toBe(0);
}

describe('receive', () => {
  it('writes what came, with its size and three digests, for the owner only', async () => {
    const spool = await make();
    const bytes = pattern(200_001);
    const spooled = await spool.receive(Readable.from([bytes.subarray(0, 7), bytes.subarray(7, 150_000), bytes.subarray(150_000)]), request());
    expect(spooled.sizeBytes).toBe(bytes.length);
    expect(spooled.digests).toEqual({ md5: digest('md5', bytes), sha1: digest('sha1', bytes), sha256: digest('sha256', bytes) });
    expect((await readFile(spooled.path)).equals(bytes)).toBe(true);
    expect((await stat(spooled.path)).mode & 0o777).toBe(0o600);
    expect((await stat(dir)).mode & 0o077).toBe(0);
    expect(spool.usedBytes()).toBe(bytes.length);
    await spooled.discard();
    await spooled.discard();
    await expectEmpty(spool);
  });

  it('gives a finished file a second name in place of a copy, and looks at every byte all the same', async () => {
    const others = await mkdtemp(join(tmpdir(), 'gatehouse-other-'));
    const bytes = pattern(150_000);
    const [path, source] = [join(others, 'finished'), (): Readable => Readable.from([bytes])];
    await writeFile(path, bytes);
    const spool = await make();
    const spooled = await spool.receive(source(), request({ finished: { path } }));
    expect([spooled.digests.sha256, spooled.sizeBytes, spool.usedBytes()]).toEqual([digest('sha256', bytes), bytes.length, bytes.length]);
    expect((await stat(spooled.path)).ino).toBe((await stat(path)).ino);
    await spooled.discard();
    await expectEmpty(spool);
    expect((await readFile(path)).equals(bytes)).toBe(true);
    await expect(spool.receive(source(), request({ finished: { path }, announced: [{ sha256: '0'.repeat(64) }] }))).rejects.toMatchObject({
      code: 'digest_mismatch',
    });
    await expectEmpty(spool);
    // Where there can be no second name, the bytes are copied.
    const copied = await spool.receive(source(), request({ finished: { path: join(others, 'absent') } }));
    expect((await readFile(copied.path)).equals(bytes)).toBe(true);
    await copied.discard();
    await rm(others, { recursive: true });
  });

  it('writes large pieces, whatever the sender cuts them into', async () => {
    const writes: number[] = [];
    const openCounting = (async (...args: Parameters<typeof open>) => {
      const file = await open(...args);
      const write = file.write.bind(file);
      const count = async (piece: Uint8Array, offset: number): Promise<unknown> => {
        writes.push(piece.byteLength - offset);
        return write(piece, offset);
      };
      return Object.assign(file, { write: count });
    }) as typeof open;
    const spool = await make({ openFile: openCounting });
    const piece = 65_536;
    for (const sizes of [[1, piece - 1], [piece - 1, 2], [piece, 1], [piece + 1, 3, piece, 3 * piece - 4, 5], Array.from({ length: 100 }, () => 4_093)]) {
      writes.length = 0;
      const bytes = pattern(sizes.reduce((sum, size) => sum + size, 0));
      let at = 0;
      const chunks = sizes.map((size) => bytes.subarray(at, (at += size)));
      const spooled = await spool.receive(Readable.from(chunks), request());
      expect((await readFile(spooled.path)).equals(bytes)).toBe(true);
      expect(spooled.digests).toEqual({ md5: digest('md5', bytes), sha1: digest('sha1', bytes), sha256: digest('sha256', bytes) });
      expect(writes.length).toBe(Math.ceil(bytes.length / piece));
      expect(spool.usedBytes()).toBe(bytes.length);
      await spooled.discard();
    }
  });

  it('takes an empty content as what it is', async () => {
    const spooled = await (await make()).receive(Readable.from([]), request());
    expect(spooled.sizeBytes).toBe(0);
    expect(spooled.digests.sha256).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });

  it('completes short writes of a disk that takes few bytes at once', async () => {
    const openShort = (async (...args: Parameters<typeof open>) => {
      const file = await open(...args);
      const write = file.write.bind(file);
      // The form that writeAll uses: (bytes, offset).
      Object.assign(file, { write: (piece: Uint8Array, offset: number) => write(piece, offset, Math.min(100, piece.byteLength - offset)) });
      return file;
    }) as typeof open;
    const bytes = pattern(5_000);
    const spooled = await (await make({ openFile: openShort })).receive(Readable.from([bytes]), request());
    expect((await readFile(spooled.path)).equals(bytes)).toBe(true);
  });

  it.each([
    ['ENOSPC', 'storage_full'],
    ['EIO', 'storage_failed'],
  ])('on %s says %s and leaves nothing', async (code, expected) => {
    let written = 0;
    const openFull = (async (...args: Parameters<typeof open>) => {
      const file = await open(...args);
      const write = file.write.bind(file);
      const writeOrFail = (piece: Uint8Array, offset: number): unknown => {
        written += piece.byteLength;
        if (written > 100_000) throw Object.assign(new Error(code), { code });
        return write(piece, offset);
      };
      Object.assign(file, { write: writeOrFail });
      return file;
    }) as typeof open;
    const spool = await make({ openFile: openFull });
    await expect(spool.receive(Readable.from([pattern(300_000)]), request())).rejects.toMatchObject({ code: expected });
    await expectEmpty(spool);
  });

  it('on a failing fsync keeps nothing and claims nothing', async () => {
    const openBad = (async (...args: Parameters<typeof open>) => {
      const file = await open(...args);
      return Object.assign(file, { sync: () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) });
    }) as typeof open;
    const spool = await make({ openFile: openBad });
    await expect(spool.receive(Readable.from([pattern(10)]), request())).rejects.toMatchObject({ code: 'storage_failed' });
    await expectEmpty(spool);
  });

  it('refuses what is too large, announced or not', async () => {
    const spool = await make();
    const source = Readable.from([pattern(600_000), pattern(600_000), pattern(1), pattern(1)]);
    await expect(spool.receive(source, request())).rejects.toMatchObject({ code: 'too_large' });
    const untouched = Readable.from([pattern(1)]);
    await expect(spool.receive(untouched, request({ announced: [{ sizeBytes: 2 << 20 }] }))).rejects.toMatchObject({ code: 'too_large' });
    expect(untouched.readableDidRead).toBe(false);
    // A destroyed request would take its connection, and the answer, along.
    expect(source.destroyed).toBe(false);
    await expectEmpty(spool);
  });

  it.each([
    ['size', { sizeBytes: 11 }, 'length_mismatch'],
    ['digest', { sha256: 'a'.repeat(64) }, 'digest_mismatch'],
  ])('checks the announced %s', async (_name, announced, code) => {
    const spool = await make();
    await expect(spool.receive(Readable.from([pattern(10)]), request({ announced: [{}, announced] }))).rejects.toMatchObject({ code });
    await expectEmpty(spool);
    const bytes = pattern(10);
    await spool.receive(Readable.from([bytes]), request({ announced: [{ sizeBytes: 10, sha256: digest('sha256', bytes) }] }));
  });

  it('removes the part of a sender that goes away', async () => {
    const spool = await make();
    const source = new Readable({ read: () => undefined });
    const received = spool.receive(source, request());
    source.push(pattern(70_000));
    setTimeout(() => source.destroy(new Error('aborted')), 5);
    await expect(received).rejects.toMatchObject({ code: 'length_mismatch' });
    await expectEmpty(spool);
  });

  it('outlives a sender that goes away before it is read, and one that does after it was refused', async () => {
    const [early, late] = [new Readable({ read: () => undefined }), Readable.from([pattern(2_000_000)])];
    const openLate = (async (...args: Parameters<typeof open>) => {
      // A listener for this is what keeps the process alive: an event without one is an exception, here and there.
      expect(() => early.emit('error', new Error('reset'))).not.toThrow();
      early.destroy(new Error('reset'));
      await nextTurn();
      return open(...args);
    }) as typeof open;
    const spool = await make({ openFile: openLate });
    await expect(spool.receive(early, request())).rejects.toMatchObject({ code: 'length_mismatch' });
    const other = await make();
    for (const refuse of [() => other.receive(late, request()), () => other.measure(Readable.from([pattern(9)]), request({ maxBytes: 8 }))])
      await expect(refuse()).rejects.toMatchObject({ code: 'too_large' });
    expect(() => late.emit('error', new Error('reset'))).not.toThrow();
    await expectEmpty(spool);
  });

  it('lets go of a sender that stalls when it is told to', async () => {
    const spool = await make();
    const abort = new AbortController();
    const received = spool.receive(new Readable({ read: () => undefined }), request({ signal: abort.signal }));
    setTimeout(() => abort.abort(), 5);
    await expect(received).rejects.toMatchObject({ code: 'length_mismatch' });
    await expectEmpty(spool);
  });

  it('holds the sum of all below the limit and counts what waits elsewhere', async () => {
    let elsewhere = 0;
    const spool = await make({ maxBytes: 100_000, otherBytes: () => elsewhere });
    const first = await spool.receive(Readable.from([pattern(60_000)]), request());
    await expect(spool.receive(Readable.from([pattern(60_000)]), request())).rejects.toMatchObject({
      code: 'queue_full',
      extras: { retryAfterS: expect.any(Number) },
    });
    expect(spool.usedBytes()).toBe(60_000);
    await first.discard();
    elsewhere = 90_000;
    await expect(spool.receive(Readable.from([pattern(20_000)]), request())).rejects.toMatchObject({ code: 'queue_full' });
    elsewhere = 0;
    await (await spool.receive(Readable.from([pattern(60_000)]), request())).discard();
    await expectEmpty(spool);
  });

  it('holds the sender back while the disk is slow', async () => {
    const openSlow = (async (...args: Parameters<typeof open>) => {
      const file = await open(...args);
      const write = file.write.bind(file);
      Object.assign(file, {
        write: async (piece: Uint8Array, offset: number) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          return write(piece, offset);
        },
      });
      return file;
    }) as typeof open;
    let produced = 0;
    let ahead = 0;
    const spool = await make({ openFile: openSlow });
    const source = new Readable({
      highWaterMark: 65_536,
      read() {
        produced += 1;
        ahead = Math.max(ahead, produced * 65_536 - spool.usedBytes());
        this.push(produced > 40 ? null : Buffer.alloc(65_536));
      },
    });
    await spool.receive(source, request({ maxBytes: 1 << 23 }));
    expect(ahead).toBeLessThanOrEqual(4 * 65_536);
  });
});

describe('measure', () => {
  it('gives the same digests and keeps nothing', async () => {
    const spool = await make();
    const bytes = pattern(100_000);
    expect(await spool.measure(Readable.from([bytes]), request())).toEqual({
      sizeBytes: bytes.length,
      digests: { md5: digest('md5', bytes), sha1: digest('sha1', bytes), sha256: digest('sha256', bytes) },
    });
    await expectEmpty(spool);
  });
});

describe('sweep', () => {
  it('removes what a killed process left', async () => {
    const spool = await make();
    await writeFile(join(dir, 'leftover'), 'x');
    expect(await spool.sweep()).toBe(1);
    await expectEmpty(spool);
  });
});
