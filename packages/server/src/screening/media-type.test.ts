import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inspectFile } from './media-file.ts';
import { detectMediaType, HEAD_BYTES, isDecodable } from './media-type.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const ftyp = (major: string, ...compatible: string[]): Uint8Array => {
  const length = String.fromCharCode(0, 0, 0, 16 + compatible.length * 4);
  return bytes(`${length}ftyp${major}\0\0\0\0${compatible.join('')}\0\0\0\bmdat`);
};

const SAMPLES: readonly (readonly [string, Uint8Array])[] = [
  ['image/jpeg', bytes('\xFF\xD8\xFF\xE0\0\x10JFIF')],
  ['image/png', bytes('\x89PNG\r\n\x1A\n\0\0\0\rIHDR')],
  ['image/gif', bytes('GIF87a')],
  ['image/gif', bytes('GIF89a')],
  ['image/webp', bytes('RIFF\x24\0\0\0WEBPVP8 ')],
  ['video/x-msvideo', bytes('RIFF\x24\0\0\0AVI LIST')],
  ['audio/wav', bytes('RIFF\x24\0\0\0WAVEfmt ')],
  ['image/tiff', bytes('II*\0\b\0\0\0')],
  ['image/tiff', bytes('MM\0*\0\0\0\b')],
  ['image/tiff', bytes('II+\0\b\0\0\0')],
  ['image/x-canon-cr2', bytes('II*\0\x10\0\0\0CR\x02\0')],
  ['image/avif', ftyp('avif', 'mif1', 'miaf')],
  ['image/avif', ftyp('avis', 'avif', 'msf1')],
  ['image/avif', ftyp('mif1', 'miaf', 'avif')],
  ['image/heic', ftyp('heic', 'mif1')],
  ['image/heic', ftyp('mif1', 'heic')],
  ['image/heif', ftyp('mif1', 'miaf')],
  ['image/x-canon-cr3', ftyp('crx ', 'isom')],
  ['video/mp4', ftyp('isom', 'iso2', 'avc1', 'mp41')],
  ['video/mp4', ftyp('mp42')],
  ['video/quicktime', ftyp('qt  ')],
  ['video/quicktime', bytes('\0\0\0\x08wide\0\0\0\0mdat')],
  ['video/3gpp', ftyp('3gp5')],
  ['audio/mp4', ftyp('M4A ')],
  ['video/webm', bytes('\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm')],
  ['video/x-matroska', bytes('\x1A\x45\xDF\xA3\xA3\x42\x86\x81\x01\x42\x82\x88matroska')],
  ['video/mp2t', bytes(`G${'\0'.repeat(187)}G${'\0'.repeat(187)}G`)],
  ['image/bmp', bytes('BM\x36\0\0\0\0\0')],
  ['image/x-icon', bytes('\0\0\x01\0\x01\0')],
  ['image/jxl', bytes('\xFF\x0A\xFA')],
  ['image/jxl', bytes('\0\0\0\x0CJXL \r\n\x87\n')],
  ['image/jp2', bytes('\0\0\0\x0CjP  \r\n\x87\n')],
  ['image/vnd.adobe.photoshop', bytes('8BPS\0\x01')],
  ['application/pdf', bytes('%PDF-1.7')],
  ['application/pdf', bytes('junk in front\n%PDF-1.4')],
  ['application/zip', bytes('PK\x03\x04\x14\0')],
  ['application/epub+zip', bytes(`PK\x03\x04${'\0'.repeat(26)}mimetypeapplication/epub+zip`)],
  ['application/vnd.rar', bytes('Rar!\x1A\x07\x01\0')],
  ['application/x-7z-compressed', bytes('7z\xBC\xAF\x27\x1C')],
  ['application/gzip', bytes('\x1F\x8B\b')],
  ['application/x-tar', bytes(`${'a'.repeat(257)}ustar\0`)],
  ['image/svg+xml', bytes('<svg xmlns="http://www.w3.org/2000/svg">')],
  ['image/svg+xml', bytes('\xEF\xBB\xBF\n<?xml version="1.0"?><!-- a --><!DOCTYPE svg><svg:svg>')],
  ['image/svg+xml', Buffer.from('\uFEFF<?xml version="1.0"?><svg>', 'utf16le')],
  ['text/html', bytes('<!DOCTYPE html><p>')],
  ['application/xml', bytes('<?xml version="1.0"?><feed/>')],
  ['text/plain', bytes('hello\n')],
  ['application/octet-stream', bytes('\0\x01\x02\x03')],
];

describe('detectMediaType', () => {
  test.each(SAMPLES)('%s', (type, head) => {
    expect(detectMediaType(head)).toBe(type);
  });

  test('only what sharp decodes here is decodable; SVG, HEIC and video are not', () => {
    const decodable = new Set(SAMPLES.map(([type]) => type).filter(isDecodable));
    expect(decodable).toEqual(new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/tiff', 'image/avif']));
  });

  test('bears any bytes, also none', () => {
    const isType = (head: Uint8Array): boolean => /^[a-z]+\/[a-z0-9.+-]+$/.test(detectMediaType(head));
    fc.assert(fc.property(fc.uint8Array({ maxLength: HEAD_BYTES + 10 }), isType));
    const prefix = fc.constantFrom(...SAMPLES.map(([, head]) => head));
    fc.assert(fc.property(prefix, fc.nat(64), fc.uint8Array({ maxLength: 64 }), (head, cut, tail) => isType(Buffer.concat([head.subarray(0, cut), tail]))));
  });
});

describe('inspectFile', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-look-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const look = async (content: Uint8Array): ReturnType<typeof inspectFile> => {
    const path = join(dir, 'file');
    await writeFile(path, content);
    return inspectFile(path);
  };

  const chunk = (name: string, data: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, bytes(name), data, Buffer.alloc(4)]);
  };
  /** `chunks` between the header of a real PNG and its pixels. */
  const pngWith = async (...chunks: Buffer[]): Promise<Buffer> => {
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)]);
  };
  const acTL = chunk('acTL', Buffer.from([0, 0, 0, 7, 0, 0, 0, 0]));
  const fcTL = chunk('fcTL', Buffer.alloc(26));

  test('a still PNG', async () => {
    expect(await look(await pngWith())).toEqual({ type: 'image/png', isDecodable: true, frames: undefined });
  });

  test('an animated PNG reports its frames, also behind a large chunk', async () => {
    expect(await look(await pngWith(acTL, fcTL))).toEqual({ type: 'image/apng', isDecodable: true, frames: 7 });
    expect(await look(await pngWith(chunk('iTXt', Buffer.alloc(200_000)), acTL, fcTL))).toMatchObject({ type: 'image/apng', frames: 7 });
  });

  test('an animated PNG whose still picture is no frame is not decodable: viewers would show another picture', async () => {
    expect(await look(await pngWith(acTL))).toEqual({ type: 'image/apng', isDecodable: false, frames: 7 });
  });

  test('a PNG that ends within its chunks, and one with chunk lengths beyond its end', async () => {
    expect(await look((await pngWith()).subarray(0, 20))).toMatchObject({ type: 'image/png', isDecodable: true });
    expect(await look(await pngWith(Buffer.from('\xFF\xFF\xFF\xFFtEXt', 'latin1')))).toMatchObject({ type: 'image/png' });
  });

  test('a missing file is an error of the file system', async () => {
    await expect(inspectFile(join(dir, 'absent'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
