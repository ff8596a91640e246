import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import type { EventMap } from '../../platform/events.ts';
import { migrations } from './migrations.ts';
import type { AssessmentInput, EvidenceRef, ImportSource, ProfilesRoom, Statement } from './schema.ts';
import { createProfilesService } from './service.ts';
import { PROFILE_DATA_DIR } from './shipped.ts';
import { logSources } from './store-log.ts';

const TABLES = ['import', 'statement', 'assessment', 'assessment_state', 'assessment_reply'].map((table) => `international.${table}`);
const DAY_MS = 86_400_000;
const SOURCE: EvidenceRef = {
  url: 'https://example.org/law',
  publisher: 'Example',
  title: 'A law',
  licence: null,
  retrievedAt: '2026-11-01',
  sha256: null,
  quote: null,
};
const STATEMENT: Statement = {
  country: 'NL',
  topic: 'procedure',
  key: 'police_first',
  value: true,
  text: 'The police are told first.',
  asOf: '2026-10-01',
  source: SOURCE,
  caveat: 'From one page only.',
};
const ASSESSMENT: AssessmentInput = {
  country: 'NL',
  framework: 'mnr-2016',
  capability: 12,
  phase: 2,
  assessor: { kind: 'desk', organisation: 'Example' },
  method: 'reading',
  coverage: 0.5,
  claims: [{ text: 'There is a hotline.', verdict: 'yes', evidence: [SOURCE] }],
};

let db: TestDatabase;
let base: TestContext;
let clock: FakeClock;
let profiles: ProfilesRoom;
let changes: EventMap['country.changed'][];
const folders: string[] = [];

beforeAll(async () => {
  db = await createTestDatabase([{ domain: 'international', migrations }]);
});
afterAll(async () => {
  await db.drop();
  for (const folder of folders) await rm(folder, { recursive: true });
});

beforeEach(async () => {
  // The rows cannot be changed, so that each test begins with tables of its own.
  const switchAll = (how: string): string => TABLES.map((table) => `alter table ${table} ${how} trigger user;`).join('');
  await db.database.pool.query(`${switchAll('disable')} truncate ${TABLES.join(', ')} restart identity; ${switchAll('enable')}`);
  clock = createFakeClock(new Date('2026-11-30T12:00:00.000Z'));
  base = await createTestContext({ database: db.database, clock });
  changes = [];
  base.context.events.on('country.changed', (event) => void changes.push(event));
  profiles = await createProfilesService({ context: base.context });
});
afterEach(() => base.dispose());

