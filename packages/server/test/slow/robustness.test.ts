/**
 * What a perceptual hash of the whole picture bears and what it does not: 40 generated pictures, every edit of edits.ts, through the real
 * decoder program and a list. The table is printed; docs/capacity.md and the guides quote it.
 */
import { writeSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EDITS } from '../support/edits.ts';
import { generatePicture } from '../support/pictures.ts';
import { measureEdit, openRobustnessLab, toTable, type EditResult, type RobustnessLab } from '../support/robustness.ts';

const PICTURES = 40;
const UNRELATED = 2000;
const originals = Array.from({ length: PICTURES }, (_, index) => generatePicture({ seed: index + 1, width: 640, height: 480 }));
const results: EditResult[] = [];
let lab: RobustnessLab;

/** Of 40. What is not named must be matched every time; pinned here, so that a change of one picture is seen. */
const MATCHED: Readonly<Record<string, number>> = {};

beforeAll(async () => {
  lab = await openRobustnessLab(originals);
});
afterAll(async () => {
  await lab.close();
  writeSync(1, `\n${toTable(results)}\n`);
});

describe('edits', () => {
  test.each(EDITS.map((edit) => [edit.name, edit] as const))('%s', async (_name, edit) => {
    const result = await measureEdit(lab, edit, originals);
    results.push(result);
    expect(result.wrong).toBe(0);
    if (!edit.survives) return;
    expect(result.matched).toBeGreaterThanOrEqual(MATCHED[edit.name] ?? PICTURES);
    expect(result.matched).toBeGreaterThanOrEqual(PICTURES * 0.9);
  });
});

/** Several tests, so that none of them comes near the time limit on a loaded machine. */
const PARTS = 8;

describe(`${UNRELATED} unrelated pictures`, () => {
  test.each(Array.from({ length: PARTS }, (_, part) => part))('part %i gives no match', async (part) => {
    const verdicts: Record<string, number> = {};
    const seeds = Array.from({ length: UNRELATED / PARTS }, (_, index) => 100_000 + part * (UNRELATED / PARTS) + index).values();
    const work = async (): Promise<void> => {
      for (const seed of seeds) {
        const { data, width, height } = generatePicture({ seed, width: 256, height: 256 });
        const jpeg = await sharp(Buffer.from(data), { raw: { width, height, channels: 3 } })
          .jpeg()
          .toBuffer();
        const { verdict } = await lab.screen(jpeg);
        verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
      }
    };
    await Promise.all([work(), work(), work()]);
    expect(verdicts).toEqual({ clear: UNRELATED / PARTS });
  });
});
