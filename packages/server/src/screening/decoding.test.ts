/** Real files through the real decoder program. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { hammingDistance, ORIENTATIONS, pdq, toNearest512 } from '@gatehouse/pdq';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generatePicture, type GeneratedPicture } from '../../test/support/pictures.ts';
import type { PictureHashes } from '../lists/index.ts';
import { systemClock } from '../platform/clock.ts';
import { resolveEntry } from '../platform/entry.ts';
import { readContent } from './content.ts';
import { DecoderPool } from './decoder-pool.ts';
import type { Reading } from './rules.ts';

/** PDQ's matching radius: what is above it would be missed. */
const RADIUS = 31;
const MAX_PIXELS = 2_000_000;
const MAX_FRAMES = 100;

const pool = new DecoderPool({
  program: resolveEntry('screening/decoder-process'),
  processes: 1,
  timeoutMs: 20_000,
  memoryMib: 1024,
  queueLimit: 100,
  limits: { maxPixels: MAX_PIXELS, maxFrames: MAX_FRAMES },
  clock: systemClock,
});
const picture = generatePicture({ seed: 7, width: 400, height: 300 });
const truth = pdq(picture).hash;
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-decoding-'));
});
afterAll(async () => {
  await pool.stop();
  await rm(dir, { recursive: true, force: true });
});

const open = ({ data, width, height, channels }: GeneratedPicture = picture): Sharp =>
  sharp(Buffer.from(data.buffer, data.byteOffset, data.byteLength), { raw: { width, height, channels } });

async function read(content: Uint8Array): Promise<Reading> {
  const path = join(dir, 'upload');
  await writeFile(path, content);
  return (await readContent(pool, { path, sizeBytes: content.length, key: 'test' })).reading;
}

async function hash(
  content: Uint8Array,
): Promise<{ readonly pictures: readonly PictureHashes[]; readonly first: PictureHashes; readonly media: Extract<Reading, { kind: 'hashed' }>['media'] }> {
  const reading = await read(content);
  if (reading.kind !== 'hashed') throw new Error(`it was not hashed: ${JSON.stringify(reading)}`);
  const [first] = reading.pictures;
  if (first === undefined) throw new Error('it has no hash');
  return { pictures: reading.pictures, first, media: reading.media };
}

const distanceTo = (hashes: readonly (string | undefined)[], wanted = truth): number =>
  Math.min(...hashes.map((value) => hammingDistance(value ?? '', wanted)));

