import { between, clamp, makeField, makeRandom, mix, type Random, type Size } from './picture-noise.ts';

/**
 * Benign test pictures from a seed: made-up landscapes and still lifes with the statistics of photographs that matter to perceptual
 * hashes (power falling with 1/f over seven octaves, edges, objects, light and shade, colour), so that PDQ gives them
 * a quality of 80 or more, and unrelated ones a distance around 128. The same seed gives the same scene at every size of the same aspect.
 */

export interface GeneratedPicture {
  /** RGB, row by row. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
}

export interface PictureSpec {
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  /** Default: from the seed. */
  readonly scene?: 'landscape' | 'still-life';
}

type Colour = readonly [number, number, number];

function pickColour(random: Random, low: number, high: number): Colour {
  return [between(random, low, high), between(random, low, high), between(random, low, high)];
}

/** What is being painted: the pixels so far, as floats, and the noise fields that give every surface its texture. */
interface Canvas extends Size {
  readonly pixels: Float32Array;
  /** Coarse to fine, for light and matter. */
  readonly rough: Float32Array;
  readonly soft: Float32Array;
  /** Slow variations of warm and cool. */
  readonly tint: Float32Array;
}

/** Sets a pixel to `colour` lit by `light` (1 is neutral), with the tint of the place. */
function paint(canvas: Canvas, at: number, colour: Colour, light: number): void {
  const warmth = 18 * (canvas.tint[at] ?? 0);
  canvas.pixels[at * 3] = colour[0] * light + warmth;
  canvas.pixels[at * 3 + 1] = colour[1] * light;
  canvas.pixels[at * 3 + 2] = colour[2] * light - warmth;
}

/** Skies from top to horizon: noon, haze, evening, storm, dawn. */
const SKIES: readonly (readonly [Colour, Colour])[] = [
  [
    [72, 124, 190],
    [190, 214, 232],
  ],
  [
    [128, 150, 172],
    [222, 222, 214],
  ],
  [
    [70, 70, 120],
    [236, 168, 112],
  ],
  [
    [84, 92, 104],
    [176, 180, 182],
  ],
  [
    [110, 130, 176],
    [240, 204, 184],
  ],
];

/** Woods, meadow, heath, rock, sand, dry grass. */
const GROUNDS: readonly Colour[] = [
  [58, 82, 52],
  [104, 124, 66],
  [120, 92, 88],
  [104, 102, 100],
  [176, 156, 116],
  [150, 134, 80],
];

const WALLS: readonly Colour[] = [
  [206, 196, 180],
  [172, 104, 84],
  [226, 224, 218],
  [124, 130, 136],
];

const ROOFS: readonly Colour[] = [
  [138, 66, 52],
  [84, 82, 88],
  [104, 76, 58],
];

function pickOne<T>(random: Random, choices: readonly T[]): T {
  const found = choices[Math.floor(random() * choices.length)];
  if (found === undefined) throw new Error('Nothing to pick from');
  return found;
}

/** The colour, each part up to a tenth of the range lighter or darker. */
function vary(random: Random, colour: Colour): Colour {
  return [colour[0] + between(random, -24, 24), colour[1] + between(random, -24, 24), colour[2] + between(random, -24, 24)];
}

/** A background that goes from one colour to another down the picture, with clouds or shadows, and a glow. */
function paintBackground(canvas: Canvas, random: Random): void {
  const { width, height, soft } = canvas;
  const sky = pickOne(random, SKIES);
  const [top, bottom] = [vary(random, sky[0]), vary(random, sky[1])];
  const [sunX, sunY, sunSize] = [random(), between(random, 0, 0.5), between(random, 0.08, 0.3)];
  const contrast = between(random, 0.25, 0.5);
  for (let y = 0, at = 0; y < height; y++) {
    const v = y / height;
    const colour: Colour = [mix(top[0], bottom[0], v), mix(top[1], bottom[1], v), mix(top[2], bottom[2], v)];
    for (let x = 0; x < width; x++, at++) {
      const away = ((x / width - sunX) ** 2 + (v - sunY) ** 2) / sunSize ** 2;
      paint(canvas, at, colour, 1 + contrast * (soft[at] ?? 0) + 0.4 / (1 + 3 * away));
    }
  }
}

/** Heights of a ridge for every column, 0 at the top to 1 at the bottom. */
function makeRidge(random: Random, width: number, base: number, reach: number): Float32Array {
  const line = makeField(random, { width, height: 1 }, { cells: 3, octaves: 7, falloff: 0.6 });
  return line.map((value) => base + reach * value);
}

