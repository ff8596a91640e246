import { PdqError } from './errors.ts';

/** Decoded 8-bit pixels, row by row from the top left, channels interleaved. */
export interface Picture {
  /** Exactly `width * height * channels` bytes. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** In pixels, at least 1. */
  readonly width: number;
  /** In pixels, at least 1. */
  readonly height: number;
  /** 1: grey. 3: red, green, blue. 4: the same and alpha, which is ignored (flatten the picture first where alpha matters). */
  readonly channels: 1 | 3 | 4;
}

/** Throws a PdqError unless the picture's fields agree with each other. */
export function checkPicture(picture: Picture): void {
  const { data, width, height, channels } = picture;
  for (const [name, value] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < 1) {
      throw new PdqError('invalid_dimensions', `${name} must be a whole number of at least 1 pixel, got ${String(value)}.`);
    }
  }
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- callers without types exist
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new PdqError('invalid_dimensions', `channels must be 1 (grey), 3 (RGB) or 4 (RGBA), got ${String(channels)}.`);
  }
  if (!(data instanceof Uint8Array) && !(data instanceof Uint8ClampedArray)) {
    throw new PdqError('invalid_data', 'data must be a Uint8Array or a Uint8ClampedArray of 8-bit samples.');
  }
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new PdqError('invalid_data', `data must hold width x height x channels = ${expected} bytes, got ${data.length}.`);
  }
}

/** A 256-entry table of `weight * v`, rounded to float32 as the reference does. */
function weightTable(weight: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, value) => Math.fround(weight) * value);
}

const RED = weightTable(0.299);
const GREEN = weightTable(0.587);
const BLUE = weightTable(0.114);

export interface PixelRange {
  readonly first: number;
  readonly count: number;
}

/**
 * Writes the luma of a range of pixels to the beginning of `out`: (0.299 R + 0.587 G) + 0.114 B, every product and sum rounded
 * to float32 (specification step 2). Grey is the value itself.
 */
export function writeLuma(picture: Picture, { first, count }: PixelRange, out: Float32Array): void {
  const { data, channels } = picture;
  if (channels === 1) {
    for (let i = 0; i < count; i++) out[i] = data[first + i] ?? 0;
    return;
  }
  for (let i = 0, at = first * channels; i < count; i++, at += channels) {
    const warm = Math.fround((RED[data[at] ?? 0] ?? 0) + (GREEN[data[at + 1] ?? 0] ?? 0));
    out[i] = warm + (BLUE[data[at + 2] ?? 0] ?? 0);
  }
}
