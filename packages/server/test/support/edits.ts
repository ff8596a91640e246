import sharp, { type Sharp } from 'sharp';
import { makeRandom } from './picture-noise.ts';
import { type GeneratedPicture } from './pictures.ts';

/**
 * Edits that people make to pictures before they upload them again, after a study of 26 photographs (survives: recall of 90 % or more
 * there, or nearly so). Each gives an encoded file; where the edit is not itself an encoding, JPEG of quality 85.
 */
export interface Edit {
  readonly name: string;
  /** Whether PDQ in eight orientations is known to match the result in at least 9 of 10 pictures. */
  readonly survives: boolean;
  readonly apply: (picture: GeneratedPicture) => Promise<Buffer>;
}

type Change = (image: Sharp, picture: GeneratedPicture) => Sharp;

function open({ data, width, height, channels }: GeneratedPicture): Sharp {
  return sharp(Buffer.from(data.buffer, data.byteOffset, data.byteLength), { raw: { width, height, channels } });
}

const asJpeg = (image: Sharp): Promise<Buffer> => image.jpeg({ quality: 85 }).toBuffer();

const BLACK = { r: 0, g: 0, b: 0 };
const WHITE = { r: 255, g: 255, b: 255 };
const UI_GREY = { r: 236, g: 238, b: 240 };

/** One flat layer with a word on it, as a watermark or caption. */
function drawLabel(width: number, height: number, fill: string): Buffer {
  const stroke = Math.max(2, Math.round(height / 6));
  const wave = Array.from({ length: 9 }, (_, k) => `${((k + 0.5) * width) / 9},${k % 2 === 0 ? height * 0.25 : height * 0.75}`).join(' ');
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${fill}"/>` +
      `<polyline points="${wave}" fill="none" stroke="white" stroke-width="${stroke}"/></svg>`,
  );
}

interface Mark {
  /** Width and height of the mark as fractions of the picture's. */
  readonly share: readonly [number, number];
  readonly fill: string;
  readonly gravity: 'southeast' | 'centre';
}

function withMark({ share, fill, gravity }: Mark): Change {
  return (image, { width, height }) => {
    const label = drawLabel(Math.round(width * share[0]), Math.round(height * share[1]), fill);
    return image.composite([{ input: label, gravity }]);
  };
}

/** Gaussian noise of about 12 levels, as of a bad sensor. */
function withNoise(picture: GeneratedPicture): GeneratedPicture {
  const random = makeRandom(picture.data.length);
  const data = picture.data.map((value) => Math.min(255, Math.max(0, value + 24 * (random() + random() + random() - 1.5))));
  return { ...picture, data };
}

function cropped(share: number): Change {
  return (image, { width, height }) => {
    const [left, top] = [Math.round(width * share), Math.round(height * share)];
    return image.extract({ left, top, width: width - 2 * left, height: height - 2 * top });
  };
}

function bordered(share: number, background: { r: number; g: number; b: number }): Change {
  return (image, { width, height }) => {
    const [x, y] = [Math.round(width * share), Math.round(height * share)];
    return image.extend({ left: x, right: x, top: y, bottom: y, background });
  };
}

/** Rotates by a few degrees and cuts the corners off, as phone editors do. */
async function tilt(picture: GeneratedPicture, degrees: number): Promise<Buffer> {
  const { width, height } = picture;
  const turned = await open(picture).rotate(degrees, { background: BLACK }).png().toBuffer({ resolveWithObject: true });
  const [left, top] = [Math.floor((turned.info.width - width) / 2), Math.floor((turned.info.height - height) / 2)];
  return asJpeg(sharp(turned.data).extract({ left: Math.max(0, left), top: Math.max(0, top), width, height }));
}

const change = (name: string, survives: boolean, make: Change): Edit => ({
  name,
  survives,
  apply: (picture) => asJpeg(make(open(picture), picture)),
});

