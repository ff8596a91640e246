/**
 * Hashes of generated pictures and of edits of them: no list of real hashes is in this repository, and random bits have none of their
 * correlations. Seven kinds of pictures, 128 x 128 and grey, so that three thousand with three edits each take seconds; kept in the folder
 * for temporary files.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashToBytes, pdq } from '@gatehouse/pdq';
import { createRandom } from './pictures.mjs';

const SIDE = 128;
const PICTURES = 3_000;
const HELD_OUT = 600;
const EDITS = 3;
const HASH_BYTES = 32;
/** Raise it when the pictures change. */
const VERSION = 3;

let known;

/** `listed`: hashes of 2,400 pictures and their edits, with a quality of at least 50. `heldOut`: of 600 other pictures. */
export function realLikeHashes() {
  known ??= readOrMake();
  return known;
}

function readOrMake() {
  const folder = join(tmpdir(), 'gatehouse-bench');
  const path = join(folder, `real-like-${VERSION}.bin`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.${process.pid}`, makeHashes());
    renameSync(`${path}.${process.pid}`, path);
  }
  const bytes = readFileSync(path);
  const all = Array.from({ length: bytes.length / HASH_BYTES }, (_none, i) => Uint8Array.from(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)));
  const marker = all.findIndex((hash) => hash.every((byte) => byte === 255));
  return { heldOut: all.slice(0, marker), listed: all.slice(marker + 1) };
}

function makeHashes() {
  const parts = [];
  for (let seed = 1; seed <= PICTURES; seed++) {
    const random = createRandom(seed * 2_654_435 + 17);
    for (let i = 0; i < 8; i++) random();
    const picture = KINDS[seed % KINDS.length](random);
    for (let edit = 0; edit <= EDITS; edit++) {
      const { hash, quality } = hashGrey(edit === 0 ? picture : EDIT_KINDS[random() % EDIT_KINDS.length](picture, random));
      if (quality >= 50) parts.push(hashToBytes(hash));
    }
    if (seed === HELD_OUT) parts.push(new Uint8Array(HASH_BYTES).fill(255));
  }
  return Buffer.concat(parts);
}

function hashGrey(values) {
  return pdq({ data: Uint8ClampedArray.from(values), width: SIDE, height: SIDE, channels: 1 });
}

/** 64 different hashes of pictures with nothing on them, or next to nothing: one colour, one slope, one edge. Many share one hash. */
export function flatPatterns() {
  const patterns = new Map();
  const keep = (draw) => {
    const { hash } = hashGrey(paint(draw));
    patterns.set(hash, hashToBytes(hash));
  };
  for (const grey of [0, 128, 255]) keep(() => grey);
  for (let i = 0; patterns.size < 64; i++) {
    const angle = i * 0.37;
    const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
    if (i % 2 === 0) keep((x, y) => 128 + (x - 64) * dx * 0.7 + (y - 64) * dy * 0.7);
    else keep((x, y) => ((x - 64) * dx + (y - 64) * dy > (i % 41) - 20 ? 230 : 40));
  }
  return [...patterns.values()];
}

function paint(draw) {
  const values = new Float32Array(SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) values[y * SIDE + x] = draw(x, y);
  return values;
}

const fraction = (random) => random() / 2 ** 32;

/** Smooth noise with detail at every scale. */
function paintNoise(random, roughness = 0.35 + fraction(random) * 0.4) {
  const values = new Float32Array(SIDE * SIDE).fill(128);
  let weight = 90;
  for (let cells = 2; cells <= 64; cells *= 2, weight *= roughness) {
    const grid = Float32Array.from({ length: (cells + 1) ** 2 }, () => (fraction(random) - 0.5) * 2 * weight);
    addGrid(values, grid, cells);
  }
  return values;
}

function addGrid(values, grid, cells) {
  const scale = cells / SIDE;
  for (let y = 0; y < SIDE; y++) {
    const gy = y * scale;
    const row = Math.floor(gy) * (cells + 1);
    const fy = smooth(gy % 1);
    for (let x = 0; x < SIDE; x++) {
      const gx = x * scale;
      const at = row + Math.floor(gx);
      const fx = smooth(gx % 1);
      const top = grid[at] + (grid[at + 1] - grid[at]) * fx;
      const bottom = grid[at + cells + 1] + (grid[at + cells + 2] - grid[at + cells + 1]) * fx;
      values[y * SIDE + x] += top + (bottom - top) * fy;
    }
  }
}

const smooth = (t) => t * t * (3 - 2 * t);

/** Rectangles and ellipses over a slope. */
function paintShapes(random) {
  const values = paintSlope(random);
  for (let shapes = 3 + (random() % 10); shapes > 0; shapes--) {
    const [cx, cy, rx, ry] = [random() % SIDE, random() % SIDE, 5 + (random() % 40), 5 + (random() % 40)];
    const grey = random() & 255;
    const isRound = random() % 2 === 0;
    for (let y = Math.max(0, cy - ry); y < Math.min(SIDE, cy + ry); y++)
      for (let x = Math.max(0, cx - rx); x < Math.min(SIDE, cx + rx); x++)
        if (!isRound || ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1) values[y * SIDE + x] = grey;
  }
  return values;
}

function paintSlope(random) {
  const [from, dx, dy] = [random() & 255, fraction(random) * 2 - 1, fraction(random) * 2 - 1];
  return paint((x, y) => from + dx * x + dy * y);
}

function paintWaves(random) {
  const waves = Array.from({ length: 3 + (random() % 4) }, () => [
    fraction(random) - 0.5,
    fraction(random) - 0.5,
    fraction(random) * 6.3,
    15 + (random() % 45),
  ]);
  return paint((x, y) => waves.reduce((sum, [fx, fy, phase, height]) => sum + height * Math.sin(fx * x + fy * y + phase), 128));
}

/** Lines of dark blocks on light ground, as of a page of text, and a dark box. */
function paintPage(random) {
  const values = paintSlope(random).map((value) => 215 + value * 0.12);
  const step = 5 + (random() % 8);
  for (let y = 4; y + step < SIDE; y += step)
    for (let x = 4 + (random() % 12); x < SIDE - 6;) {
      const width = 2 + (random() % 14);
      for (let dy = 0; dy < step - 2; dy++) values.fill(30 + (random() & 63), (y + dy) * SIDE + x, (y + dy) * SIDE + Math.min(x + width, SIDE - 4));
      x += width + 2 + (random() % 4) * (random() % 9 === 0 ? 12 : 1);
    }
  const [left, top, size] = [random() % 80, random() % 80, 20 + (random() % 28)];
  for (let y = top; y < top + size; y++) values.fill(90 + ((y * 7) & 63), y * SIDE + left, y * SIDE + left + size);
  return values;
}

/** A bright body before a horizon. */
function paintScene(random) {
  const noise = paintNoise(random, 0.4);
  const [horizon, cx, cy, radius] = [30 + (random() % 70), random() % SIDE, random() % SIDE, 10 + (random() % 45)];
  const [sky, ground] = [120 + (random() & 127), random() & 127];
  return noise.map((value, at) => {
    const [x, y] = [at % SIDE, Math.floor(at / SIDE)];
    const base = y < horizon ? sky - y * 0.4 : ground + (y - horizon) * 0.3;
    return base + (value - 128) * (y < horizon ? 0.2 : 0.6) + 110 * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (radius * radius));
  });
}

/** Half of one kind, half of another. */
function paintBoth(random) {
  const [a, b] = [paintNoise(random), paintShapes(random)];
  const share = 0.3 + fraction(random) * 0.4;
  return a.map((value, at) => value * share + b[at] * (1 - share));
}

/** Two plain areas: what flat pictures look like that are still good enough to be hashed. Half of them lie near one of `flatPatterns`. */
function paintEdge(random) {
  const k = 2 * (random() % 60) + 1;
  const isNear = random() % 2 === 0;
  const [angle, shift] = isNear ? [k * 0.37, (k % 41) - 20 + (random() % 3) - 1] : [fraction(random) * 6.3, (random() % 61) - 30];
  const [dark, light, noise] = [random() % 100, 150 + (random() % 100), random() % 6];
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  return paint((x, y) => ((x - 64) * dx + (y - 64) * dy > shift ? light : dark) + fraction(random) * noise);
}

const KINDS = [paintNoise, paintShapes, paintWaves, paintPage, paintScene, paintBoth, paintEdge];

const EDIT_KINDS = [
  (values, random) => values.map((value) => value + ((random() & 31) - 15.5)),
  (values, random) => {
    const [gain, offset] = [0.7 + fraction(random) * 0.5, (random() & 31) - 16];
    return values.map((value) => (value - 128) * gain + 128 + offset);
  },
  (values) =>
    paint(
      (x, y) => (pixelAt(values, x - 1, y) + pixelAt(values, x + 1, y) + pixelAt(values, x, y - 1) + pixelAt(values, x, y + 1) + 2 * pixelAt(values, x, y)) / 6,
    ),
  (values, random) => {
    const margin = 1 + (random() % 3);
    const scale = (SIDE - 2 * margin) / SIDE;
    return paint((x, y) => pixelAt(values, Math.round(margin + x * scale), Math.round(margin + y * scale)));
  },
  (values, random) => {
    const [top, height, grey] = [random() % 120, 2 + (random() % 8), random() & 255];
    return values.map((value, i) => (i >= top * SIDE && i < (top + height) * SIDE ? grey : value));
  },
  (values) => paint((x, y) => pixelAt(values, x & ~1, y & ~1)),
];

function pixelAt(values, x, y) {
  return values[Math.min(SIDE - 1, Math.max(0, y)) * SIDE + Math.min(SIDE - 1, Math.max(0, x))];
}
