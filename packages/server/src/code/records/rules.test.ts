/** What an assessment lacks, what forms send, and what is offered as evidence. */
import { describe, expect, it } from 'vitest';
import { wholeDraft } from '../../../test/support/code-records.ts';
import type { KeptEvaluation } from '../evidence/schema.ts';
import { BODY_KINDS, BODY_SCHEMAS } from './body-schema.ts';
import { findMissing, lastReviewDay, type DraftFrame } from './draft-rules.ts';
import { FIELDS, fromBody, toBody } from './field-rules.ts';
import { listKinds } from './kind-rules.ts';
import { listFigures } from './offers.ts';
import type { AssessedKind, AssessmentDraft } from './schema.ts';
import { readKind } from './step-form-rules.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const NAMES = ['csea', 'imageCsam', 'grooming'];
const FRAME: DraftFrame = {
  kinds: NAMES.map((kind) => ({ kind, fact: `risk.${kind}`, title: kind, help: null })),
  hasControl: (id) => id === 'icu-c1',
  now: NOW,
};
const WHOLE = wholeDraft('illegal_content', { kinds: NAMES, nextReview: '2027-11-25' });
const withKind = (change: Partial<AssessedKind>, name = 'grooming'): Partial<AssessmentDraft> => ({
  ...WHOLE,
  kinds: WHOLE.kinds.map((one) => (one.kind === name ? { ...one, ...change } : one)),
});
const places = (draft: Partial<AssessmentDraft>, frame = FRAME): string[] => findMissing(draft, frame).map(({ at }) => at);

describe('an assessment', () => {
  it('lacks nothing when every step is done', () => expect(findMissing(WHOLE, FRAME)).toEqual([]));

  it.each<[string, Partial<AssessmentDraft>, string[]]>([
    ['no risk factors', { ...WHOLE, understanding: { riskFactors: ' ', consulted: 'x' } }, ['understanding']],
    ['nobody asked', { ...WHOLE, understanding: { riskFactors: 'x', consulted: '' } }, ['understanding']],
    ['a kind that nobody assessed', { ...WHOLE, kinds: WHOLE.kinds.filter(({ kind }) => kind !== 'imageCsam') }, ['kinds/imageCsam']],
    ['a kind twice', { ...WHOLE, kinds: [...WHOLE.kinds, ...WHOLE.kinds.slice(0, 1)] }, ['kinds/csea']],
    [
      'a kind that the catalogue does not know',
      { ...WHOLE, kinds: [...WHOLE.kinds, ...WHOLE.kinds.slice(0, 1).map((one) => ({ ...one, kind: 'other' }))] },
      ['kinds'],
    ],
    ['no reasons', withKind({ reasoning: ' ' }), ['kinds/grooming']],
    ['no evidence', withKind({ evidence: [] }), ['kinds/grooming']],
    ['evidence from nowhere', withKind({ evidence: [{ what: 'x', from: ' ' }] }), ['kinds/grooming', 'kinds/grooming']],
    [
      'half evidence beside whole',
      withKind({
        evidence: [
          { what: 'x', from: 'y' },
          { what: '', from: 'x' },
        ],
      }),
      ['kinds/grooming'],
    ],
    ['a negligible level that severity lifted', withKind({ level: 'negligible', isSeverityLifted: true }), ['kinds/grooming']],
    ['the whole lower than a part', withKind({ level: 'high' }), ['kinds/csea']],
    ['the whole lower than both parts', withKind({ level: 'low' }, 'csea'), ['kinds/csea']],
    ['a measure that the catalogue does not know', { ...WHOLE, measures: ['icu-c1', 'icu-zz'] }, ['measures']],
    ['no measures and no reason', { ...WHOLE, measures: [] }, ['measures']],
    ['reported to nobody', { ...WHOLE, review: { ...WHOLE.review, reportedTo: '' } }, ['review']],
    ['no triggers', { ...WHOLE, review: { ...WHOLE.review, triggers: '' } }, ['review']],
    ['a review today', { ...WHOLE, review: { ...WHOLE.review, nextReview: '2026-11-25' } }, ['review']],
    ['a review in more than twelve months', { ...WHOLE, review: { ...WHOLE.review, nextReview: '2027-11-26' } }, ['review']],
  ])('%s', (_name, draft, expected) => expect(places(draft)).toEqual(expected));

  it('may say in words why no measure is needed, and be lower in a part than in the whole', () => {
    expect(places({ ...WHOLE, measures: [], measuresNote: 'Nothing can be shared.' })).toEqual([]);
    expect(places(withKind({ level: 'negligible' }))).toEqual([]);
  });

  it('cannot be signed when the catalogue names no kind', () => expect(places({ ...WHOLE, kinds: [] }, { ...FRAME, kinds: [] })).toEqual(['kinds']));

  it('is looked at again within twelve months, in leap years too', () => {
    expect(lastReviewDay(new Date('2028-02-29T12:00:00Z'))).toBe('2029-03-01');
    expect(lastReviewDay(NOW)).toBe('2027-11-25');
  });
});