const encode = (name: string, finish: (image: Sharp) => Sharp): Edit => ({
  name,
  survives: true,
  apply: (picture) => finish(open(picture)).toBuffer(),
});

const survive = (name: string, make: Change): Edit => change(name, true, make);
const defeat = (name: string, make: Change): Edit => change(name, false, make);

const SURVIVED: readonly Edit[] = [
  encode('jpeg-q50', (image) => image.jpeg({ quality: 50 })),
  encode('jpeg-q20', (image) => image.jpeg({ quality: 20 })),
  encode('jpeg-q10', (image) => image.jpeg({ quality: 10 })),
  encode('webp-q50', (image) => image.webp({ quality: 50 })),
  encode('avif-q40', (image) => image.avif({ quality: 40, effort: 1 })),
  encode('png', (image) => image.png()),
  survive('resize-half', (image, { width }) => image.resize({ width: Math.round(width / 2) })),
  survive('resize-320', (image) => image.resize({ width: 320 })),
  survive('resize-128', (image) => image.resize({ width: 128 })),
  survive('stretch-square', (image, { width }) => image.resize({ width, height: width, fit: 'fill' })),
  survive('greyscale', (image) => image.greyscale()),
  survive('hue-90', (image) => image.modulate({ hue: 90 })),
  survive('contrast-1.5', (image) => image.linear(1.5, -64)),
  survive('brightness-1.3', (image) => image.linear(1.3, 0)),
  survive('brightness-0.6', (image) => image.linear(0.6, 0)),
  survive('blur-2', (image) => image.blur(2)),
  survive('blur-8', (image) => image.blur(8)),
  survive('sharpen', (image) => image.sharpen({ sigma: 2 })),
  { name: 'noise', survives: true, apply: (picture) => asJpeg(open(withNoise(picture))) },
  survive('watermark-corner-25', withMark({ share: [0.25, 0.1], fill: 'rgba(0,0,0,0.35)', gravity: 'southeast' })),
  survive('flip-left-right', (image) => image.flop()),
  survive('flip-top-bottom', (image) => image.flip()),
  survive('rotate-90', (image) => image.rotate(90)),
  survive('rotate-180', (image) => image.rotate(180)),
  survive('rotate-270', (image) => image.rotate(270)),
  survive('transpose', (image) => image.rotate(90).flop()),
];

/** The honest gap: what a perceptual hash of the whole picture misses, often or always. */
const NOT_SURVIVED: readonly Edit[] = [
  defeat('gamma-2.2', (image) => image.gamma(1, 2.2)),
  defeat('watermark-centre-50', withMark({ share: [0.5, 0.5], fill: 'rgba(0,0,0,0.5)', gravity: 'centre' })),
  defeat('box-30', withMark({ share: [0.3, 0.3], fill: 'black', gravity: 'centre' })),
  defeat('crop-2', cropped(0.02)),
  defeat('crop-5', cropped(0.05)),
  defeat('crop-10', cropped(0.1)),
  { name: 'tilt-2', survives: false, apply: (picture) => tilt(picture, 2) },
  { name: 'tilt-5', survives: false, apply: (picture) => tilt(picture, 5) },
  { name: 'tilt-10', survives: false, apply: (picture) => tilt(picture, 10) },
  defeat('border-5-black', bordered(0.05, BLACK)),
  defeat('border-5-white', bordered(0.05, WHITE)),
  defeat('letterbox', (image, { height }) => image.extend({ top: Math.round(height / 6), bottom: Math.round(height / 6), background: BLACK })),
  defeat('screenshot', bordered(0.2, UI_GREY)),
  defeat('caption-bar', (image, { height }) => image.extend({ bottom: Math.round(height * 0.12), background: WHITE })),
  defeat('collage', (image, { width }) => image.extend({ right: width, background: UI_GREY, extendWith: 'mirror' })),
  defeat('negative', (image) => image.negate({ alpha: false })),
];

export const EDITS: readonly Edit[] = [...SURVIVED, ...NOT_SURVIVED];