/** Hills behind hills: nearer ones are lower, darker and rougher. */
function paintRidges(canvas: Canvas, random: Random): void {
  const { width, height, rough } = canvas;
  const count = 2 + Math.floor(random() * 3);
  const horizon = between(random, 0.3, 0.6);
  const haze = vary(random, [150, 162, 178]);
  for (let k = 0; k < count; k++) {
    const near = (k + 1) / count;
    const ridge = makeRidge(random, width, horizon + (0.9 - horizon) * (k / count), between(random, 0.06, 0.16) * (1.2 - 0.7 * near));
    const own = vary(random, pickOne(random, GROUNDS));
    const colour: Colour = [mix(haze[0], own[0], near), mix(haze[1], own[1], near), mix(haze[2], own[2], near)];
    const contrast = mix(0.35, 0.7, near);
    for (let x = 0; x < width; x++) {
      const crest = (ridge[x] ?? 0) * height;
      const slope = ((ridge[Math.min(x + 4, width - 1)] ?? 0) - (ridge[Math.max(x - 4, 0)] ?? 0)) * width;
      const facing = clamp(slope * 0.03, -0.3, 0.3);
      for (let y = Math.max(0, Math.ceil(crest)); y < height; y++) {
        const at = y * width + x;
        const depth = (y - crest) / height;
        paint(canvas, at, colour, 1.1 - facing / (1 + 40 * depth) - 0.25 * depth + contrast * (rough[at] ?? 0));
      }
    }
  }
}

/** A table or floor: a plane with planks or tiles in rough perspective. */
function paintFloor(canvas: Canvas, random: Random): void {
  const { width, height, rough } = canvas;
  const edge = between(random, 0.45, 0.65);
  const colour = pickColour(random, 70, 190);
  const [planks, vanish, depth] = [between(random, 4, 12), between(random, 0.2, 0.8), between(random, 0.3, 0.6)];
  for (let y = Math.ceil(edge * height); y < height; y++) {
    const v = (y / height - edge) / (1 - edge);
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const lane = Math.floor(((x / width - vanish) / (depth + v)) * planks);
      const cross = Math.floor(planks / (depth + v));
      paint(canvas, at, colour, 0.85 + 0.25 * v + ((lane + cross) % 2 === 0 ? 0.16 : -0.1) + 0.7 * (rough[at] ?? 0));
    }
  }
}

interface Shape {
  readonly form: 'ball' | 'box' | 'roof';
  /** Centre and half extents as fractions of the width. */
  readonly x: number;
  readonly y: number;
  readonly a: number;
  readonly b: number;
  readonly lean: number;
  readonly colour: Colour;
  readonly stripes: number;
  /** How much of the canvas's texture the surface shows. */
  readonly texture: number;
}

function pickThing(random: Random, aspect: number): Shape {
  const a = between(random, 0.04, 0.16);
  const form = random() < 0.5 ? 'ball' : 'box';
  const [x, y, b] = [random(), between(random, 0.3, 0.95) * aspect, a * between(random, 0.5, 1.8)];
  const stripes = random() < 0.4 ? 2 + Math.floor(random() * 5) : 0;
  return { form, x, y, a, b, lean: between(random, -0.4, 0.4), colour: pickColour(random, 30, 220), stripes, texture: 0.3 };
}

/** A trunk and a crown that stand on `foot`. */
function pickTree(random: Random, foot: number): Shape[] {
  const [x, b] = [random(), between(random, 0.03, 0.11)];
  const y = foot - 1.7 * b;
  const common = { x, lean: 0, stripes: 0 };
  return [
    { ...common, form: 'box', y: foot - b * 0.6, a: b * 0.12, b: b * 0.6, colour: [84, 66, 52], texture: 0.4 },
    { ...common, form: 'ball', y, a: b * between(random, 0.6, 1), b, colour: vary(random, [70, 98, 50]), texture: 0.9 },
  ];
}

/** A wall with storeys, and a roof. */
function pickHouse(random: Random, foot: number): Shape[] {
  const [x, a] = [random(), between(random, 0.04, 0.11)];
  const [b, roof] = [a * between(random, 0.5, 1.1), a * between(random, 0.3, 0.6)];
  const common = { x, lean: 0, texture: 0.25 };
  return [
    { ...common, form: 'box', y: foot - b, a, b, colour: vary(random, pickOne(random, WALLS)), stripes: 1 + Math.floor(random() * 3) },
    { ...common, form: 'roof', y: foot - 2 * b - roof, a: a * 1.12, b: roof, colour: vary(random, pickOne(random, ROOFS)), stripes: 0 },
  ];
}

