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

/** Throws a PdqError unless these are numbers of a picture. */
export function checkSize({ width, height, channels }: Pick<Picture, 'width' | 'height' | 'channels'>): void {
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
}

/** Throws a PdqError unless these are samples. */
export function checkBytes(data: Picture['data']): void {
  if (!(data instanceof Uint8Array) && !(data instanceof Uint8ClampedArray)) {
    throw new PdqError('invalid_data', 'data must be a Uint8Array or a Uint8ClampedArray of 8-bit samples.');
  }
}

/** Throws a PdqError unless the picture's fields agree with each other. */
export function checkPicture(picture: Picture): void {
  checkSize(picture);
  const { data, width, height, channels } = picture;
  checkBytes(data);
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new PdqError('invalid_data', `data must hold width x height x channels = ${expected} bytes, got ${data.length}.`);
  }
}

/** A 256-entry table of `weight * v`, rounded to float32 as the reference does; held as float64, which is what is calculated with. */
function weightTable(weight: number): Float64Array {
  return Float64Array.from({ length: 256 }, (_, value) => Math.fround(Math.fround(weight) * value));
}

const RED = weightTable(0.299);
const GREEN = weightTable(0.587);
const BLUE = weightTable(0.114);

export interface PixelRange {
  readonly first: number;
  readonly count: number;
  /** Where the first one is written; the beginning when absent. */
  readonly outAt?: number;
}

/**
 * Writes the luma of a range of pixels to `out`: (0.299 R + 0.587 G) + 0.114 B, every product and sum rounded to float32
 * (specification step 2). Grey is the value itself.
 */
export function writeLuma(picture: Picture, { first, count, outAt = 0 }: PixelRange, out: Float32Array): void {
  const { data, channels } = picture;
  const from = first * channels;
  if (channels === 1) for (let i = 0; i < count; i++) out[outAt + i] = data[from + i] ?? 0;
  else writeColourLuma(data, { from, count, channels, outAt }, out);
}

interface ColourRange {
  readonly from: number;
  readonly count: number;
  readonly channels: 3 | 4;
  readonly outAt: number;
}

/** Two pixels at a time, which takes 0.85 of the time. */
function writeColourLuma(data: Picture['data'], { from, count, channels, outAt }: ColourRange, out: Float32Array): void {
  const pairsEnd = outAt + count - (count % 2);
  let at = from;
  for (let to = outAt; to < pairsEnd; to += 2, at += 2 * channels) {
    out[to] = readColourLuma(data, at);
    out[to + 1] = readColourLuma(data, at + channels);
  }
  if (count % 2 === 1) out[pairsEnd] = readColourLuma(data, at);
}

function readColourLuma(data: Picture['data'], at: number): number {
  const warm = Math.fround((RED[data[at] ?? 0] ?? 0) + (GREEN[data[at + 1] ?? 0] ?? 0));
  return warm + (BLUE[data[at + 2] ?? 0] ?? 0);
}
