/** Compressed bytes -> 8-bit sRGB or grey pixels of the first frame, with sharp. Runs in the decoder process only. */
import type { Picture } from '@gatehouse/pdq';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import type { DecodeLimits, Refusal } from './decoder-protocol.ts';

export interface DecodedPicture {
  readonly kind: 'picture';
  readonly picture: Picture;
  readonly frames: number;
  readonly isPartial: boolean;
}

export interface RefusedPicture {
  readonly kind: 'refused';
  readonly reason: Refusal;
}

export type Decoding = DecodedPicture | RefusedPicture;

/** SVG, PDF, FITS, raw, ImageMagick and whatever libvips gains later stay blocked: only what is named here can run. */
const LOADERS = ['JpegFile', 'PngFile', 'WebpFile', 'NsgifFile', 'HeifFile', 'TiffFile'];
const FORMATS = new Set(['jpeg', 'png', 'webp', 'gif', 'heif', 'tiff']);
/** Other depths (float and 32-bit TIFF) have no agreed way to 8 bits; clamping them would hash another picture than viewers show. */
const DEPTHS: ReadonlySet<Metadata['depth']> = new Set(['uchar', 'ushort']);

export function prepareDecoder(): void {
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) });
}

/** EXIF orientation is left alone, as every known list was made: the eight orientations cover it. */
export function decodePicture(path: string, limits: DecodeLimits): Promise<Decoding> {
  return openPicture(path, limits, (options, metadata) => decodeFirstFrame(path, options, metadata));
}

/** Calls `use` for a file of a known kind that is within the limits; what it may read is the first frame. */
export async function openPicture<T>(
  path: string,
  limits: DecodeLimits,
  use: (options: SharpOptions, metadata: Metadata) => Promise<T>,
): Promise<T | RefusedPicture> {
  const options: SharpOptions = { failOn: 'none', limitInputPixels: limits.maxPixels, sequentialRead: true, pages: 1 };
  try {
    const metadata = await sharp(path, options).metadata();
    const refusal = findRefusal(metadata, limits);
    return refusal === undefined ? await use(options, metadata) : { kind: 'refused', reason: refusal };
  } catch (error) {
    return { kind: 'refused', reason: toRefusal(error) };
  }
}

function findRefusal(metadata: Metadata, limits: DecodeLimits): Refusal | undefined {
  const { format, compression, depth, width, height } = metadata;
  const isKnown = FORMATS.has(format) && (format !== 'heif' || compression === 'av1') && DEPTHS.has(depth);
  if (!isKnown) return 'unsupported_type';
  const frames = countFrames(metadata);
  if (frames > limits.maxFrames) return 'too_many_frames';
  // sharp's own limit is per page: an 80-frame GIF of 1500 x 1500 passes it (intake-and-media.md, section 2).
  return frames * width * (metadata.pageHeight ?? height) > limits.maxPixels ? 'too_many_pixels' : undefined;
}

function countFrames(metadata: Metadata): number {
  return Math.max(1, metadata.pages ?? 1);
}

/**
 * Strictly first. Browsers show damaged pictures, so a refusal is no answer: what can be decoded is hashed, and marked as partial.
 * `error` and not `warning`, which is raised by harmless oddities too.
 */
async function decodeFirstFrame(path: string, options: SharpOptions, metadata: Metadata): Promise<Decoding> {
  const frames = countFrames(metadata);
  const strict = await toPixels(sharp(path, { ...options, failOn: 'error' }), metadata).catch(() => undefined);
  if (strict !== undefined) return { kind: 'picture', picture: strict, frames, isPartial: false };
  return { kind: 'picture', picture: await toPixels(sharp(path, options), metadata), frames, isPartial: true };
}

/**
 * sharp applies an embedded ICC profile, expands palettes, converts CMYK and scales 16 bits to 8 (HMA clamps 16-bit grey and hashes
 * palette indices: screening-and-lists.md 1.5, 6). Grey without alpha stays one channel: a third of the memory and half the time.
 */
async function toPixels(image: Sharp, metadata: Metadata): Promise<Picture> {
  const isGrey = metadata.channels === 1 && !metadata.hasAlpha && (metadata.space === 'b-w' || metadata.space === 'grey16');
  const { data, info } = await (isGrey ? image.toColourspace('b-w') : image.toColourspace('srgb'))
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if ((channels !== 1 && channels !== 3 && channels !== 4) || data.length !== width * height * channels) throw new Error('unexpected shape of pixels');
  return { data, width, height, channels };
}

/** The texts of sharp 0.35 and libvips 8.18. They hold paths, so they never leave this process. */
function toRefusal(error: unknown): Refusal {
  const text = error instanceof Error ? error.message : '';
  if (/exceeds pixel limit|dimensions too large|image too (large|big)/i.test(text)) return 'too_many_pixels';
  if (/input file is missing|unable to open for read|permission denied/i.test(text)) return 'unreadable';
  if (/premature end|unexpected end|read error|out of data|bad seek|truncated|end of file/i.test(text)) return 'truncated';
  return 'undecodable';
}
