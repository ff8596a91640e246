import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveBuffer, judgeEstimate, passRate, upperTail } from './buffer-rules.ts';
import type { AgeError } from './schema.ts';

/** Mean absolute error of a normal distribution to its standard deviation. */
const fromMae = (mae: number): number => mae * Math.sqrt(Math.PI / 2);
const row = (age: number, standardDeviation: number, bias = 0): AgeError => ({ age, standardDeviation, bias });

describe('wrong acceptances by the model', () => {
  // The study's table for a 17-year-old (section 6 of the age study): mean absolute error, challenge age, share accepted.
  it.each([
    [1.3, 18, 0.27],
    [1.3, 21, 0.007],
    [2.5, 18, 0.37],
    [2.5, 21, 0.1],
    [2.5, 23, 0.028],
    [2.5, 25, 0.0053],
    [3.5, 21, 0.18],
    [3.5, 25, 0.034],
    [3.5, 30, 0.0015],
  ])('error %f years, challenge age %i: %f', (mae, challengeAge, expected) => {
    expect(passRate(row(17, fromMae(mae)), challengeAge)).toBeCloseTo(expected, expected < 0.01 ? 3 : 2);
  });

  it('has the tail of the normal distribution', () => {
    for (const [z, tail] of [
      [0, 0.5],
      [1, 0.158655254],
      [1.959963985, 0.025],
      [3, 0.001349898],
      [5, 2.866515719e-7],
      [-1, 0.841344746],
    ] as const)
      expect(upperTail(z) / tail).toBeCloseTo(1, 5);
  });

  it('agrees with a simulation', () => {
    // A sum of twelve uniform numbers less 6 is nearly normal; xorshift with a fixed seed, 200,000 draws.
    let seed = 12345;
    const draw = (): number => {
      for (const shift of [13, -17, 5]) seed ^= shift > 0 ? seed << shift : seed >>> -shift;
      return (seed >>> 0) / 2 ** 32;
    };
    let passed = 0;
    for (let i = 0; i < 200_000; i++) {
      let sum = -6;
      for (let j = 0; j < 12; j++) sum += draw();
      if (17.5 + 0.4 + 2.2 * sum >= 21) passed++;
    }
    expect(Math.abs(passRate(row(17.5, 2.2, 0.4), 21) - passed / 200_000)).toBeLessThan(0.004);
  });
});

describe('the challenge age', () => {
  it('is the first at which every declared age keeps the limit', () => {
    const errors = [row(15, 2), row(16, 2), row(17, 3.13)];
    const found = deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors }, 0.01);
    expect(found).toMatchObject({ kind: 'challenge', challengeAge: 25 });
    // A worse error at a younger age counts too.
    expect(deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors: [...errors, row(13, 6)] }, 0.01)).toMatchObject({
      challengeAge: 27,
    });
  });

  it('is as exact for 16, and for "under"', () => {
    expect(deriveBuffer({ threshold: 16, direction: 'over' }, { basis: 'estimates', errors: [row(15, 1.5)] }, 0.01)).toMatchObject({ challengeAge: 19 });
    // Adults must not pass as under 13: a 13-year-old may be taken for under 9 in at most 1 of 100.
    const under = deriveBuffer({ threshold: 13, direction: 'under' }, { basis: 'estimates', errors: [row(13, 1.5), row(14, 1.5)] }, 0.01);
    expect(under).toMatchObject({ kind: 'challenge', challengeAge: 9 });
  });

  it('is refused where nothing is declared near the threshold, or no buffer is enough', () => {
    expect(deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors: [row(14, 1)] }, 0.01).kind).toBe('impossible');
    expect(deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors: [] }, 0.5).kind).toBe('impossible');
    expect(deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors: [row(17, 9)] }, 0.01).kind).toBe('impossible');
  });

  it('takes the worse of the model and what was measured, and measurements only on the safe side', () => {
    const measured: AgeError = { age: 17, bias: 0, standardDeviation: 1, measuredPassRates: { 21: 0.05, 25: 0.004 } };
    expect(deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors: [measured] }, 0.01)).toMatchObject({ challengeAge: 25 });
    expect(
      deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'estimates', errors: [{ age: 17, bias: 0, measuredPassRates: { 25: 0.004 } }] }, 0.01),
    ).toMatchObject({ challengeAge: 25 });
  });

  it('is the threshold itself for who verifies', () => {
    expect(deriveBuffer({ threshold: 18, direction: 'over' }, { basis: 'verifies', errors: [] }, 0)).toMatchObject({
      challengeAge: 18,
      predictedWrongAccept: 0,
    });
  });

  it('never lets more through than the limit, whatever is declared', () => {
    const errors = fc.array(
      fc.record({
        age: fc.integer({ min: 8, max: 30 }),
        standardDeviation: fc.double({ min: 0.2, max: 6, noNaN: true }),
        bias: fc.double({ min: -2, max: 2, noNaN: true }),
      }),
      { minLength: 1, maxLength: 12 },
    );
    const question = fc.record({ threshold: fc.integer({ min: 10, max: 25 }), direction: fc.constantFrom('over' as const, 'under' as const) });
    fc.assert(
      fc.property(question, errors, fc.double({ min: 0.0005, max: 0.2, noNaN: true }), (asked, rows, limit) => {
        const found = deriveBuffer(asked, { basis: 'estimates', errors: rows }, limit);
        if (found.kind === 'impossible') return;
        expect(Math.sign(found.challengeAge - asked.threshold)).not.toBe(asked.direction === 'over' ? -1 : 1);
        for (const { age, standardDeviation, bias } of rows) {
          if (asked.direction === 'over' ? age >= asked.threshold : age < asked.threshold) continue;
          const above = upperTail((found.challengeAge - age - bias) / standardDeviation);
          expect(asked.direction === 'over' ? above : 1 - above).toBeLessThanOrEqual(limit + 1e-12);
        }
      }),
    );
  });
});

describe('an estimate', () => {
  it.each([
    ['over', 25, 'true'],
    ['over', 24.99, 'inconclusive'],
    ['over', 12, 'inconclusive'],
    ['over', 11.9, 'false'],
    ['over', Number.NaN, 'inconclusive'],
    ['over', -1, 'inconclusive'],
    ['over', 400, 'inconclusive'],
  ] as const)('%s 18 with challenge age 25 and refusal below 12: %f is %s', (direction, years, expected) => {
    expect(judgeEstimate({ threshold: 18, direction }, years, { accept: 25, refuse: 12 })).toBe(expected);
  });

  it.each([
    [8.9, 'true'],
    [9, 'inconclusive'],
    [17.9, 'inconclusive'],
    [18, 'false'],
  ] as const)('under 13 with challenge age 9 and refusal from 18: %f is %s', (years, expected) => {
    expect(judgeEstimate({ threshold: 13, direction: 'under' }, years, { accept: 9, refuse: 18 })).toBe(expected);
    expect(judgeEstimate({ threshold: 13, direction: 'under' }, 40, { accept: 9, refuse: undefined })).toBe('inconclusive');
  });
});