describe('every format', () => {
  test.each<[string, string, (image: Sharp) => Sharp, number]>([
    ['JPEG', 'image/jpeg', (image) => image.jpeg({ quality: 95 }), 4],
    ['progressive JPEG', 'image/jpeg', (image) => image.jpeg({ quality: 95, progressive: true }), 4],
    ['CMYK JPEG', 'image/jpeg', (image) => image.toColourspace('cmyk').jpeg({ quality: 95 }), RADIUS],
    ['JPEG with the Display P3 profile', 'image/jpeg', (image) => image.withIccProfile('p3').jpeg({ quality: 95 }), 8],
    ['PNG', 'image/png', (image) => image.png(), 0],
    ['interlaced PNG', 'image/png', (image) => image.png({ progressive: true }), 0],
    ['palette PNG', 'image/png', (image) => image.png({ palette: true, colours: 64 }), 10],
    ['16-bit colour PNG', 'image/png', (image) => image.toColourspace('rgb16').png(), 2],
    ['8-bit grey PNG', 'image/png', (image) => image.toColourspace('b-w').png(), 8],
    ['16-bit grey PNG', 'image/png', (image) => image.toColourspace('grey16').png(), 8],
    ['grey JPEG', 'image/jpeg', (image) => image.toColourspace('b-w').jpeg({ quality: 95 }), 8],
    ['WebP', 'image/webp', (image) => image.webp({ quality: 90 }), 6],
    ['lossless WebP', 'image/webp', (image) => image.webp({ lossless: true }), 0],
    ['GIF', 'image/gif', (image) => image.gif(), 10],
    ['AVIF', 'image/avif', (image) => image.avif({ quality: 70, effort: 1 }), 8],
    ['TIFF', 'image/tiff', (image) => image.tiff({ compression: 'lzw' }), 0],
  ])('%s', async (_name, type, encode, within) => {
    const { pictures, first, media } = await hash(await encode(open()).toBuffer());
    expect(media).toEqual({ type, width: 400, height: 300, frames: 1, isPartial: false });
    expect(pictures.map(({ rendering, form }) => `${rendering} ${form}`)).toEqual(['opaque full']);
    expect(first.quality).toBeGreaterThan(50);
    expect(distanceTo([first.hashes[0]])).toBeLessThanOrEqual(within);
  });

  test('hashes are exactly those of the pdq library on the decoded pixels', async () => {
    const jpeg = await open().jpeg().toBuffer();
    const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    const { first } = await hash(jpeg);
    expect({ hash: first.hashes[0], quality: first.quality }).toEqual(pdq({ data, width: info.width, height: info.height, channels: 3 }));
  });

  test('16-bit grey is scaled, not clamped: clamping would give another picture', async () => {
    const samples = Uint16Array.from(
      picture.data.filter((_, at) => at % 3 === 1),
      (value) => value * 257,
    );
    const png = await sharp(samples, { raw: { width: 400, height: 300, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    expect(distanceTo([(await hash(png)).first.hashes[0]])).toBeLessThanOrEqual(12);
  });

  test('a picture above 512 pixels is hashed in both forms, a smaller one in one', async () => {
    const large = generatePicture({ seed: 8, width: 900, height: 600 });
    const { pictures } = await hash(await open(large).png().toBuffer());
    expect(pictures.map(({ form }) => form)).toEqual(['full', 'nearest512']);
    expect(pictures[0]?.hashes[0]).toBe(pdq(large).hash);
    expect(pictures[1]?.hashes[0]).toBe(pdq(toNearest512(large) ?? large).hash);
  });
});

describe('orientation', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF %i is not applied, and what viewers show is among the eight', async (orientation) => {
    const tagged = await open().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const shown = await sharp(tagged).autoOrient().raw().toBuffer({ resolveWithObject: true });
    const { first, media } = await hash(tagged);
    expect(media).toMatchObject({ width: 400, height: 300 });
    expect(distanceTo([first.hashes[0]])).toBeLessThanOrEqual(4);
    expect(distanceTo(first.hashes, pdq({ data: shown.data, width: shown.info.width, height: shown.info.height, channels: 3 }).hash)).toBeLessThanOrEqual(4);
    expect(first.hashes).toHaveLength(ORIENTATIONS.length);
  });
});

describe('transparency', () => {
  const greyOf = (): Buffer => Buffer.from(picture.data.filter((_, at) => at % 3 === 1));
  const raw = { width: 400, height: 300, channels: 1 } as const;

  test('an alpha channel that hides nothing is ignored', async () => {
    const { pictures } = await hash(await open().ensureAlpha(1).png().toBuffer());
    expect(pictures.map(({ rendering }) => rendering)).toEqual(['opaque']);
    expect(pictures[0]?.hashes[0]).toBe(truth);
  });

  test('a picture under a half transparent alpha has three renderings, and the one without alpha is the picture', async () => {
    const { pictures } = await hash(await open().ensureAlpha(0.5).png().toBuffer());
    expect(pictures.map(({ rendering }) => rendering)).toEqual(['white', 'black', 'dropped']);
    expect(pictures[2]?.hashes[0]).toBe(truth);
  });

  test.each([
    ['black', 'white'],
    ['white', 'black'],
  ] as const)('a picture that only the alpha channel of a %s sheet holds is seen on %s', async (sheet, ground) => {
    // Where the sheet shows more, the picture is darker (on white) or lighter (on black).
    const alpha = ground === 'white' ? greyOf().map((value) => 255 - value) : greyOf();
    const png = await sharp({ create: { width: 400, height: 300, channels: 3, background: sheet } })
      .joinChannel(Buffer.from(alpha), { raw })
      .png()
      .toBuffer();
    const { pictures } = await hash(png);
    const found = pictures.find(({ rendering }) => rendering === ground);
    expect(distanceTo([found?.hashes[0]])).toBeLessThanOrEqual(12);
    expect(pictures.find(({ rendering }) => rendering === 'dropped')?.quality).toBe(0);
  });

  test('grey with alpha is not mistaken for grey', async () => {
    const png = await sharp(greyOf(), { raw }).toColourspace('b-w').ensureAlpha(0.4).png().toBuffer();
    expect((await sharp(png).metadata()).channels).toBe(2);
    const { pictures } = await hash(png);
    expect(pictures.map(({ rendering }) => rendering)).toEqual(['white', 'black', 'dropped']);
    expect(distanceTo([pictures[2]?.hashes[0]])).toBeLessThanOrEqual(12);
  });

  test('transparent pictures above 512 pixels have six hash sets', async () => {
    const { pictures } = await hash(
      await open(generatePicture({ seed: 3, width: 600, height: 90 }))
        .ensureAlpha(0.5)
        .png()
        .toBuffer(),
    );
    expect(pictures.map(({ rendering, form }) => `${rendering} ${form}`)).toEqual([
      'white full',
      'black full',
      'dropped full',
      'white nearest512',
      'black nearest512',
      'dropped nearest512',
    ]);
  });
});

