import { beforeEach, describe, expect, it } from 'vitest';
import { makeNextCatalogue, readShippedCatalogue } from '../../../test/support/catalogue.ts';
import { createFakeClock } from '../../../test/support/clock.ts';
import type { FactsService, FactValue } from '../facts/schema.ts';
import { createAmendmentsService } from './amendments.ts';
import type { AmendmentView } from './release-schema.ts';
import { toLoaded } from './release.ts';
import type { Catalogue, CatalogueService } from './schema.ts';

let values: Map<string, FactValue>;
let releases: Catalogue[];

const refuse = (): never => {
  throw new Error('not asked here');
};
const loaded = (catalogue: Catalogue) => toLoaded(catalogue, { digest: '0'.repeat(64), signedBy: 'test' });

async function list(): Promise<readonly AmendmentView[]> {
  const facts: FactsService = { read: async () => ({ said: [], values, digest: '' }), history: refuse, answer: refuse, set: refuse, applicability: refuse };
  const catalogue: CatalogueService = {
    current: () => loaded(releases[0] ?? refuse()),
    releases: async () =>
      releases.map(({ version, releasedOn }, index) => ({
        version,
        releasedOn,
        digest: '',
        signedBy: 'test',
        controls: 0,
        toVerify: 0,
        isCurrent: index === 0,
        importedAt: null,
      })),
    release: async (version) => loaded(releases.find((one) => one.version === version) ?? refuse()),
    choice: refuse,
    file: refuse,
    import: refuse,
    use: refuse,
    compare: refuse,
    refresh: refuse,
  };
  return createAmendmentsService({ context: { clock: createFakeClock(new Date('2027-01-20T12:00:00Z')) }, catalogue, facts }).list();
}

const find = async (id: string): Promise<AmendmentView> => (await list()).find((one) => one.id === id) ?? refuse();
const say = (...facts: [string, FactValue][]): void => facts.forEach(([fact, value]) => values.set(fact, value));

beforeEach(() => {
  releases = [readShippedCatalogue()];
  values = new Map<string, FactValue>([
    ['kind', 'u2u'],
    ['ukLinks', true],
  ]);
});

describe('an amendment', () => {
  it('comes newest first, each with its source and whether it must be checked', async () => {
    const amendments = await list();
    expect(amendments.map(({ date }) => date)).toEqual(
      amendments
        .map(({ date }) => date)
        .toSorted()
        .toReversed(),
    );
    expect(amendments).toHaveLength(13);
    expect(await find('2026-09-30-intimate-images')).toMatchObject({ verify: true, source: { id: 'ICU-AMD1', section: 'ICU C14' } });
  });

  it('that adds a measure begins it for whom the facts name', async () => {
    say(['mediaUploads', true], ['publicContent', true], ['risk.intimateImage', 'high'], ['ukMau', 800_000], ['fileStorageSharing', false]);
    const amendment = await find('2026-09-30-intimate-images');
    expect(amendment).toMatchObject({ concerns: 'yes', why: 'ICU C14 begins.', measures: [{ change: 'begins', before: 'will_bind', after: 'binds' }] });
  });

  it('concerns nobody whom its measures are not for, and says why', async () => {
    say(['mediaUploads', false]);
    const amendment = await find('2026-09-30-intimate-images');
    expect(amendment).toMatchObject({ concerns: 'no', measures: [{ change: 'none', before: 'not_asked', after: 'not_asked' }] });
    expect(amendment.why).toMatch(/^None of its measures is for this service\. ICU C14: .*Can people share pictures or video\?/);
  });

  it('is undecided while answers are missing, and names them', async () => {
    say(['mediaUploads', true]);
    const amendment = await find('2026-09-30-intimate-images');
    expect(amendment.concerns).toBe('undecided');
    expect(amendment.why).toContain('Is some of what people share public?');
  });

  it('that brings a law into force begins each of its duties', async () => {
    expect(await find('2026-04-07-reporting')).toMatchObject({ concerns: 'yes', measures: [{ control: 'law-s66', change: 'begins' }, {}, {}, {}, {}, {}, {}] });
    expect((await find('2026-01-08-kinds')).measures[0]).toMatchObject({ control: 'law-s9', change: 'goes_on' });
    say(['kind', 'search']);
    expect(await find('2026-04-07-reporting')).toMatchObject({ concerns: 'no' });
  });

  it('that lapsed ends what bound', async () => {
    say(['euNiics', true]);
    expect(await find('2026-04-03-eu-messages')).toMatchObject({ concerns: 'yes', measures: [{ change: 'ends', before: 'binds', after: 'not_asked' }] });
    say(['euNiics', false]);
    expect(await find('2026-04-03-eu-messages')).toMatchObject({ concerns: 'no' });
  });

  it('that was laid and has no day will begin', async () => {
    say(['ukMau', 100], ['risk.terrorism', 'high']);
    const { why } = await find('2026-06-18-crisis');
    expect(why).toContain('ICU C15, ICU C16');
  });
});

describe('a release of the catalogue', () => {
  it('says what it changes for this service, measure by measure', async () => {
    releases = [makeNextCatalogue(), readShippedCatalogue()];
    say(['ukMau', 8_000_000], ['livestream', true]);
    const release = await find('release-1.1.0');
    expect(release).toMatchObject({
      kind: 'release',
      date: '2027-01-15',
      concerns: 'yes',
      source: null,
      summary: 'Against 1.0.0: 1 added, 1 changed, 1 removed. Made up for a test.',
      why: 'ICU K1 begins. ICU A6 ends. ICU D4 is for this service before and after: compare what it asks.',
    });
    expect(release.measures.map(({ control, change, before, after }) => [control, change, before, after])).toEqual([
      ['icu-d4', 'goes_on', 'binds', 'binds'],
      ['icu-k1', 'begins', null, 'binds'],
      ['icu-a6', 'ends', 'binds', null],
    ]);
    expect(release.measures[0]?.members).toEqual(['for whom', 'condition', 'evidence']);
  });

  it('is not shown while an older one is in use', async () => {
    releases = [readShippedCatalogue(), makeNextCatalogue()];
    expect((await list()).filter(({ kind }) => kind === 'release')).toEqual([]);
  });
});
