/** Seeded randomness and 1/f noise for the test pictures. */

export type Random = () => number;

/** Mulberry32: numbers in [0, 1), the same for the same seed everywhere. */
export function makeRandom(seed: number): Random {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bf03635) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between = (random: Random, low: number, high: number): number => low + (high - low) * random();

export const mix = (a: number, b: number, t: number): number => a + (b - a) * t;

export const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

const smooth = (t: number): number => t * t * (3 - 2 * t);

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Spectrum {
  /** Cells across the width in the coarsest octave; each further octave doubles them. */
  readonly cells: number;
  readonly octaves: number;
  /** Amplitude of each octave relative to the one before: 0.7 is a little rougher than 1/f, which photographs follow. */
  readonly falloff: number;
}

/** A field of value noise, standard deviation about 0.5, most values within -1 and 1. */
export function makeField(random: Random, { width, height }: Size, spectrum: Spectrum): Float32Array {
  const field = new Float32Array(width * height);
  const gains = Array.from({ length: spectrum.octaves }, (_, octave) => spectrum.falloff ** octave);
  // A uniform lattice in [-1, 1], smoothed, has a standard deviation of about 0.42.
  const gain = 0.5 / (0.42 * Math.hypot(...gains));
  for (const [octave, amplitude] of gains.entries()) {
    addOctave(field, { width, height }, { random, cells: spectrum.cells * 2 ** octave, amplitude: gain * amplitude });
  }
  return field;
}

interface Octave {
  readonly random: Random;
  readonly cells: number;
  readonly amplitude: number;
}

function addOctave(field: Float32Array, { width, height }: Size, { random, cells, amplitude }: Octave): void {
  const down = Math.max(1, Math.round((cells * height) / width));
  const stride = cells + 1;
  const lattice = Float32Array.from({ length: stride * (down + 1) }, () => (random() * 2 - 1) * amplitude);
  const cellAt = Int32Array.from({ length: width }, (_, x) => Math.floor((x * cells) / width));
  const partAt = Float32Array.from({ length: width }, (_, x) => smooth(((x * cells) / width) % 1));
  const line = new Float32Array(stride);
  for (let y = 0; y < height; y++) {
    const v = (y * down) / height;
    const row = Math.floor(v) * stride;
    const part = smooth(v % 1);
    for (let i = 0; i < stride; i++) line[i] = mix(lattice[row + i] ?? 0, lattice[row + stride + i] ?? 0, part);
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const cell = cellAt[x] ?? 0;
      const left = line[cell] ?? 0;
      field[at] = (field[at] ?? 0) + left + ((line[cell + 1] ?? 0) - left) * (partAt[x] ?? 0);
    }
  }
}
