/** Drawings of real files by the real decoder program, and what is said when there is none. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generatePicture } from '../../test/support/pictures.ts';
import { systemClock } from '../platform/clock.ts';
import { loadConfig } from '../platform/config.ts';
import { PACKAGE_DIR } from '../platform/entry.ts';
import { DecoderPool, type DecoderPoolOptions } from './decoder-pool.ts';
import { createPreviews } from './previews.ts';
import { openDecoderPool } from './service.ts';

const FAKE = resolve(PACKAGE_DIR, 'test/fixtures/decoders/fake-decoder.mjs');
const pool = openDecoderPool(loadConfig({ env: {}, overrides: { decodeProcesses: 1, decodeMaxPixels: 2_000_000, decodeMaxFrames: 5 } }).config, systemClock);
const pools: DecoderPool[] = [];
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-previews-'));
});
afterEach(() => Promise.all(pools.splice(0).map((each) => each.stop())));
afterAll(async () => {
  await pool.stop();
  await rm(dir, { recursive: true, force: true });
});

function fakePool(options: Partial<DecoderPoolOptions> = {}): DecoderPool {
  const fake = new DecoderPool({
    program: FAKE,
    processes: 1,
    timeoutMs: 20_000,
    memoryMib: 512,
    queueLimit: 50,
    limits: { maxPixels: 1e6, maxFrames: 10 },
    clock: systemClock,
    ...options,
  });
  pools.push(fake);
  return fake;
}

let files = 0;
async function save(content: Uint8Array): Promise<string> {
  const path = join(dir, `held-${(files += 1)}`);
  await writeFile(path, content);
  return path;
}

interface Drawn {
  readonly bytes: Buffer;
  readonly pixels: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

async function draw(content: Uint8Array, isBlurred = false): Promise<Drawn> {
  const { bytes, mediaType } = await createPreviews(pool).renderPreview({ path: await save(content), isBlurred });
  expect(mediaType).toBe('image/jpeg');
  const metadata = await sharp(bytes).metadata();
  expect([metadata.format, metadata.exif, metadata.icc, metadata.xmp, metadata.iptc, metadata.comments]).toEqual([
    'jpeg',
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const { data, info } = await (metadata.channels === 1 ? sharp(bytes).toColourspace('b-w') : sharp(bytes)).raw().toBuffer({ resolveWithObject: true });
  return { bytes: Buffer.from(bytes), pixels: data, info };
}

const picture = generatePicture({ seed: 5, width: 1000, height: 600 });
const image = (): Sharp => sharp(Buffer.from(picture.data), { raw: { width: picture.width, height: picture.height, channels: 3 } });
const sheet = (width: number, height: number, background: string): Sharp => sharp({ create: { width, height, channels: 3, background } });
const mean = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean step between neighbours in a row: how much detail there is. */
function detailOf({ pixels, info }: Drawn): number {
  let sum = 0;
  for (let at = info.channels; at < pixels.length; at++) sum += Math.abs((pixels[at] ?? 0) - (pixels[at - info.channels] ?? 0));
  return sum / pixels.length;
}