function pickShapes(random: Random, kind: PictureSpec['scene'], aspect: number): Shape[] {
  if (kind === 'still-life') return Array.from({ length: 5 + Math.floor(random() * 5) }, () => pickThing(random, aspect));
  const feet = Array.from({ length: 4 + Math.floor(random() * 6) }, () => between(random, 0.6, 0.97) * aspect).toSorted((a, b) => a - b);
  return feet.flatMap((foot) => (random() < 0.65 ? pickTree(random, foot) : pickHouse(random, foot)));
}

function isInside(form: Shape['form'], u: number, v: number): boolean {
  if (form === 'ball') return u * u + v * v < 1;
  return Math.abs(v) < 1 && Math.abs(u) < (form === 'box' ? 1 : (v + 1.15) / 2.15);
}

/** A ball, box or roof, lit from the upper left. */
function paintShape(canvas: Canvas, shape: Shape): void {
  const { width, height, rough } = canvas;
  const reach = Math.ceil((shape.a + Math.abs(shape.lean) * shape.b) * width);
  const [middleX, middleY, tall] = [Math.round(shape.x * width), Math.round(shape.y * width), Math.ceil(shape.b * width)];
  for (let y = Math.max(0, middleY - tall); y < Math.min(height, middleY + tall); y++) {
    const v = (y / width - shape.y) / shape.b;
    for (let x = Math.max(0, middleX - reach); x < Math.min(width, middleX + reach); x++) {
      const u = (x / width - shape.x - shape.lean * shape.b * v) / shape.a;
      if (!isInside(shape.form, u, v)) continue;
      const at = y * width + x;
      const relief = shape.form === 'ball' ? 0.75 * Math.sqrt(1 - u * u - v * v) + 0.3 : 0.95;
      const stripe = shape.stripes > 0 && Math.floor((v + 1) * shape.stripes) % 2 === 0 ? 0.75 : 1;
      paint(canvas, at, shape.colour, stripe * (relief - 0.25 * u - 0.2 * v) + shape.texture * (rough[at] ?? 0));
    }
  }
}

/** Light that falls across the scene, a little grain as of a sensor, and rounding to bytes. */
function develop(canvas: Canvas, random: Random): Uint8Array {
  const { width, height, pixels } = canvas;
  const [towardsX, towardsY, fall] = [between(random, -0.3, 0.3), between(random, -0.3, 0.3), between(random, 0, 0.5)];
  const data = new Uint8Array(pixels.length);
  let grain = Math.floor(random() * 2 ** 32);
  for (let y = 0, at = 0; y < height; y++) {
    const v = y / height - 0.5;
    for (let x = 0; x < width; x++) {
      const u = x / width - 0.5;
      const light = 1 + towardsX * u + towardsY * v - fall * (u * u + v * v);
      grain = (Math.imul(grain, 1664525) + 1013904223) >>> 0;
      const noise = ((grain >>> 24) - 127.5) / 32;
      for (let c = 0; c < 3; c++, at++) data[at] = clamp((pixels[at] ?? 0) * light + noise, 0, 255);
    }
  }
  return data;
}

/** Draws the picture of a seed. About 0.2 s a megapixel. */
export function generatePicture({ seed, width, height, scene }: PictureSpec): GeneratedPicture {
  const random = makeRandom(seed);
  const drawn = random() < 0.6 ? 'landscape' : 'still-life';
  const kind = scene ?? drawn;
  const size = { width, height };
  const canvas: Canvas = {
    ...size,
    pixels: new Float32Array(width * height * 3),
    rough: makeField(random, size, { cells: 5, octaves: 7, falloff: 0.75 }),
    soft: makeField(random, size, { cells: 3, octaves: 6, falloff: 0.65 }),
    tint: makeField(random, size, { cells: 2, octaves: 3, falloff: 0.7 }),
  };
  paintBackground(canvas, random);
  if (kind === 'landscape') paintRidges(canvas, random);
  else paintFloor(canvas, random);
  for (const shape of pickShapes(random, kind, height / width)) paintShape(canvas, shape);
  return { data: develop(canvas, random), width, height, channels: 3 };
}