const statementOf = async (code: string, key: string) => (await profiles.country(code)).statements.find((one) => one.key === key);
const countRows = async (table: string): Promise<number> => {
  const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.raw(table)}`.execute(db.database.sql);
  return rows[0]?.count ?? -1;
};

describe('statements', () => {
  it('are kept with source, day and caveat; the newest counts and older ones stay', async () => {
    const first = await profiles.say(STATEMENT, 'per_a');
    expect(first).toMatchObject({ ...STATEMENT, keptBy: 'per_a', isStale: false, supersededAt: null });
    clock.advance(DAY_MS);
    await profiles.say({ ...STATEMENT, value: false, text: 'Not any more.' }, 'per_b');
    expect(await statementOf('NL', 'police_first')).toMatchObject({ value: false, text: 'Not any more.', caveat: STATEMENT.caveat, source: SOURCE });
    const history = await profiles.history('NL', 'police_first');
    expect(history.map(({ value, keptBy, supersededAt }) => [value, keptBy, supersededAt?.toISOString() ?? null])).toEqual([
      [false, 'per_b', null],
      [true, 'per_a', '2026-12-01T12:00:00.000Z'],
    ]);
    expect(changes).toEqual([
      { country: 'NL', change: 'statement', actor: 'per_a' },
      { country: 'NL', change: 'statement', actor: 'per_b' },
    ]);
  });

  it('grow old', async () => {
    await profiles.say(STATEMENT, 'per_a');
    clock.advance(200 * DAY_MS);
    expect((await statementOf('NL', 'police_first'))?.isStale).toBe(true);
    expect(await profiles.procedure('NL')).toMatchObject({ policeFirst: 'yes', staleKeys: ['police_first'] });
    expect((await profiles.countries()).find(({ code }) => code === 'NL')).toMatchObject({ statements: 1, stale: 1, policeFirst: 'yes' });
  });

  it('are refused when the country is none or the value says nothing; nothing is kept', async () => {
    await expect(profiles.say({ ...STATEMENT, country: 'QQ' }, 'per_a')).rejects.toMatchObject({ code: 'not_found' });
    await expect(profiles.say({ ...STATEMENT, value: 'perhaps' }, 'per_a')).rejects.toMatchObject({
      code: 'invalid_request',
      extras: { errors: [{ at: 'value' }] },
    });
    await expect(profiles.country('QQ')).rejects.toMatchObject({ code: 'not_found' });
    expect([await countRows('international.statement'), changes]).toEqual([0, []]);
  });

  it('can only be added to, whoever asks the database', async () => {
    await profiles.say(STATEMENT, 'per_a');
    for (const statement of [
      'update international.statement set text = text',
      'delete from international.statement',
      'truncate international.statement cascade',
    ])
      await expect(db.database.pool.query(statement)).rejects.toThrow(/append-only/);
  });

  it('are undone with the event that could not be recorded', async () => {
    base.context.events.on('country.changed', () => {
      throw new Error('no log');
    });
    await expect(profiles.say(STATEMENT, 'per_a')).rejects.toThrow('no log');
    expect(await countRows('international.statement')).toBe(0);
  });

  it('take turns: of two at once, one is superseded by the other', async () => {
    await Promise.all([1, 2, 3, 4].map((index) => profiles.say({ ...STATEMENT, text: `number ${index}` }, 'per_a')));
    const history = await profiles.history('NL', 'police_first');
    expect(history).toHaveLength(4);
    expect(history.filter(({ supersededAt }) => supersededAt === null)).toHaveLength(1);
  });
});

describe('the seed', () => {
  it('is loaded once, as `seed`, with one event', async () => {
    await profiles.start();
    const count = await countRows('international.statement');
    expect(count).toBeGreaterThan(2_000);
    expect(await statementOf('GB', 'ncmec_reports_2023')).toMatchObject({ value: 178_648, keptBy: 'seed', source: { licence: 'Apache-2.0' } });
    expect((await statementOf('GB', 'opsc'))?.isStale).toBe(true);
    await profiles.start();
    expect([await countRows('international.statement'), await countRows('international.import')]).toEqual([count, 1]);
    expect(changes).toEqual([{ country: 'ZZ', change: 'import', actor: 'seed' }]);
  });

  it('lists 249 countries by name, then what is no country, and says unknown where nothing is known', async () => {
    await profiles.start();
    const countries = await profiles.countries();
    expect(countries.filter(({ isIso }) => isIso)).toHaveLength(249);
    expect(countries[0]?.name).toBe('Afghanistan');
    expect(
      countries
        .slice(249)
        .map(({ code }) => code)
        .toSorted(),
    ).toEqual(['AN', 'EU', 'XK', 'ZZ']);
    expect(countries.find(({ code }) => code === 'NL')).toMatchObject({
      hotline: 'unknown',
      policeFirst: 'unknown',
      assessed: 0,
      treaties: ['crc', 'lanzarote', 'opsc'],
    });
  });

  it('is loaded again when it changes, and then leaves alone what people said since', async () => {
    await profiles.start();
    await profiles.say({ ...STATEMENT, topic: 'treaty', key: 'opsc', value: 'party' }, 'per_a');
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-seed-'));
    folders.push(folder);
    await cp(PROFILE_DATA_DIR, folder, { recursive: true });
    const file = join(folder, 'seed/opsc.csv');
    const text = await readFile(file, 'utf8');
    const changed = text.replace('NL,Netherlands,1,2005', 'NL,Netherlands,1,2006').replace('AF,Afghanistan,1,2002', 'AF,Afghanistan,1,2003');
    await writeFile(file, changed);
    expect(changed).not.toBe(text);
    const before = await countRows('international.statement');
    await (await createProfilesService({ context: base.context, folder })).start();
    expect(await countRows('international.statement')).toBe(before + 1);
    expect(await statementOf('AF', 'opsc')).toMatchObject({ text: expect.stringContaining('since 2003') as unknown });
    expect(await statementOf('NL', 'opsc')).toMatchObject({ keptBy: 'per_a' });
    const { rows } = await sql`select kept, left_alone as "left" from international.import order by sequence desc limit 1`.execute(db.database.sql);
    expect(rows).toEqual([{ kept: 1, left: 1 }]);
  });
});

describe('an import', () => {
  const source: ImportSource = { ...SOURCE, asOf: '2026-11-01' };
  const file = 'state,iso2,status,date_note,source\nMalta,MT,ratified,,A\nNowhere,QQ,ratified,,A\n';

  it('keeps what is new, says what is the same, and names what it could not take', async () => {
    const fault = 'line 3: the country Nowhere (QQ) is not known';
    expect(await profiles.import({ shape: 'lanzarote', file, source }, 'per_a')).toEqual({ kept: 1, same: 0, left: 0, faults: [fault] });
    expect(await profiles.import({ shape: 'lanzarote', file, source }, 'per_a')).toEqual({ kept: 0, same: 1, left: 0, faults: [fault] });
    expect(await profiles.import({ shape: 'lanzarote', file, source: { ...source, retrievedAt: '2026-11-20' } }, 'per_a')).toMatchObject({ kept: 1, same: 0 });
    const kept = await statementOf('MT', 'lanzarote');
    expect(kept).toMatchObject({
      value: 'party',
      asOf: '2026-11-01',
      keptBy: 'per_a',
      source: { publisher: 'Example', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown },
    });
    expect(kept?.source).not.toHaveProperty('asOf');
  });

  it('refuses another file than the one whose digest was given, and another shape', async () => {
    await expect(profiles.import({ shape: 'lanzarote', file, source: { ...source, sha256: 'a'.repeat(64) } }, 'per_a')).rejects.toMatchObject({
      code: 'digest_mismatch',
    });
    await expect(profiles.import({ shape: 'opsc', file, source }, 'per_a')).rejects.toMatchObject({ code: 'invalid_request' });
    expect([await countRows('international.statement'), await countRows('international.import')]).toEqual([0, 0]);
  });
});

describe('assessments', () => {
  const at = async (capability: number) => (await profiles.country('NL')).capabilities.find((one) => one.capability === capability);

  it('are drafts until they are reviewed and published; not assessed is no phase', async () => {
    expect((await profiles.country('NL')).capabilities.map(({ assessment, pending }) => [assessment, pending])).toEqual(
      Array.from({ length: 21 }, () => [null, null]),
    );
    const made = await profiles.assess(ASSESSMENT, 'per_a');
    expect(made).toMatchObject({ ...ASSESSMENT, state: 'draft', reply: null, supersedes: null, madeBy: 'per_a' });
    expect(await at(12)).toMatchObject({ title: 'CSEA Hotline', assessment: null, pending: { id: made.id } });
    await expect(profiles.setAssessmentState(made.id, 'published', 'per_b')).rejects.toMatchObject({ code: 'conflict' });
    await profiles.setAssessmentState(made.id, 'reviewed', 'per_b');
    await profiles.setAssessmentState(made.id, 'published', 'per_b');
    expect(await at(12)).toMatchObject({ assessment: { id: made.id, state: 'published', phase: 2, coverage: 0.5 }, pending: null });
    expect((await profiles.countries()).find(({ code }) => code === 'NL')?.assessed).toBe(1);
    expect(changes.map(({ change }) => change)).toEqual(['assessment', 'assessment_reviewed', 'assessment_published']);
  });

  it('tell phase 0 from not assessed', async () => {
    const none = { ...ASSESSMENT, phase: 0, claims: [{ text: 'There is none.', verdict: 'no' as const, evidence: [SOURCE] }] };
    const { id } = await profiles.assess(none, 'per_a');
    for (const state of ['reviewed', 'published'] as const) await profiles.setAssessmentState(id, state, 'per_a');
    expect((await at(12))?.assessment?.phase).toBe(0);
    expect((await at(13))?.assessment).toBeNull();
  });

  it('replace the one before when they are published, and all stay', async () => {
    const first = await profiles.assess(ASSESSMENT, 'per_a');
    for (const state of ['reviewed', 'published', 'disputed'] as const) await profiles.setAssessmentState(first.id, state, 'per_a');
    const second = await profiles.assess({ ...ASSESSMENT, phase: 3 }, 'per_a');
    expect(second.supersedes).toBe(first.id);
    expect(await at(12)).toMatchObject({ assessment: { id: first.id, state: 'disputed' }, pending: { id: second.id } });
    for (const state of ['reviewed', 'published'] as const) await profiles.setAssessmentState(second.id, state, 'per_a');
    expect(await at(12)).toMatchObject({ assessment: { id: second.id }, pending: null });
    expect((await profiles.assessments('NL', 12)).map(({ id, state }) => [id, state])).toEqual([
      [second.id, 'published'],
      [first.id, 'superseded'],
    ]);
    await expect(profiles.setAssessmentState(first.id, 'published', 'per_a')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('can be replied to once they are reviewed; the newest reply is shown', async () => {
    const { id } = await profiles.assess(ASSESSMENT, 'per_a');
    const reply = { text: 'We see it otherwise.', by: 'Ministry' };
    await expect(profiles.reply(id, reply, 'per_a')).rejects.toMatchObject({ code: 'conflict' });
    await profiles.setAssessmentState(id, 'reviewed', 'per_a');
    await profiles.reply(id, { ...reply, text: 'First.' }, 'per_a');
    await profiles.reply(id, reply, 'per_a');
    expect((await profiles.assessment(id)).reply).toEqual({ ...reply, at: clock.now() });
    await expect(profiles.reply('asm_none', reply, 'per_a')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are refused without evidence, or when the phase does not follow', async () => {
    await expect(profiles.assess({ ...ASSESSMENT, claims: [] }, 'per_a')).rejects.toThrow(/no phase without evidence/);
    await expect(profiles.assess({ ...ASSESSMENT, claims: [{ text: 'x', verdict: 'yes', evidence: [] }] }, 'per_a')).rejects.toThrow(
      /no claim without evidence/,
    );
    await expect(profiles.assess({ ...ASSESSMENT, phase: 0 }, 'per_a')).rejects.toMatchObject({
      code: 'invalid_request',
      extras: { errors: [{ at: 'phase' }] },
    });
    expect(await countRows('international.assessment')).toBe(0);
  });

  it('are never added up: no figure of any view is the sum or the mean of phases', async () => {
    for (const [capability, phase] of [
      [3, 1],
      [12, 2],
      [16, 4],
      [17, 4],
      [20, 2],
    ] as const) {
      const { id } = await profiles.assess({ ...ASSESSMENT, capability, phase }, 'per_a');
      for (const state of ['reviewed', 'published'] as const) await profiles.setAssessmentState(id, state, 'per_a');
    }
    const numbers: number[] = [];
    const words: string[] = [];
    const walk = (value: unknown): void => {
      if (typeof value === 'number') numbers.push(value);
      else if (value instanceof Date) return;
      else if (typeof value === 'object' && value !== null)
        for (const [name, member] of Object.entries(value)) {
          words.push(name);
          walk(member);
        }
    };
    const view = await profiles.country('NL');
    walk({
      ...view,
      capabilities: view.capabilities.map(({ capability: _n, assessment, ...rest }) => ({
        ...rest,
        ...(assessment === null ? {} : { phase: assessment.phase }),
      })),
    });
    walk((await profiles.countries()).find(({ code }) => code === 'NL'));
    // Sum 13, mean 2.6, share of the most possible 0.65 (of those assessed) and 13/84.
    expect(numbers.filter((number) => [13, 2.6, 13 / 20, 13 / 84, 65].includes(number))).toEqual([]);
    expect(words.filter((word) => /score|rank|mean|average|total|index|rating/i.test(word))).toEqual([]);
    expect(numbers).toEqual(expect.arrayContaining([1, 2, 4, 5]));
  });
});

describe('what the log is held against', () => {
  it('has one row for each country and kind of change', async () => {
    await profiles.say(STATEMENT, 'per_a');
    await profiles.say({ ...STATEMENT, country: 'GB' }, 'per_a');
    await profiles.say({ ...STATEMENT, value: false }, 'per_a');
    await profiles.import(
      { shape: 'lanzarote', file: 'state,iso2,status,date_note,source\nMalta,MT,ratified,,A\n', source: { ...SOURCE, asOf: null } },
      'per_a',
    );
    const { id } = await profiles.assess(ASSESSMENT, 'per_a');
    await profiles.setAssessmentState(id, 'reviewed', 'per_a');
    await profiles.reply(id, { text: 'x', by: 'y' }, 'per_a');
    const read = async (index: number): Promise<unknown[]> =>
      db.database.transact(async (tx) => {
        const rows: unknown[] = [];
        for await (const row of logSources[index]?.rows(tx, new Date(0)) ?? []) rows.push(row);
        return rows;
      });
    expect(await read(0)).toEqual([
      { id: 'GB', count: 1, isAtLeast: false },
      { id: 'NL', count: 2, isAtLeast: false },
    ]);
    expect(await read(1)).toEqual([{ id: 'ZZ', count: 1, isAtLeast: false }]);
    expect([await read(2), await read(3)]).toEqual([[{ id: 'NL', count: 1, isAtLeast: false }], [{ id: 'NL', count: 1, isAtLeast: false }]]);
    const named = logSources.flatMap(({ only }) => (only === undefined ? [] : [only.value]));
    expect(named.map((change) => changes.filter((one) => one.change === change).length)).toEqual([3, 1, 1, 1]);
  });
});

describe('names of phases', () => {
  it('are numbers unless the operator has names for them', async () => {
    expect(profiles.phaseLabels()).toEqual(['nothing found', 'phase 1', 'phase 2', 'phase 3', 'phase 4']);
    const file = join(base.dataDir, 'phases.json');
    const open = async (text: string): Promise<readonly string[]> => {
      await writeFile(file, text);
      const test = await createTestContext({ database: db.database, clock, config: { internationalPhasesFile: file } });
      try {
        return (await createProfilesService({ context: test.context })).phaseLabels();
      } finally {
        await test.dispose();
      }
    };
    expect(await open('["a","b","c","d"]')).toEqual(['nothing found', 'a', 'b', 'c', 'd']);
    await expect(open('["a"]')).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(open('nonsense')).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('refer to documents of others without titles from memory', () => {
    const references = profiles.references();
    expect(references.map(({ id }) => id)).toEqual(['mnr', 'gsr', 'gta-2018', 'gta-2021', 'gta-2023', 'gta-2025']);
    expect(references.every(({ seen }) => seen !== '')).toBe(true);
  });
});
