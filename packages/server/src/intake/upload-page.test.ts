import { describe, expect, it } from 'vitest';
import { expectSafePage, HOSTILE, NOBODY, PERSON, withRights } from '../../test/support/markup.ts';
import type { Hit } from '../lists/index.ts';
import type { Screening } from '../screening/index.ts';
import type { UploadView } from './schema.ts';
import { renderPreviewPage, renderUploadPage } from './upload-page.tsx';
import { FilterFormSchema, renderUploadsPage, toFilter } from './uploads-page.tsx';

const ID = 'upl_01jdk2m3n4p5q6r7s8t9v0w1x2';
const AT = '2026-11-25T12:00:00.000Z';
const HIT: Hit = {
  listId: 'list_01jdk2m3n4p5q6r7s8t9v0w1x2',
  listName: HOSTILE,
  entry: 3,
  reference: HOSTILE,
  signal: 'pdq',
  distance: 6,
  quality: 100,
  orientation: 'rot90',
  rendering: 'opaque',
  form: 'full',
  disposition: 'hold',
};
const SCREENING: Screening = {
  verdict: 'match',
  explanation: HOSTILE,
  hits: [HIT, { ...HIT, entry: 4, signal: 'sha256', distance: 0 }],
  hitCount: 30,
  quality: 100,
  media: { type: HOSTILE },
  listSetVersion: 7,
  engineVersion: HOSTILE,
  timings: { waitMs: 0.1, decodeMs: 18, hashMs: 9.3, matchMs: 0.02, totalMs: 30 },
};
const UPLOAD: UploadView = {
  id: ID,
  state: 'held',
  reference: HOSTILE,
  sizeBytes: 123_456,
  sha256: 'a'.repeat(64),
  mediaType: 'image/jpeg',
  createdAt: AT,
  decidedAt: AT,
  expiresAt: AT,
  disposition: 'hold',
  attempts: 1,
  screening: SCREENING,
  message: HOSTILE,
  links: { self: '', content: '' },
};

describe('the page of an upload', () => {
  it('says why: list, entry, signal, distance, quality, orientation, version, timings', () => {
    const markup = renderUploadPage({ upload: UPLOAD, callbacks: [], canView: true, looks: undefined }, PERSON);
    expectSafePage(markup);
    for (const words of [
      '6 of 256 bits differ',
      'turned by 90° anticlockwise',
      'PDQ (how the picture looks)',
      '100 of 100',
      'List-set version',
      '18 ms',
      '29 further matches',
    ])
      expect(markup).toContain(words);
  });

  it('shows no picture, only the button, and that only to a person with the right', () => {
    const markup = renderUploadPage({ upload: UPLOAD, callbacks: undefined, canView: true, looks: undefined }, PERSON);
    expect(markup).not.toMatch(/<main.*<img.*<\/main>/s);
    expect(markup).toContain(`action="/console/uploads/${ID}/view"`);
    const others = [
      renderUploadPage({ upload: UPLOAD, callbacks: undefined, canView: true, looks: undefined }, withRights('uploads:read')),
      renderUploadPage({ upload: UPLOAD, callbacks: undefined, canView: true, looks: undefined }, { ...PERSON, kind: 'key' }),
      renderUploadPage({ upload: UPLOAD, callbacks: undefined, canView: false, looks: undefined }, PERSON),
      renderUploadPage({ upload: { ...UPLOAD, mediaType: 'application/zip' }, callbacks: undefined, canView: true, looks: undefined }, PERSON),
      renderUploadPage({ upload: { ...UPLOAD, state: 'released' }, callbacks: undefined, canView: true, looks: undefined }, PERSON),
    ];
    for (const other of others) expect(other).not.toContain(`/view"`);
  });

  it('offers to show it clearly only after it was shown blurred', () => {
    const blurred = renderPreviewPage({ upload: UPLOAD, clarity: 'blurred', pictureUrl: '/x' }, PERSON);
    expectSafePage(blurred);
    expect(blurred).toContain('value="clear"');
    expect(renderPreviewPage({ upload: UPLOAD, clarity: 'clear', pictureUrl: '/x' }, PERSON)).not.toContain('value="clear"');
  });

  it('is live only while something can change', () => {
    const waiting = renderUploadPage({ upload: { ...UPLOAD, state: 'scanning' }, callbacks: undefined, canView: true, looks: undefined }, PERSON);
    expect(waiting).toContain('data-live="waiting"');
    expect(waiting).toContain('/assets/live.js');
    expect(renderUploadPage({ upload: UPLOAD, callbacks: undefined, canView: true, looks: undefined }, PERSON)).toContain('data-live="final"');
  });
});

describe('the table of uploads', () => {
  it('is safe, and leads to the next page with the filter kept', () => {
    const form = FilterFormSchema.parse({ verdict: 'match', reference: HOSTILE });
    const markup = renderUploadsPage({ form, errors: [], page: { items: [UPLOAD], next: ID } }, PERSON);
    expectSafePage(markup);
    expect(markup).toContain(`verdict=match&amp;reference=%22%3E%3Cscript`);
    expect(markup).toContain(`before=${ID}`);
    expectSafePage(renderUploadsPage({ form, errors: [], page: { items: [] } }, NOBODY));
  });

  it.each([
    [{}, {}],
    [{ state: '', verdict: '', disposition: '', reference: ' ', since: '' }, {}],
    [
      { state: 'held', verdict: 'match', disposition: 'hold', reference: 'a' },
      { state: 'held', verdict: 'match', disposition: 'hold', reference: 'a' },
    ],
    [{ state: 'nonsense', before: 'nonsense' }, {}],
    [{ since: '2026-11-25' }, { since: '2026-11-25T00:00:00.000Z' }],
  ])('reads the filter %j', (sent, expected) => {
    const { filter, errors } = toFilter(FilterFormSchema.parse(sent));
    expect(errors).toEqual([]);
    expect(filter).toEqual({ limit: 50, ...expected });
  });

  it.each(['25.11.2026', '2026-13-40', HOSTILE])('names a date that is none: %s', (since) => {
    const { filter, errors } = toFilter(FilterFormSchema.parse({ since }));
    expect(errors.map(({ at }) => at)).toEqual(['since']);
    expect(filter.since).toBeUndefined();
  });

  it('tells who looked, when and how, to those who may look', () => {
    const looks = [
      { at: '2026-11-25T12:00:00.000Z', actor: 'per_1', isBlurred: false },
      { at: '2026-11-25T11:59:00.000Z', actor: 'per_1', isBlurred: true },
    ];
    const markup = renderUploadPage({ upload: UPLOAD, callbacks: [], canView: true, looks }, PERSON);
    for (const words of ['Looks at this content', 'per_1', 'blurred and grey', 'clearly']) expect(markup).toContain(words);
    expect(renderUploadPage({ upload: UPLOAD, callbacks: [], canView: true, looks: undefined }, PERSON)).not.toContain('Looks at this content');
  });
});