describe('animations and pages', () => {
  /** The first frame is the picture, or flat when `first` is not given; the others are flat and all different, or encoders would join them. */
  const frames = async (
    format: 'gif' | 'webp',
    count: number,
    { data, width, height }: Pick<GeneratedPicture, 'data' | 'width' | 'height'> = { data: new Uint8Array(6 * 6 * 3).fill(255), width: 6, height: 6 },
  ): Promise<Buffer> => {
    const pages = Array.from({ length: count }, (_, index) =>
      index === 0 ? data : data.map((_value, at) => (at % 3 === 0 ? (index * 7) % 256 : Math.floor(index / 16) * 16)),
    );
    const file = await sharp(Buffer.concat(pages), { raw: { width, height: height * count, channels: 3, pageHeight: height } })
      .toFormat(format, { loop: 0, ...(format === 'gif' ? { effort: 1, interFrameMaxError: 0, interPaletteMaxError: 0, keepDuplicateFrames: true } : {}) })
      .toBuffer();
    expect((await sharp(file).metadata()).pages).toBe(count);
    return file;
  };

  test.each(['gif', 'webp'] as const)('an animated %s is hashed by its first frame, and its frames are counted', async (format) => {
    const { first, media } = await hash(await frames(format, 5, picture));
    expect(media).toEqual({ type: `image/${format}`, width: 400, height: 300, frames: 5, isPartial: false });
    expect(distanceTo([first.hashes[0]])).toBeLessThanOrEqual(12);
  });

  test('more pixels over all frames than allowed are refused, although each frame is small', async () => {
    const flat = { data: new Uint8Array(400 * 300 * 3).fill(255), width: 400, height: 300 };
    expect(18 * 400 * 300).toBeGreaterThan(MAX_PIXELS);
    expect(await read(await frames('gif', 18, flat))).toMatchObject({ kind: 'unscannable', reason: 'too_many_pixels' });
    expect(await read(await frames('gif', 16, flat))).toMatchObject({ kind: 'hashed' });
  });

  test('too many frames are refused', async () => {
    expect(await read(await frames('gif', MAX_FRAMES + 1))).toMatchObject({ kind: 'unscannable', reason: 'too_many_frames' });
    expect(await read(await frames('gif', MAX_FRAMES))).toMatchObject({ kind: 'hashed' });
  });
});

