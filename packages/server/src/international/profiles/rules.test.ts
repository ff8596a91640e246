/** What makes a statement, how old it may be, what a procedure is read from, what a phase needs. */
import { describe, expect, it } from 'vitest';
import { canReply, checkAssessment, listNextStates } from './assessment-rules.ts';
import { readHotline, readProcedure } from './procedure-rules.ts';
import { ASSESSMENT_STATES, TOPICS, type AssessmentInput, type EvidenceRef, type KeptStatement, type Statement } from './schema.ts';
import { checkStatement, isStale, KNOWN_KEYS, parseValue, sortArrivals, STALE_AFTER_DAYS } from './statement-rules.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-30T12:00:00Z');
const SOURCE: EvidenceRef = { url: null, publisher: 'p', title: 't', licence: null, retrievedAt: '2026-11-01', sha256: null, quote: null };

function said(key: string, value: Statement['value'], more: Partial<KeptStatement> = {}): KeptStatement {
  const topic = KNOWN_KEYS[key]?.topic ?? 'law';
  const asOf = '2026-11-01';
  return {
    country: 'NL',
    topic,
    key,
    value,
    text: key,
    asOf,
    source: SOURCE,
    caveat: null,
    id: `sta_${key}`,
    keptAt: NOW,
    keptBy: 'a',
    isStale: false,
    supersededAt: null,
    ...more,
  };
}
const procedure = (...statements: readonly KeptStatement[]) => readProcedure('NL', statements);

describe('a procedure', () => {
  it('of which nothing is said is unknown, and unknown is not no', () => {
    expect(procedure()).toEqual({
      country: 'NL',
      policeFirst: 'unknown',
      hotline: null,
      police: null,
      regulator: null,
      fallback:
        'Whether there is a hotline is not known. No portal, police unit or regulator is recorded: the national police through INTERPOL, else the host alone.',
      formats: [],
      workingDays: [1, 2, 3, 4, 5],
      areWorkingDaysKnown: false,
      holidays: [],
      timeZone: null,
      legalBasis: null,
      staleKeys: [],
      basis: [],
    });
  });

  it('says what is said', () => {
    const one = procedure(
      said('hotline', 'Example Line'),
      said('hotline_url', 'https://example.org/report'),
      said('hotline_email', 'line@example.org'),
      said('police', 'Unit'),
      said('regulator', 'Office'),
      said('police_first', true, { isStale: true, caveat: 'secondary' }),
      said('formats', 'portal, xarf'),
      said('working_days', '7,1,2,3,4,4'),
      said('holidays', '2026-12-26,2026-12-25'),
      said('time_zone', 'Europe/Amsterdam'),
      said('legal_basis', 'An act'),
    );
    expect(one).toMatchObject({
      policeFirst: 'yes',
      hotline: { name: 'Example Line', url: 'https://example.org/report', email: 'line@example.org' },
      police: { name: 'Unit', email: null },
      regulator: { name: 'Office', email: null },
      fallback: null,
      formats: ['xarf', 'portal'],
      workingDays: [1, 2, 3, 4, 7],
      areWorkingDaysKnown: true,
      holidays: ['2026-12-25', '2026-12-26'],
      timeZone: 'Europe/Amsterdam',
      legalBasis: 'An act',
      staleKeys: ['police_first'],
    });
    expect(one.basis).toContainEqual({ key: 'police_first', statementId: 'sta_police_first', asOf: '2026-11-01', isStale: true, caveat: 'secondary' });
    expect(procedure(said('police_first', false)).policeFirst).toBe('no');
  });

  it('falls back to the portal, the police, the regulator, the host, in this order, and to what was said for the country before all', () => {
    const steps = [
      said('hotline', false),
      said('regulator', 'Office'),
      said('police', 'Unit'),
      said('iwf_portal', 'https://portal.example.org/'),
      said('fallback', 'Ask the embassy.'),
    ];
    const fallbacks = steps.map((_none, index) => procedure(...steps.slice(0, index + 1)).fallback);
    expect(fallbacks).toEqual([
      'There is no hotline. No portal, police unit or regulator is recorded: the national police through INTERPOL, else the host alone.',
      'There is no hotline. The regulator (Office).',
      'There is no hotline. The national police (Unit), through INTERPOL.',
      'There is no hotline. Portal of the IWF: https://portal.example.org/',
      'Ask the embassy.',
    ]);
  });

  it('forgets what was taken back, and does not read a key of another topic', () => {
    expect(procedure(said('police_first', 'unknown'), said('hotline', 'unknown'))).toMatchObject({ policeFirst: 'unknown', hotline: null, basis: [] });
    expect(procedure(said('police_first', true, { topic: 'law' })).policeFirst).toBe('unknown');
  });

  it('knows whether there is a hotline, or that nobody looked', () => {
    expect([[], [said('hotline', false)], [said('hotline', 'unknown')], [said('hotline', 'L')]].map(readHotline)).toEqual(['unknown', 'no', 'unknown', 'yes']);
  });
});

