import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ORIENTATIONS, hammingDistance, pdqOrientations, type Orientation } from '@gatehouse/pdq';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeSamples } from './support/make-samples.ts';

/** The try-it page's pictures and list. GATEHOUSE_TEST_MAKE_SAMPLES=1 makes them anew before they are checked. */
const DIR = fileURLToPath(new URL('../src/console/data/', import.meta.url));

const readList = async (): Promise<string[][]> => {
  const [, ...lines] = (await readFile(`${DIR}demo-list.csv`, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => line.split(','));
};

interface Nearest {
  readonly distance: number;
  readonly reference: string;
  readonly orientation: Orientation;
}

/** The listed PDQ hash that is nearest to any orientation of a sample. */
async function findNearest(name: string): Promise<Nearest> {
  const { data, info } = await sharp(`${DIR}${name}`).raw().toBuffer({ resolveWithObject: true });
  const { hashes, quality } = pdqOrientations({ data, width: info.width, height: info.height, channels: 3 });
  expect(quality).toBeGreaterThanOrEqual(80);
  let nearest: Nearest = { distance: 257, reference: '', orientation: 'original' };
  for (const [type, value = '', reference = ''] of await readList()) {
    if (type !== 'pdq') continue;
    for (const [i, orientation] of ORIENTATIONS.entries()) {
      const distance = hammingDistance(hashes[i] ?? '', value);
      if (distance < nearest.distance) nearest = { distance, reference, orientation };
    }
  }
  return nearest;
}

describe('the samples of the try-it page', () => {
  beforeAll(async () => {
    if (process.env['GATEHOUSE_TEST_MAKE_SAMPLES'] === '1') await makeSamples(DIR);
  });

  it.each([
    ['original.jpg', 'original'],
    ['recompressed.jpg', 'original'],
    ['resized.jpg', 'original'],
    ['flipped.jpg', 'flipY'],
    ['rotated.jpg', 'rot90'],
  ])('%s is on the demonstration list, in orientation %s', async (name, orientation) => {
    const nearest = await findNearest(name);
    expect(nearest).toMatchObject({ reference: 'demo-original', orientation });
    expect(nearest.distance).toBeLessThanOrEqual(name === 'original.jpg' ? 0 : 31);
  });

  it('unrelated.jpg is far from everything on the list', async () => {
    expect((await findNearest('unrelated.jpg')).distance).toBeGreaterThan(60);
  });

  it("the list has 200 PDQ entries and digests, the original's among them, and nothing malformed", async () => {
    const lines = await readList();
    const length = { pdq: 64, md5: 32, sha256: 64 } as const;
    for (const [type = '', value = '', reference = '', ...more] of lines) {
      expect(value).toMatch(new RegExp(`^[0-9a-f]{${length[type as keyof typeof length]}}$`));
      expect(reference).toMatch(/^demo-(?:original|\d{3})$/);
      expect(more).toEqual([]);
    }
    expect(lines.filter(([type]) => type === 'pdq')).toHaveLength(200);
    const original = await readFile(`${DIR}original.jpg`);
    for (const type of ['md5', 'sha256']) {
      expect(lines).toContainEqual([type, createHash(type).update(original).digest('hex'), 'demo-original']);
    }
  });

  it('no file exceeds 200 kB, so that the page stays light', async () => {
    for (const name of await readdir(DIR)) expect((await readFile(`${DIR}${name}`)).length).toBeLessThan(200_000);
  });
});