it('kinds are the levels that the catalogue asks for, with short names', () => {
  const level = (id: string, question: string): Parameters<typeof listKinds>[0][number] => ({
    id,
    section: 'illegal_risks',
    question,
    help: null,
    type: { kind: 'level' },
  });
  const facts = [
    level('risk.fraud', 'How high is the risk of fraud?'),
    level('childRisk.suicide', 'How high is the risk to children of content about suicide?'),
    { ...level('risk.any', 'Any?'), type: { kind: 'derived' as const, expr: 'true' } },
    level('risk.odd', 'What about oddities?'),
  ];
  expect(listKinds(facts, 'illegal_content').map(({ kind, title }) => [kind, title])).toEqual([
    ['fraud', 'Fraud'],
    ['odd', 'What about oddities?'],
  ]);
  expect(listKinds(facts, 'children').map(({ title }) => title)).toEqual(['Content about suicide']);
});

describe('forms', () => {
  it('have a control for every member of every kind, and no other', () => {
    for (const kind of BODY_KINDS)
      expect([kind, FIELDS[kind].map(({ name }) => name).toSorted()]).toEqual([kind, Object.keys(BODY_SCHEMAS[kind].shape).toSorted()]);
  });

  it('send what the schema takes, and the other way round', () => {
    const given = { metric: 'm', control: '', figure: 'Yes', statement: 'Said.', validUntil: '2027-01-01', documentSha256: '' };
    const body = toBody('attestation', given);
    expect(BODY_SCHEMAS.attestation.parse(body)).toEqual({ ...given, control: null, figure: true, documentSha256: null });
    expect(fromBody('attestation', body)).toEqual({ ...given, figure: 'yes' });
    for (const [text, figure] of Object.entries({ no: false, '0.97': 0.97, '12': 12, maybe: 'maybe', '-1': '-1', '': '' }))
      expect(toBody('attestation', { figure: text })['figure']).toBe(figure);
    expect(toBody('training', { due: '12', current: '1.5' })).toMatchObject({ due: 12, current: '1.5' });
  });

  it('of a kind of content give evidence in rows, empty ones left out', () => {
    const { value, errors } = readKind({
      level: 'high',
      reasoning: ' Why. ',
      'what-0': 'a',
      'from-0': 'b',
      'what-1': ' ',
      'from-1': '',
      'what-2': '',
      'from-2': 'c',
      figures: 'x.now',
    });
    expect(errors).toEqual([]);
    expect(value).toEqual({
      level: 'high',
      reasoning: 'Why.',
      isSeverityLifted: false,
      evidence: [
        { what: 'a', from: 'b' },
        { what: '', from: 'c' },
      ],
      figures: ['x.now'],
    });
    expect(readKind({ level: 'extreme', reasoning: 'x'.repeat(20_001) }).errors.map(({ at }) => at)).toEqual(['level', 'reasoning']);
  });
});

it('only what was measured is offered as evidence, once', () => {
  const item = { metric: 'm', title: 'Share', unit: 'ratio', mode: 'measured', window: '7d', figure: 0.5 };
  const items = [item, item, { ...item, metric: 'n', figure: null }, { ...item, metric: 'o', mode: 'attested' }, { ...item, window: '30d', figure: 1 }];
  // Only the members that are read.
  const kept = { evaluation: { id: 'evl_1', at: '2026-11-25T12:00:00Z', measures: [{ items }] } } as unknown as KeptEvaluation;
  expect(listFigures(kept)).toEqual([
    { key: 'm.7d', what: 'Share (the last 7 days): 50 %', from: 'Gatehouse, evaluation evl_1 of 2026-11-25' },
    { key: 'm.30d', what: 'Share (the last 30 days): 100 %', from: 'Gatehouse, evaluation evl_1 of 2026-11-25' },
  ]);
  expect(listFigures(undefined)).toEqual([]);
});
