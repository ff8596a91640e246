import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBodyLab, type BodyLab } from '../../../test/support/bodies.ts';
import { readingsOf } from './reading-rules.ts';
import { findEmbedded, findShiftedPicture } from './text-pieces.ts';

let lab: BodyLab;
beforeAll(async () => {
  lab = await openBodyLab();
});
afterAll(() => lab.stop());

describe('text that is made to be slow', () => {
  // With an expression that tries every way to divide it, one of these would hold up the whole gate, and this run.
  it.each<[string, string]>([
    ['comments', '<!---->'.repeat(100_000)],
    ['comments that do not end', '<!--'.repeat(200_000)],
    ['rows of numbers', `${'1,'.repeat(255)}x`.repeat(1500)],
    ['numbers far apart', `1${' '.repeat(3000)},`.repeat(250)],
    ['backslashes', '\\'.repeat(900_000)],
    ['marks of base64', ';base64,'.repeat(100_000)],
    ['beginnings of data: addresses', 'data:'.repeat(180_000)],
    ['ampersands', '&#'.repeat(400_000)],
    ['escaped percent signs', `${'%25'.repeat(1000)}%${'25'.repeat(400_000)}`],
    ['percent signs', '%'.repeat(900_000)],
    ['spaces behind marks', ';base64,   '.repeat(80_000)],
    ['hyphens', '-,'.repeat(450_000)],
    ['indices', '"1":'.repeat(220_000)],
    ['runs with spaces', `${'A'.repeat(41)} `.repeat(20_000)],
    ['lines of letters', `${'A'.repeat(41)}\n`.repeat(7) + ' '.repeat(800_000)],
  ])('%s', async (_name, text) => {
    expect(['release', 'refuse', 'stop']).toContain((await lab.screen(Buffer.from(text), { 'content-type': 'text/plain' })).kind);
  });

  it('lets others have their turn, and short text is looked at in one', () => {
    const countTurns = (text: string): number => {
      const readings = readingsOf(text);
      let turns = 0;
      let step = readings.next();
      for (; step.done !== true; step = readings.next()) turns += 1;
      for (const steps of [findShiftedPicture(step.value), findEmbedded(step.value)]) while (steps.next().done !== true) turns += 1;
      return turns;
    };
    const mixed = String.raw`\u0041%41&#65;"1":2,`;
    expect(countTurns(mixed)).toBe(0);
    // One for each look at each reading.
    expect(countTurns(mixed.repeat(10_000))).toBeGreaterThan(40);
  });
});