/** A PNG of one bit a pixel, all black. */
function makeBlackPng(side: number): Buffer {
  const chunk = (name: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  const pixels = deflateSync(Buffer.alloc((side / 8 + 1) * side), { level: 9 });
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** A grey TIFF of float samples from 0 to 1 (TIFF 6.0, section 2; SampleFormat 3). */
function makeFloatTiff(width: number, height: number): Buffer {
  const tags = [
    [256, width],
    [257, height],
    [258, 32],
    [259, 1],
    [262, 1],
    [273, 8],
    [277, 1],
    [278, height],
    [279, width * height * 4],
    [339, 3],
  ] as const;
  const samples = Float32Array.from({ length: width * height }, (_, at) => (at % width) / width);
  const head = Buffer.from([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(8 + samples.byteLength, 4);
  const directory = Buffer.alloc(2 + tags.length * 12 + 4);
  directory.writeUInt16LE(tags.length, 0);
  for (const [index, [tag, value]] of tags.entries()) {
    const at = 2 + index * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(4, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  return Buffer.concat([head, Buffer.from(samples.buffer), directory]);
}

describe('what cannot be scanned', () => {
  test('an empty file', async () => {
    expect(await read(Buffer.alloc(0))).toEqual({ kind: 'unscannable', reason: 'empty' });
  });

  test.each([
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="9" height="9"/></svg>'],
    ['image/bmp', `BM${'\0'.repeat(60)}`],
    ['video/mp4', '\0\0\0\x18ftypisom\0\0\0\0isommp42'],
    ['application/pdf', '%PDF-1.7'],
    ['text/plain', 'hello'],
  ])('%s is named and not decoded', async (type, content) => {
    expect(await read(Buffer.from(content, 'latin1'))).toEqual({ kind: 'unscannable', reason: 'unsupported_type', media: { type } });
  });

  test('SVG is refused by the decoder itself, too', async () => {
    const path = join(dir, 'picture.svg');
    await writeFile(path, '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="9" height="9"/></svg>');
    expect(await pool.decode({ path, key: 'test' })).toMatchObject({ kind: 'refused', reason: 'undecodable' });
  });

  test.each(['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/tiff', 'image/avif'])('noise that begins like %s', async (type) => {
    const format = type.slice(6) as 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff' | 'avif';
    const head = (await open().toFormat(format).toBuffer()).subarray(0, 16);
    const noise = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 2_654_435_761) >>> 24));
    expect(await read(Buffer.concat([head, noise]))).toMatchObject({ kind: 'unscannable', media: { type } });
  });

  test.each<[string, (image: Sharp) => Sharp]>([
    ['JPEG', (image) => image.jpeg()],
    ['progressive JPEG', (image) => image.jpeg({ progressive: true })],
    ['PNG', (image) => image.png()],
    ['GIF', (image) => image.gif()],
  ])('a truncated %s is hashed as far as it goes, and marked', async (_name, encode) => {
    const whole = await encode(open()).toBuffer();
    const { media, pictures } = await hash(whole.subarray(0, Math.floor(whole.length * 0.6)));
    expect(media).toMatchObject({ isPartial: true, width: 400, height: 300 });
    expect(pictures.length).toBeGreaterThan(0);
  });

  test.each<[string, (image: Sharp) => Sharp]>([
    ['WebP', (image) => image.webp()],
    ['AVIF', (image) => image.avif({ effort: 0 })],
    ['TIFF', (image) => image.tiff()],
  ])('a truncated %s gives nothing', async (_name, encode) => {
    const whole = await encode(open()).toBuffer();
    const reading = await read(whole.subarray(0, Math.floor(whole.length * 0.6)));
    expect(reading).toMatchObject({ kind: 'unscannable' });
    expect(['truncated', 'undecodable']).toContain(reading.kind === 'unscannable' ? reading.reason : '');
  });

  test('a picture above 100 MB when decoded stays in memory: libvips would put it into a file, which the process may not write', async () => {
    const large = new DecoderPool({
      program: resolveEntry('screening/decoder-process'),
      processes: 1,
      timeoutMs: 60_000,
      memoryMib: 1536,
      queueLimit: 1,
      limits: { maxPixels: 50_000_000, maxFrames: 1 },
      clock: systemClock,
    });
    const path = join(dir, 'large.webp');
    await sharp({ create: { width: 6000, height: 6000, channels: 3, background: 'olive' } })
      .webp({ effort: 0 })
      .toFile(path);
    expect(await large.decode({ path, key: 'test' })).toMatchObject({ kind: 'hashed', hashed: { width: 6000, isPartial: false } });
    await large.stop();
  });

  test('a few bytes that unpack to 400 megapixels are refused before they are unpacked', async () => {
    const bomb = makeBlackPng(20_000);
    expect(bomb.length).toBeLessThan(100_000);
    expect(await read(bomb)).toEqual({ kind: 'unscannable', reason: 'too_many_pixels', media: { type: 'image/png' } });
    expect(await read(makeBlackPng(1000))).toMatchObject({ kind: 'hashed', media: { width: 1000, isPartial: false } });
  });

  test('depths without an agreed way to 8 bits: a float TIFF', async () => {
    const tiff = makeFloatTiff(40, 30);
    expect((await sharp(tiff).metadata()).depth).toBe('float');
    expect(await read(tiff)).toEqual({ kind: 'unscannable', reason: 'unsupported_type', media: { type: 'image/tiff' } });
  });

  test('a file that is gone is a fault of the storage, not of the content', async () => {
    expect((await readContent(pool, { path: join(dir, 'absent'), sizeBytes: 5, key: 'test' })).reading).toEqual({ kind: 'failed', reason: 'storage' });
    expect(await pool.decode({ path: join(dir, 'absent'), key: 'test' })).toMatchObject({ kind: 'refused', reason: 'unreadable' });
  });

  test('the smallest pictures have no reliable hash', async () => {
    const { first } = await hash(
      await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    expect(first).toMatchObject({ quality: 0 });
  });
});
