import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectUncaught } from '../../test/support/faults.ts';
import { openFileBlobs, type BlobStore } from './blobs.ts';
import { writeAll } from './files.ts';

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('file blobs', () => {
  let dir: string;
  let blobs: BlobStore;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-blobs-'));
    blobs = await openFileBlobs(dir);
  });

  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('gives back what was put, under its SHA-256, whatever the chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), fc.integer({ min: 1, max: 700 }), async (bytes, size) => {
        const stored = await blobs.put(chunksOf(bytes, size));
        expect(stored).toEqual({ sha256: digest(bytes), sizeBytes: bytes.byteLength });
        expect(await blobs.has(stored.sha256)).toBe(true);
        expect(Buffer.compare(await readAll(blobs.read(stored.sha256)), bytes)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it('a file that is gone is told to whoever reads, also long after, and to nobody else', async () => {
    let thrown: unknown;
    const uncaught = await collectUncaught(async () => {
      const stream = blobs.read(digest(Buffer.from('gone')));
      await expect.poll(() => stream.destroyed).toBe(true);
      thrown = await readAll(stream).catch((error: unknown) => error);
    });
    expect([thrown, uncaught]).toEqual([expect.objectContaining({ code: 'ENOENT' }), []]);
  });

  it('writes files that only the owner may read, and keeps one copy of equal content', async () => {
    const bytes = Buffer.from('the same content');
    const { sha256 } = await blobs.put(chunksOf(bytes, 4));
    await blobs.put(chunksOf(bytes, 7));
    expect((await stat(blobs.pathOf(sha256))).mode & 0o777).toBe(0o600);
    expect((await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toHaveLength(1);
  });

  it('leaves nothing behind when the source breaks off', async () => {
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half of it');
      throw new Error('the connection ended');
    };
    await expect(blobs.put(broken())).rejects.toThrow('the connection ended');
    expect((await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())).toEqual([]);
  });

  it('adopts a finished file, removes it, and sweeps what an interrupted put left', async () => {
    const bytes = Buffer.from('spooled');
    const path = join(dir, 'tmp', 'spool');
    await writeFile(path, bytes);
    await blobs.adopt(path, digest(bytes));
    expect(await readFile(blobs.pathOf(digest(bytes)))).toEqual(bytes);
    await blobs.remove(digest(bytes));
    await blobs.remove(digest(bytes));
    expect(await blobs.has(digest(bytes))).toBe(false);
    await writeFile(join(dir, 'tmp', 'left-over'), 'x');
    await blobs.sweep();
    expect(await readdir(join(dir, 'tmp'))).toEqual([]);
  });

  it('refuses names that are not a digest, so that no path can be made of one', () => {
    for (const name of ['', '../../etc/passwd', 'A'.repeat(64), `${'0'.repeat(63)}/`]) expect(() => blobs.pathOf(name)).toThrow(TypeError);
  });

  it('says ENOENT for what is not there', async () => {
    await expect(readAll(blobs.read('0'.repeat(64)))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('writeAll', () => {
  it('goes on after short writes until everything is written', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gatehouse-write-'));
    await mkdir(dir, { recursive: true });
    const file = await open(join(dir, 'file'), 'wx');
    const write = file.write.bind(file);
    // A disk that is nearly full takes what it can: three bytes at a time.
    const stingy = Object.assign(Object.create(file) as typeof file, {
      write: (chunk: Uint8Array, offset = 0) => write(chunk, offset, Math.min(3, chunk.byteLength - offset)),
    });
    await writeAll(stingy, Buffer.from('everything arrives'));
    await file.close();
    expect(await readFile(join(dir, 'file'), 'utf8')).toBe('everything arrives');
    await rm(dir, { recursive: true, force: true });
  });
});
