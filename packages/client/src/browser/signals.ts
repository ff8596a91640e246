/** What a device finds out about a file: its SHA-256, and PDQ of the picture where the browser can decode it. Runs in a worker or in the page. */
import { pdqForms } from '@gatehouse/pdq';
import { createSha256 } from '../sha256.ts';

export interface PictureSignal {
  readonly form: 'full' | 'nearest512';
  readonly quality: number;
  /** Eight orientations. */
  readonly pdq: readonly string[];
}

export interface FileSignals {
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Empty: not a picture that this browser decodes. */
  readonly pictures: readonly PictureSignal[];
}

/** A picture of this size takes 400 MB for a moment; larger ones are left to the gate. */
const PIXELS_MAX = 100_000_000;
const SIDE_MIN = 5;
/** Browsers take a file into memory as a whole to decode it; a film is not worth that. */
const PICTURE_BYTES_MAX = 256 * 1024 ** 2;

/** @throws when the file cannot be read or has changed since it was chosen, or `signal` aborts */
export async function readSignals(file: Blob, signal?: AbortSignal): Promise<FileSignals> {
  const sha256 = await digest(file, signal);
  signal?.throwIfAborted();
  return { sha256, sizeBytes: file.size, pictures: await hashPicture(file) };
}

async function digest(file: Blob, signal: AbortSignal | undefined): Promise<string> {
  const hash = createSha256();
  const reader = file.stream().getReader();
  let size = 0;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await reader.read();
      if (done) break;
      hash.update(value);
      size += value.length;
    }
  } finally {
    await reader.cancel();
  }
  if (size !== file.size) throw new Error('the file has changed');
  return hash.finish();
}

async function hashPicture(file: Blob): Promise<readonly PictureSignal[]> {
  const picture = file.size > PICTURE_BYTES_MAX ? undefined : await decode(file).catch(() => undefined);
  if (picture === undefined) return [];
  const { full, nearest512 } = pdqForms({ data: picture.data, width: picture.width, height: picture.height, channels: 4 });
  return [
    { form: 'full', quality: full.quality, pdq: full.hashes },
    ...(nearest512 === undefined ? [] : [{ form: 'nearest512', quality: nearest512.quality, pdq: nearest512.hashes } as const]),
  ];
}

/**
 * Pixels as they are in the file: not turned, not multiplied with alpha, not converted. Browsers that ignore these wishes are covered by the eight
 * orientations and by PDQ's tolerance; Firefox with `resistFingerprinting` and Brave put noise on what is read back, and then nothing matches here.
 */
async function decode(file: Blob): Promise<ImageData | undefined> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'none', premultiplyAlpha: 'none', colorSpaceConversion: 'none' });
  try {
    const { width, height } = bitmap;
    if (width * height > PIXELS_MAX || Math.min(width, height) < SIDE_MIN) return undefined;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context?.drawImage(bitmap, 0, 0);
    return context?.getImageData(0, 0, width, height);
  } finally {
    bitmap.close();
  }
}
