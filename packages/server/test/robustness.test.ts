/** A quick look at what the slow suite (slow/robustness.test.ts) measures on 40 pictures and 2,000 unrelated ones. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import sharp from 'sharp';
import { EDITS } from './support/edits.ts';
import { generatePicture } from './support/pictures.ts';
import { measureEdit, openRobustnessLab, type RobustnessLab } from './support/robustness.ts';

const originals = [1, 2].map((seed) => generatePicture({ seed, width: 400, height: 300 }));
let lab: RobustnessLab;

beforeAll(async () => {
  lab = await openRobustnessLab(originals);
});
afterAll(() => lab.close());

test.each(EDITS.filter(({ survives }) => survives).map((edit) => [edit.name, edit] as const))('%s is matched', async (_name, edit) => {
  expect(await measureEdit(lab, edit, originals)).toMatchObject({ matched: originals.length, wrong: 0 });
});

test('unrelated pictures are not', async () => {
  for (let seed = 1000; seed < 1020; seed++) {
    const { data, width, height } = generatePicture({ seed, width: 200, height: 150 });
    const jpeg = await sharp(Buffer.from(data), { raw: { width, height, channels: 3 } })
      .jpeg()
      .toBuffer();
    expect((await lab.screen(jpeg)).verdict).toBe('clear');
  }
});
