import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pdq } from '@gatehouse/pdq';
import sharp, { type Sharp } from 'sharp';
import { generatePicture, type GeneratedPicture } from './pictures.ts';

/**
 * Writes the console's demonstration: six sample pictures and a list that knows the first of them among 199 others. Everything is
 * generated. Run by samples.test.ts when GATEHOUSE_TEST_MAKE_SAMPLES=1.
 */

const ORIGINAL_SEED = 7;
const UNRELATED_SEED = 6;
/** Seeds of the pictures that are only listed; far from those of other tests. */
const LISTED_SEEDS = Array.from({ length: 199 }, (_, k) => 50_001 + k);
/** Of the listed pictures, the first so many are listed by MD5 and SHA-256 too. */
const DIGEST_COUNT = 20;

const SIZE = { width: 1024, height: 768 };

function open({ data, width, height, channels }: GeneratedPicture): Sharp {
  return sharp(data, { raw: { width, height, channels } });
}

async function hashFile(file: Buffer): Promise<string> {
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  return pdq({ data, width: info.width, height: info.height, channels: 3 }).hash;
}

function listDigests(file: Buffer, reference: string): string[] {
  return ['md5', 'sha256'].map((type) => `${type},${createHash(type).update(file).digest('hex')},${reference}`);
}

async function makeList(original: Buffer): Promise<string> {
  const lines = [`pdq,${await hashFile(original)},demo-original`, ...listDigests(original, 'demo-original')];
  for (const [k, seed] of LISTED_SEEDS.entries()) {
    const reference = `demo-${String(k + 1).padStart(3, '0')}`;
    const file = await open(generatePicture({ seed, width: 320, height: 240 }))
      .jpeg({ quality: 85 })
      .toBuffer();
    lines.push(`pdq,${await hashFile(file)},${reference}`);
    if (k < DIGEST_COUNT) lines.push(...listDigests(file, reference));
  }
  return `signal_type,value,reference\n${lines.join('\n')}\n`;
}

/** Writes original.jpg, its four edits, unrelated.jpg and demo-list.csv into `dir`. */
export async function makeSamples(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const picture = generatePicture({ seed: ORIGINAL_SEED, scene: 'landscape', ...SIZE });
  const original = await open(picture).jpeg({ quality: 90 }).toBuffer();
  const unrelated = generatePicture({ seed: UNRELATED_SEED, scene: 'landscape', ...SIZE });
  const files = {
    'original.jpg': original,
    'recompressed.jpg': await sharp(original).jpeg({ quality: 35 }).toBuffer(),
    'resized.jpg': await sharp(original).resize({ width: 480 }).jpeg({ quality: 85 }).toBuffer(),
    'flipped.jpg': await sharp(original).flop().jpeg({ quality: 85 }).toBuffer(),
    'rotated.jpg': await sharp(original).rotate(90).jpeg({ quality: 85 }).toBuffer(),
    'unrelated.jpg': await open(unrelated).jpeg({ quality: 85 }).toBuffer(),
    'demo-list.csv': await makeList(original),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
}
