/**
 * The pixel patterns of fixtures/pdq/README.md, rebuilt in integer arithmetic, and a detailed picture for the tests of
 * orientations.
 */

export interface PatternPicture {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
}

export interface PatternSpec {
  readonly pattern: string;
  readonly w: number;
  readonly h: number;
  readonly channels: 1 | 3 | 4;
  readonly seed: number | null;
}

type PixelRule = (x: number, y: number, c: number, spec: PatternSpec) => number;

const shifted = (x: number, y: number, c: number): readonly [number, number] => [x + 13 * c, y + 7 * c];

const quad = (x: number, y: number): number => 3 * x * x + 5 * y * y + 7 * x * y;

const RULES: Readonly<Record<string, PixelRule>> = {
  const128: () => 128,
  zero: () => 0,
  gradx: (x, y, c, { w, h }) => {
    if (c === 0) return Math.floor((255 * x) / Math.max(1, w - 1));
    return c === 1 ? Math.floor((255 * (w - 1 - x)) / Math.max(1, w - 1)) : Math.floor((255 * y) / Math.max(1, h - 1));
  },
  quad: (x, y, c) => quad(...shifted(x, y, c)) >> 6,
  quadfine: (x, y, c) => quad(...shifted(x, y, c)),
  blocks: (x, y, c) => {
    const [x2, y2] = shifted(x, y, c);
    return ((x2 >> 3) ^ (y2 >> 3)) * 37;
  },
  box: (x, y, _, { w, h }) => {
    const isInside = x >= Math.floor(w / 4) && x < Math.floor((3 * w) / 4) && y >= Math.floor(h / 3) && y < Math.floor((2 * h) / 3);
    return isInside ? 255 : 0;
  },
  rings: (x, y, c, { w, h }) => {
    const [x2, y2] = shifted(x, y, c);
    const radius = (x2 - Math.floor(w / 2)) ** 2 + (y2 - Math.floor(h / 2)) ** 2;
    return Math.floor((radius * 255) / Math.max(1, Math.floor((w * w + h * h) / 8)));
  },
};

/** Bytes of a linear congruential generator. */
export function makeNoise(length: number, seed: number): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}

export function drawPattern(spec: PatternSpec): PatternPicture {
  const { w, h, channels, pattern } = spec;
  const length = w * h * channels;
  const shape = { width: w, height: h, channels };
  if (pattern === 'noise') return { data: makeNoise(length, spec.seed ?? 0), ...shape };
  const rule = RULES[pattern];
  if (rule === undefined) throw new Error(`Unknown pattern ${pattern}`);
  const data = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    const pixel = Math.floor(at / channels);
    data[at] = rule(pixel % w, Math.floor(pixel / w), at % channels, spec) & 255;
  }
  return { data, ...shape };
}

/** Smoothly interpolated noise at several scales plus a little fine noise: detail at every frequency, and no symmetry. */
export function drawDetailed(width: number, height: number, seed: number): PatternPicture {
  const fine = makeNoise(width * height * 3, seed);
  const layers = [3, 7, 15, 31].map((cells, octave) => ({
    cells,
    weight: 1 / (octave + 1),
    values: makeNoise((cells + 1) * (cells + 1) * 3, seed + 101 * (octave + 1)),
  }));
  const total = layers.reduce((sum, layer) => sum + layer.weight, 0.2);
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / 3);
    const u = (pixel % width) / width;
    const v = Math.floor(pixel / width) / height;
    let value = 0.2 * (fine[at] ?? 0);
    for (const { cells, weight, values } of layers) value += weight * interpolate(values, cells, { u, v, c: at % 3 });
    data[at] = value / total;
  }
  return { data, width, height, channels: 3 };
}

function interpolate(values: Uint8Array, cells: number, point: { u: number; v: number; c: number }): number {
  const x = point.u * cells;
  const y = point.v * cells;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const at = (i: number, j: number): number => values[((top + j) * (cells + 1) + left + i) * 3 + point.c] ?? 0;
  const [p, q] = [x - left, y - top];
  return (at(0, 0) * (1 - p) + at(1, 0) * p) * (1 - q) + (at(0, 1) * (1 - p) + at(1, 1) * p) * q;
}

/** The picture whose pixel (x, y) is `source`'s pixel (from(x, y)); `isTurned` exchanges width and height. */
function rebuild(source: PatternPicture, isTurned: boolean, from: (x: number, y: number) => readonly [number, number]): PatternPicture {
  const { channels } = source;
  const width = isTurned ? source.height : source.width;
  const height = isTurned ? source.width : source.height;
  const data = new Uint8Array(source.data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = from(x, y);
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = source.data[(sy * source.width + sx) * channels + c] ?? 0;
    }
  }
  return { data, width, height, channels };
}

/** The picture with its pixels really flipped or rotated: rot90 is anticlockwise, rot270 clockwise. */
export function reorient(source: PatternPicture, orientation: string): PatternPicture {
  const right = source.width - 1;
  const bottom = source.height - 1;
  switch (orientation) {
    case 'rot90':
      return rebuild(source, true, (x, y) => [right - y, x]);
    case 'rot180':
      return rebuild(source, false, (x, y) => [right - x, bottom - y]);
    case 'rot270':
      return rebuild(source, true, (x, y) => [y, bottom - x]);
    case 'flipX':
      return rebuild(source, false, (x, y) => [x, bottom - y]);
    case 'flipY':
      return rebuild(source, false, (x, y) => [right - x, y]);
    case 'transpose':
      return rebuild(source, true, (x, y) => [y, x]);
    case 'antitranspose':
      return rebuild(source, true, (x, y) => [right - y, bottom - x]);
    default:
      return source;
  }
}