describe('a drawing', () => {
  test('is at most 800 pixels long when clear, 320 when blurred, and never larger than the picture', async () => {
    const jpeg = await image().jpeg().toBuffer();
    expect((await draw(jpeg)).info).toMatchObject({ width: 800, height: 480, channels: 3 });
    expect((await draw(jpeg, true)).info).toMatchObject({ width: 320, height: 192, channels: 1 });
    const small = await image().resize(90, 40).png().toBuffer();
    expect((await draw(small)).info).toMatchObject({ width: 90, height: 40 });
    expect((await draw(small, true)).info).toMatchObject({ width: 90, height: 40 });
    expect((await draw(await sheet(3000, 1, 'red').png().toBuffer(), true)).info).toMatchObject({ width: 320, height: 1 });
    expect((await draw(await sheet(1, 1, 'red').png().toBuffer(), true)).info).toMatchObject({ width: 1, height: 1, channels: 1 });
  });

  test('blurred has no detail and no colour, whatever the size; clear has both', async () => {
    for (const side of [1000, 320, 100]) {
      const file = await image().resize(side).png().toBuffer();
      const [clear, blurred] = [await draw(file), await draw(file, true)];
      const reduced = await sharp(file)
        .resize(blurred.info.width, blurred.info.height)
        .greyscale()
        .toColourspace('b-w')
        .raw()
        .toBuffer({ resolveWithObject: true });
      const unblurred = detailOf({ bytes: file, pixels: reduced.data, info: reduced.info });
      expect(clear.info.channels).toBe(3);
      expect(detailOf(blurred)).toBeLessThan(unblurred / 2);
      // It is still that picture: as light as it was.
      expect(Math.abs(mean(blurred.pixels) - mean(reduced.data))).toBeLessThan(4);
    }
  });

  test('holds nothing of the file but pixels: no EXIF, profile, XMP, comment, and no byte run of the original', async () => {
    const file = await image()
      .withExif({ IFD0: { Copyright: 'secret-of-the-file' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' } })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"><secret-of-the-file/></x:xmpmeta>')
      .withIccProfile('p3')
      .jpeg({ quality: 80 })
      .toBuffer();
    expect(file.includes('secret-of-the-file')).toBe(true);
    for (const isBlurred of [false, true]) expect((await draw(file, isBlurred)).bytes.includes('secret')).toBe(false);
    // A picture that needs no change of size is encoded anew, too.
    const small = await image().resize(200).jpeg({ quality: 80 }).toBuffer();
    const drawn = await draw(Buffer.concat([small, Buffer.from('appended-secret')]));
    expect([drawn.bytes.equals(small), drawn.bytes.includes('appended')]).toEqual([false, false]);
  });

  test('lies on white where the picture is transparent', async () => {
    const file = await sheet(40, 40, 'black').ensureAlpha(0).png().toBuffer();
    for (const isBlurred of [false, true]) expect(Math.min(...(await draw(file, isBlurred)).pixels)).toBeGreaterThan(250);
  });

  test('is turned as EXIF says', async () => {
    const file = await sheet(300, 100, 'white')
      .composite([{ input: await sheet(100, 100, 'black').png().toBuffer(), left: 0, top: 0 }])
      .jpeg()
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const { info, pixels } = await draw(file);
    expect(info).toMatchObject({ width: 100, height: 300 });
    // What was on the left is on top.
    expect([mean(pixels.subarray(0, 20_000)), mean(pixels.subarray(-20_000))].map(Math.round)).toEqual([0, 255]);
  });

  test.each<[string, (from: Sharp) => Sharp]>([
    ['palette PNG', (from) => from.png({ palette: true })],
    ['16-bit grey PNG', (from) => from.toColourspace('grey16').png()],
    ['16-bit colour PNG', (from) => from.toColourspace('rgb16').png()],
    ['CMYK JPEG', (from) => from.toColourspace('cmyk').jpeg()],
    ['WebP', (from) => from.webp()],
    ['GIF', (from) => from.gif()],
    ['AVIF', (from) => from.avif({ effort: 0 })],
    ['TIFF', (from) => from.tiff()],
  ])('of a %s shows it', async (_name, encode) => {
    const wanted = mean(await image().resize(200).greyscale().raw().toBuffer());
    const file = await encode(image().resize(200)).toBuffer();
    for (const isBlurred of [false, true]) expect(Math.abs(mean((await draw(file, isBlurred)).pixels) - wanted)).toBeLessThan(12);
  });

  test('of an animation shows the first frame, of a truncated file as much as there is', async () => {
    const frames = Buffer.concat([Buffer.alloc(30 * 20 * 3, 255), Buffer.alloc(30 * 20 * 3, 0)]);
    const animation = await sharp(frames, { raw: { width: 30, height: 40, channels: 3, pageHeight: 20 } })
      .gif({ loop: 0 })
      .toBuffer();
    const first = await draw(animation);
    expect([first.info.height, Math.round(mean(first.pixels))]).toEqual([20, 255]);
    const whole = await image().jpeg().toBuffer();
    expect((await draw(whole.subarray(0, whole.length / 2))).info).toMatchObject({ width: 800, height: 480 });
  });

  test('of noise is far below what the channel takes', async () => {
    const noise = Buffer.from(Uint8Array.from({ length: 800 * 800 * 3 }, (_, at) => Math.imul(at ^ (at >>> 7), 2_654_435_761) >>> 24));
    const { bytes } = await draw(
      await sharp(noise, { raw: { width: 800, height: 800, channels: 3 } })
        .png()
        .toBuffer(),
    );
    expect(bytes.length).toBeLessThan(1024 * 1024);
  });
});

describe('no drawing', () => {
  const refusal = async (content: Uint8Array): Promise<string> =>
    draw(content).then(
      () => 'drawn',
      (error: unknown) => `${String(Reflect.get(Object(error), 'code'))}: ${String(error)}`,
    );

  test('of what is not decoded, with the reason', async () => {
    expect(await refusal(Buffer.from('%PDF-1.7'))).toMatch(/^conflict: .*type application\/pdf cannot be drawn/);
    expect(await refusal(Buffer.alloc(0))).toMatch(/^conflict: /);
    expect(await refusal(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'))).toMatch(/^conflict: .*svg/);
    expect(await refusal(Buffer.concat([(await image().jpeg().toBuffer()).subarray(0, 30), Buffer.alloc(500, 7)]))).toMatch(/^conflict: .*cannot be drawn/);
    expect(await refusal(await sheet(2000, 1001, 'olive').png().toBuffer())).toMatch(/^conflict: .*more pixels/);
    const frames = await sharp(Buffer.from(Uint8Array.from({ length: 6 * 6 * 18 }, (_, at) => Math.floor(at / 108) * 40)), {
      raw: { width: 6, height: 36, channels: 3, pageHeight: 6 },
    })
      .gif({ loop: 0 })
      .toBuffer();
    expect(await refusal(frames)).toMatch(/^conflict: .*more frames/);
  });

  test('of a file that is gone: a fault of the storage', async () => {
    await expect(createPreviews(pool).renderPreview({ path: join(dir, 'absent'), isBlurred: true })).rejects.toMatchObject({ code: 'storage_failed' });
    // It went between the look at it and the decoder.
    expect(await pool.draw({ path: join(dir, 'absent'), key: 'previews', isBlurred: true })).toMatchObject({ kind: 'refused', reason: 'unreadable' });
  });

  test('when decoding takes too long, the client has gone, the service stops, or no decoder starts', async () => {
    // The fake program does what the name of the file says.
    const path = join(dir, 'hang');
    await writeFile(path, await image().png().toBuffer());
    const code = (from: DecoderPool, signal?: AbortSignal): Promise<unknown> =>
      createPreviews(from)
        .renderPreview({ path, isBlurred: true, ...(signal === undefined ? {} : { signal }) })
        .then(
          () => 'drawn',
          (error: unknown) => `${String(Reflect.get(Object(error), 'code'))} ${String(error)}`,
        );
    expect(await code(fakePool({ timeoutMs: 100 }))).toMatch(/^conflict .*took too long/);
    expect(await code(pool, AbortSignal.abort())).toMatch(/^stopping /);
    expect(await code(fakePool({ program: FAKE.replace('fake-', 'broken-') }))).toMatch(/^internal .*gatehouse doctor/);
    const stopped = fakePool();
    await stopped.stop();
    expect(await code(stopped)).toMatch(/^stopping /);
  });
});

describe('the queue', () => {
  test('a crowd of drawings delays an upload by one, and is refused before it fills the queue', async () => {
    const fake = fakePool();
    const previews = createPreviews(fake);
    const order: string[] = [];
    const path = await save(await sheet(8, 8, 'red').png().toBuffer());
    const held = fake.decode({ path: '/slow/300', key: 'first' });
    // The fake refuses each; what counts is whose turn it is.
    const looks = Array.from({ length: 20 }, (_, i) =>
      previews.renderPreview({ path, isBlurred: true }).catch((error: unknown) => void order.push(`${i} ${String(Reflect.get(Object(error), 'code'))}`)),
    );
    await held;
    await fake.decode({ path: '/good', key: 'upload' }).then(() => order.push('upload'));
    await Promise.all(looks);
    expect(order.filter((entry) => entry.endsWith('queue_full'))).toHaveLength(4);
    const answered = order.filter((entry) => !entry.endsWith('queue_full'));
    expect(answered).toHaveLength(17);
    expect(answered.indexOf('upload')).toBeLessThanOrEqual(2);
    // Places are free again.
    await expect(previews.renderPreview({ path, isBlurred: true })).rejects.toMatchObject({ code: 'conflict' });
  });
});
