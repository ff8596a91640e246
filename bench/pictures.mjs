/** Seeded, benign pictures with detail at every scale (1/f noise in colour), as encoded files. */
import sharp from 'sharp';

export function createRandom(seed) {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Raw RGB of `width` x `height`. */
export async function makePixels(seed, width, height) {
  const random = createRandom(seed);
  const sum = new Float32Array(width * height * 3);
  let weight = 1;
  for (let cells = 3; cells <= Math.min(width, height) / 2; cells *= 2) {
    const noise = Buffer.alloc(cells * cells * 3);
    for (let i = 0; i < noise.length; i++) noise[i] = random() & 255;
    const layer = await sharp(noise, { raw: { width: cells, height: cells, channels: 3 } })
      .resize(width, height, { fit: 'fill', kernel: 'cubic' })
      .raw()
      .toBuffer();
    for (let i = 0; i < sum.length; i++) sum[i] += (layer[i] - 128) * weight;
    weight *= 0.6;
  }
  const pixels = Buffer.alloc(sum.length);
  for (let i = 0; i < sum.length; i++) pixels[i] = Math.max(0, Math.min(255, 128 + sum[i] * 0.6));
  return { data: pixels, width, height, channels: 3 };
}

export function encode({ data, width, height, channels }, format) {
  const picture = sharp(data, { raw: { width, height, channels } });
  if (format === 'jpeg') return picture.jpeg({ quality: 85 }).toBuffer();
  if (format === 'png') return picture.png().toBuffer();
  if (format === 'webp') return picture.webp({ quality: 80 }).toBuffer();
  throw new Error(`no encoder for ${format}`);
}
