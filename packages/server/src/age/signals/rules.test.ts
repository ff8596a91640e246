import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PROVENANCES, RangeSchema, SOURCES, type AgeRange } from './schema.ts';
import { answerOf, gradeOf, GRADES, mayConclude, sideOf, weigh } from './rules.ts';

const age = fc.integer({ min: 0, max: 150 });
const threshold = fc.integer({ min: 1, max: 99 });
const direction = fc.constantFrom('over' as const, 'under' as const);
const range: fc.Arbitrary<AgeRange> = fc
  .tuple(fc.option(age, { nil: undefined }), fc.option(age, { nil: undefined }))
  .filter(([lower, upper]) => (lower !== undefined || upper !== undefined) && (lower ?? 0) <= (upper ?? 150))
  .map(([lower, upper]) => ({ ...(lower === undefined ? {} : { lower }), ...(upper === undefined ? {} : { upper }) }));
/** Every whole age that the range admits. */
const agesOf = ({ lower = 0, upper = 150 }: AgeRange): number[] => Array.from({ length: upper - lower + 1 }, (_, index) => lower + index);

describe('what a range says', () => {
  it('is what is true of everybody in it, and unknown when the threshold is inside', () => {
    fc.assert(
      fc.property(range, threshold, direction, (given, limit, asked) => {
        const truths = new Set(agesOf(given).map((years) => (asked === 'over' ? years >= limit : years < limit)));
        const expected = truths.size === 2 ? 'unknown' : String([...truths][0]);
        expect(answerOf(sideOf(given, limit), asked)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the opposite in the other direction', () => {
    fc.assert(
      fc.property(range, threshold, (given, limit) => {
        const side = sideOf(given, limit);
        const both = [answerOf(side, 'over'), answerOf(side, 'under')].toSorted();
        expect(both).toEqual(side === 'unknown' ? ['unknown', 'unknown'] : ['false', 'true']);
      }),
    );
  });

  it('never turns round when the range is narrowed', () => {
    fc.assert(
      fc.property(range, threshold, fc.nat(), (given, limit, pick) => {
        const ages = agesOf(given);
        const years = ages[pick % ages.length] ?? 0;
        const [wide, narrow] = [sideOf(given, limit), sideOf({ lower: years, upper: years }, limit)];
        if (wide !== 'unknown') expect(narrow).toBe(wide);
        expect(narrow).not.toBe('unknown');
      }),
    );
  });

  it.each([
    [{ lower: 13, upper: 15 }, 13, 'over'],
    [{ lower: 13, upper: 15 }, 14, 'unknown'],
    [{ lower: 13, upper: 15 }, 15, 'unknown'],
    [{ lower: 13, upper: 15 }, 16, 'under'],
    [{ upper: 12 }, 13, 'under'],
    [{ upper: 13 }, 13, 'unknown'],
    [{ lower: 18 }, 18, 'over'],
    [{ lower: 18 }, 21, 'unknown'],
    [{ lower: 17 }, 18, 'unknown'],
  ] as const)('%j at %i is %s', (given, limit, side) => {
    expect(sideOf(given, limit)).toBe(side);
  });

  it.each([
    {},
    { lower: 5, upper: 4 },
    { lower: -1 },
    { upper: 151 },
    { lower: 1.5 },
    { lower: '18' },
    { lower: 18, exact: 19 },
    { lower: Number.NaN },
    null,
    [],
  ])('%j is no range', (given) => {
    expect(RangeSchema.safeParse(given).success).toBe(false);
  });
});

describe('grades', () => {
  it('there is one for every word of every platform, none above 1; what a person says of themselves, and what is not known, is 0', () => {
    for (const source of SOURCES) {
      expect(Object.keys(GRADES[source]).toSorted()).toEqual([...PROVENANCES[source]].toSorted());
      for (const grade of Object.values(GRADES[source])) expect([0, 1]).toContain(grade);
      expect(gradeOf({ source, provenance: 'unknown' })).toBe(0);
    }
    expect([GRADES.apple.selfDeclared, GRADES.play.TIER_A, GRADES.os.selfDeclared]).toEqual([0, 0, 0]);
    expect([GRADES.apple.governmentIDChecked, GRADES.play.TIER_D]).toEqual([1, 1]);
  });

  it('a signal ends a check that wants more only by saying "too young"', () => {
    const grade = fc.constantFrom(0 as const, 1 as const);
    const minGrade = fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const, 4 as const);
    fc.assert(
      fc.property(
        fc.constantFrom('true' as const, 'false' as const, 'unknown' as const),
        grade,
        minGrade,
        direction,
        threshold,
        (answer, own, min, asked, limit) => {
          const may = mayConclude({ threshold: limit, direction: asked, minGrade: min }, { answer, grade: own });
          if (answer === 'unknown') expect(may).toBe(false);
          else if (asked === 'over' && answer === 'false') expect(may).toBe(true);
          else expect(may).toBe(own >= min);
        },
      ),
    );
  });
});

describe('contradictions', () => {
  const young = { direction: 'over', saysOver: false, saysUnder: true } as const;
  it.each([
    ['an estimate above, against a young signal', young, 'true', 'estimated', 'opens_against_signal'],
    ['a document above, against a young signal', young, 'true', 'verified', 'contradicted'],
    ['an estimate below, with a young signal', young, 'false', 'estimated', 'agrees'],
    ['no answer', young, 'inconclusive', 'estimated', 'agrees'],
    ['no signal', undefined, 'true', 'estimated', 'agrees'],
    [
      'an estimate below, against an old signal: it opens nothing',
      { direction: 'over', saysOver: true, saysUnder: false },
      'false',
      'estimated',
      'contradicted',
    ],
    [
      'an estimate "under 13" for a place of children, against an old signal',
      { direction: 'under', saysOver: true, saysUnder: false },
      'true',
      'estimated',
      'opens_against_signal',
    ],
    [
      'an estimate "not under 13", against a young signal',
      { direction: 'under', saysOver: false, saysUnder: true },
      'false',
      'estimated',
      'opens_against_signal',
    ],
    ['signals that contradict each other', { direction: 'over', saysOver: true, saysUnder: true }, 'true', 'declared', 'opens_against_signal'],
  ] as const)('%s', (_name, hint, result, kind, expected) => {
    expect(weigh(hint, { result, kind })).toBe(expected);
  });
});
