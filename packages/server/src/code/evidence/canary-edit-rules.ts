/** What people do to pictures and PDQ survives: each edit keeps within the distance that lists match by (test: every picture, every edit). Pure. */
import { makeRandom, type Picture } from './canary-picture-rules.ts';

export const TRANSFORMS = [
  'unchanged',
  'mirrored',
  'turned',
  'upside_down',
  'halved',
  'darker',
  'brighter',
  'contrast',
  'grey',
  'noise',
  'blurred',
  'framed',
] as const;
export type Transform = (typeof TRANSFORMS)[number];

export function transform(picture: Picture, how: Transform): Picture {
  return EDITS[how](picture);
}

const EDITS: Readonly<Record<Transform, (picture: Picture) => Picture>> = {
  unchanged: (picture) => picture,
  mirrored: (picture) => resample(picture, picture, (x, y) => [picture.width - 1 - x, y]),
  turned: (picture) => resample(picture, { width: picture.height, height: picture.width }, (x, y) => [y, picture.height - 1 - x]),
  upside_down: (picture) => resample(picture, picture, (x, y) => [picture.width - 1 - x, picture.height - 1 - y]),
  halved: halve,
  darker: (picture) => mapBytes(picture, (value) => value * 0.75),
  brighter: (picture) => mapBytes(picture, (value) => 255 - (255 - value) * 0.8),
  contrast: (picture) => mapBytes(picture, (value) => 128 + (value - 128) * 0.7),
  grey: greyOut,
  noise: addNoise,
  blurred: blur,
  framed: cutEdge,
};

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @param from the place in the picture that each place of the result is taken from */
function resample(picture: Picture, { width, height }: Size, from: (x: number, y: number) => readonly [number, number]): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = from(x, y);
      const at = (fromY * picture.width + fromX) * 3;
      const to = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) rgb[to + channel] = picture.rgb[at + channel] ?? 0;
    }
  }
  return { width, height, rgb };
}

function mapBytes(picture: Picture, change: (value: number, at: number) => number): Picture {
  return { ...picture, rgb: picture.rgb.map((value, at) => Math.min(255, Math.max(0, Math.round(change(value, at))))) };
}

/** Each pixel of the result is the mean of a square of the picture. */
function average(picture: Picture, size: Size, square: (x: number, y: number) => { readonly x: number; readonly y: number; readonly side: number }): Picture {
  const rgb = new Uint8Array(size.width * size.height * 3);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++)
      for (let channel = 0; channel < 3; channel++) rgb[(y * size.width + x) * 3 + channel] = meanOf(picture, square(x, y), channel);
  }
  return { ...size, rgb };
}

function meanOf({ width, height, rgb }: Picture, square: { readonly x: number; readonly y: number; readonly side: number }, channel: number): number {
  let sum = 0;
  for (let dy = 0; dy < square.side; dy++) {
    const y = Math.min(height - 1, Math.max(0, square.y + dy));
    for (let dx = 0; dx < square.side; dx++) sum += rgb[(y * width + Math.min(width - 1, Math.max(0, square.x + dx))) * 3 + channel] ?? 0;
  }
  return Math.round(sum / square.side ** 2);
}

function halve(picture: Picture): Picture {
  const size = { width: picture.width >> 1, height: picture.height >> 1 };
  return average(picture, size, (x, y) => ({ x: 2 * x, y: 2 * y, side: 2 }));
}

function blur(picture: Picture): Picture {
  return average(picture, picture, (x, y) => ({ x: x - 1, y: y - 1, side: 3 }));
}

function greyOut(picture: Picture): Picture {
  const { rgb } = picture;
  // Rec. 601, as PDQ weighs the channels.
  const luma = (at: number): number => 0.299 * (rgb[at] ?? 0) + 0.587 * (rgb[at + 1] ?? 0) + 0.114 * (rgb[at + 2] ?? 0);
  return mapBytes(picture, (_value, at) => luma(at - (at % 3)));
}

function addNoise(picture: Picture): Picture {
  const random = makeRandom(picture.rgb.length);
  return mapBytes(picture, (value) => value + 24 * (random() - 0.5));
}

/** Half a per cent off each edge. */
function cutEdge(picture: Picture): Picture {
  const [left, top] = [Math.round(picture.width / 200), Math.round(picture.height / 200)];
  return resample(picture, { width: picture.width - 2 * left, height: picture.height - 2 * top }, (x, y) => [x + left, y + top]);
}