describe('a statement', () => {
  it.each([
    ['police_first', 'yes', 'value'],
    ['police_first', true, undefined],
    ['police_first', 'unknown', undefined],
    ['hotline', true, 'value'],
    ['hotline', false, undefined],
    ['hotline_url', 'ftp://example.org', 'value'],
    ['hotline_email', 'a@b', 'value'],
    ['hotline_email', 'a@example.org,b@example.org', 'value'],
    ['hotline_email', 'a@example.org', undefined],
    ['formats', 'xarf,fax', 'value'],
    ['working_days', '1,8', 'value'],
    ['working_days', '0', 'value'],
    ['working_days', '1,2,7', undefined],
    ['holidays', '2026-02-30', 'value'],
    ['holidays', '2028-02-29,2026-12-25', undefined],
    ['time_zone', 'Mars/Olympus', 'value'],
    ['time_zone', 'Asia/Tokyo', undefined],
    ['something_else', 'x', undefined],
    ['constructor', 'x', undefined],
  ] as const)('%s = %j: fault at %s', (key, value, at) => {
    expect(checkStatement(said(key, value))[0]?.at).toBe(at);
  });

  it.each([
    ['police_first', 'true', true],
    ['hotline', 'false', false],
    ['hotline', '112', '112'],
    ['working_days', '5', '5'],
    ['working_days', '8', 8],
    ['anything', '12.5', 12.5],
    ['anything', '1,2', '1,2'],
    ['anything', 'true', true],
  ] as const)('%s typed as %s is %j', (key, text, value) => {
    expect(parseValue(key, text)).toBe(value);
  });

  it('of the procedure keeps to its topic', () => {
    expect(checkStatement(said('police_first', true, { topic: 'law' }))).toEqual([
      { at: 'topic', message: 'the key police_first belongs to the topic procedure' },
    ]);
  });

  it.each(TOPICS)('about %s is old after the time of its topic, counted from its day', (topic) => {
    const days = STALE_AFTER_DAYS[topic];
    const at = (asOf: string | null, retrievedAt: string): boolean => isStale({ topic, asOf, source: { retrievedAt } }, NOW);
    const before = (count: number): string => new Date(NOW.getTime() - count * DAY).toISOString().slice(0, 10);
    expect(at(before(days ?? 9_000), '2026-11-30')).toBe(days !== null);
    expect(at(before((days ?? 2) - 1), '2001-01-01')).toBe(false);
    // The source does not say the day: the day of reading counts.
    expect(at(null, before((days ?? 2) - 1))).toBe(false);
    expect(at(null, before((days ?? 9_000) + 1))).toBe(days !== null);
  });

  it('of a file is new, the same, or left alone by the seed', () => {
    const { id: _id, keptAt: _keptAt, keptBy: _keptBy, isStale: _stale, supersededAt: _superseded, ...statement } = said('opsc', 'party', { topic: 'treaty' });
    const sort = (keptBy: string, actor: string, change: Partial<Statement> = {}) =>
      sortArrivals({
        statements: [statement],
        current: new Map([['NL treaty opsc', { ...said('opsc', 'party', { topic: 'treaty', keptBy }), ...change }]]),
        actor,
      });
    expect(sortArrivals({ statements: [statement], current: new Map(), actor: 'seed' })).toEqual({ fresh: [statement], same: 0, left: 0 });
    expect(sort('per_a', 'seed')).toEqual({ fresh: [], same: 1, left: 0 });
    expect(sort('per_a', 'seed', { value: 'signatory' })).toEqual({ fresh: [], same: 0, left: 1 });
    expect(sort('seed', 'seed', { value: 'signatory' }).fresh).toHaveLength(1);
    expect(sort('per_a', 'per_b', { value: 'signatory' }).fresh).toHaveLength(1);
    for (const change of [{ text: 'x' }, { asOf: null }, { caveat: 'x' }, { source: { ...SOURCE, retrievedAt: '2020-01-01' } }])
      expect(sort('seed', 'seed', change).fresh).toHaveLength(1);
    expect(sort('seed', 'seed', { source: { ...SOURCE, sha256: 'a'.repeat(64) } }).same).toBe(1);
  });
});

describe('an assessment', () => {
  const claim = (verdict: AssessmentInput['claims'][number]['verdict']) => ({ text: 'c', verdict, evidence: [SOURCE] });
  it.each([
    [0, 1, ['no'], []],
    [0, 1, ['no', 'unknown'], []],
    [0, 1, ['unknown'], ['phase']],
    [0, 1, ['no', 'partly'], ['phase']],
    [0, 1, ['yes'], ['phase']],
    [1, 0.5, ['partly'], []],
    [4, 1, ['yes', 'no'], []],
    [1, 1, ['no', 'unknown'], ['phase']],
    [2, 0, ['yes'], ['coverage']],
  ] as const)('of phase %i with coverage %d and claims %j: faults %j', (phase, coverage, verdicts, faults) => {
    expect(checkAssessment({ phase, coverage, claims: verdicts.map(claim) }).map(({ at }) => at)).toEqual(faults);
  });

  it('goes from draft to published over a review, and nothing follows on superseded', () => {
    expect(ASSESSMENT_STATES.map((state) => [state, listNextStates(state), canReply(state)])).toEqual([
      ['draft', ['reviewed', 'superseded'], false],
      ['reviewed', ['published', 'superseded'], true],
      ['published', ['disputed', 'superseded'], true],
      ['disputed', ['published', 'superseded'], true],
      ['superseded', [], false],
    ]);
  });
});
