/**
 * Test pictures of our own, made from a number: soft colour fields with shapes on them. The same number gives the same picture everywhere, so that its hash can
 * stand in a list before it is sent. Nothing is in them. Pure.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue for each pixel, row by row. */
  readonly rgb: Uint8Array;
}

export const KINDS = ['waves', 'discs', 'bars', 'clouds'] as const;
export type PictureKind = (typeof KINDS)[number];

const WIDTH = 512;
const HEIGHT = 384;
const STEP = 4;
const GRID_WIDTH = WIDTH / STEP + 1;
const GRID_HEIGHT = HEIGHT / STEP + 1;
const PALETTE = 3;

export type Random = () => number;

/** mulberry32: 32 bits of state, uniform enough for pictures. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Field = (x: number, y: number) => number;

/** The kinds take turns by number. */
export function drawPicture(seed: number): Picture {
  const random = makeRandom(seed);
  const grid = drawGrid(FIELDS[KINDS[seed % KINDS.length] ?? 'waves'](random));
  const colours = Array.from({ length: PALETTE }, () => [random(), random(), random()] as const);
  const rgb = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0, at = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const value = readGrid(grid, x / STEP, y / STEP);
      for (let channel = 0; channel < 3; channel++) rgb[at++] = toByte(value, colours, channel);
    }
  }
  return { width: WIDTH, height: HEIGHT, rgb };
}

/** The field is computed at every fourth place, which is a sixteenth of the work, and is soft in between. */
function drawGrid(field: Field): Float32Array {
  const grid = new Float32Array(GRID_WIDTH * GRID_HEIGHT);
  for (let y = 0; y < GRID_HEIGHT; y++) for (let x = 0; x < GRID_WIDTH; x++) grid[y * GRID_WIDTH + x] = field((x * STEP) / WIDTH, (y * STEP) / HEIGHT);
  return grid;
}

function readGrid(grid: Float32Array, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [x - left, y - top];
  const at = top * GRID_WIDTH + left;
  const above = (grid[at] ?? 0) * (1 - right) + (grid[at + 1] ?? 0) * right;
  const below = (grid[at + GRID_WIDTH] ?? 0) * (1 - right) + (grid[at + GRID_WIDTH + 1] ?? 0) * right;
  return above * (1 - down) + below * down;
}

/** From dark to light over a tint: the luminance, of which PDQ is made, spans the range. */
function toByte(value: number, colours: readonly (readonly [number, number, number])[], channel: number): number {
  const tint = colours[Math.min(PALETTE - 1, Math.floor(value * PALETTE))]?.[channel] ?? 0;
  return Math.round(255 * Math.min(1, Math.max(0, 0.8 * value + 0.2 * tint)));
}

const FIELDS: Readonly<Record<PictureKind, (random: Random) => Field>> = { waves: makeWaves, discs: makeDiscs, bars: makeBars, clouds: makeClouds };

function makeWaves(random: Random): Field {
  const waves = Array.from({ length: 14 }, () => ({ x: 9 * (random() - 0.5), y: 9 * (random() - 0.5), phase: 2 * Math.PI * random() }));
  return (x, y) => 0.5 + waves.reduce((sum, wave) => sum + Math.sin(2 * Math.PI * (wave.x * x + wave.y * y) + wave.phase), 0) / 9;
}

function makeDiscs(random: Random): Field {
  const discs = Array.from({ length: 40 }, () => ({ x: random(), y: random(), radius: 0.03 + 0.13 * random(), value: random() }));
  const ground = random();
  return (x, y) =>
    discs.reduce((value, disc) => ((x - disc.x) ** 2 + (0.8 * (y - disc.y)) ** 2 < disc.radius ** 2 ? disc.value : value), 0.3 + (0.4 * ground * (x + y)) / 2);
}

function makeBars(random: Random): Field {
  const bars = Array.from({ length: 30 }, () => ({ x: random(), y: random(), width: 0.1 + 0.35 * random(), height: 0.08 + 0.25 * random(), value: random() }));
  return (x, y) =>
    bars.reduce((value, bar) => (Math.abs(x - bar.x) < bar.width / 2 && Math.abs(y - bar.y) < bar.height / 2 ? bar.value : value), 0.5 + 0.3 * (y - x));
}

function makeClouds(random: Random): Field {
  const blobs = Array.from({ length: 24 }, () => ({ x: random(), y: random(), width: 0.04 + 0.14 * random(), value: random() - 0.5 }));
  return (x, y) => 0.5 + blobs.reduce((sum, blob) => sum + 1.4 * blob.value * Math.exp(-((x - blob.x) ** 2 + (y - blob.y) ** 2) / (2 * blob.width ** 2)), 0);
}
