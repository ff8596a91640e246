/** What is known about countries. */
import { createHash } from 'node:crypto';
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { createAssessments } from './assessments.ts';
import { readPhaseLabels } from './phases.ts';
import { NO_COUNTRY } from './place-rules.ts';
import { readHotline, readProcedure } from './procedure-rules.ts';
import {
  StatementSchema,
  TAKEN_BACK,
  type CountrySummary,
  type ImportResult,
  type KeptStatement,
  type Place,
  type ProfilesRoom,
  type Statement,
  type YesNoUnknown,
} from './schema.ts';
import { readShape } from './shape-rules.ts';
import { PROFILE_DATA_DIR, readShipped, type Shipped } from './shipped.ts';
import { checkStatement, isStale, nameStatement, SEEDER, sortArrivals } from './statement-rules.ts';
import { countAssessed } from './store-assessments.ts';
import {
  findLastDigest,
  insertImport,
  insertStatements,
  listBrief,
  listCurrent,
  listHistory,
  lockProfiles,
  type BriefRow,
  type StatementRow,
} from './store.ts';

export interface ProfilesParts {
  readonly context: AppContext;
  /** Of the data that come with Gatehouse. */
  readonly folder?: string;
}

/** What the parts of this file share. */
interface Desk {
  readonly context: AppContext;
  readonly shipped: Shipped;
  /** @throws {GatehouseError} `not_found` */
  find(code: string): Place;
}

const SEED_SHAPE = 'seed';

export async function createProfilesService({ context, folder = PROFILE_DATA_DIR }: ProfilesParts): Promise<ProfilesRoom> {
  const shipped = await readShipped(folder);
  const labels = await readPhaseLabels(context.config.internationalPhasesFile);
  const desk: Desk = {
    context,
    shipped,
    find(code) {
      const place = shipped.places.byCode(code);
      if (place === undefined) throw new GatehouseError('not_found', `There is no country ${code}. Codes are two capital letters of ISO 3166-1.`);
      return place;
    },
  };
  const assessments = createAssessments({ context, capabilities: shipped.capabilities, find: (code) => desk.find(code) });
  return {
    ...createReading(desk, assessments),
    ...createSaying(desk),
    assess: assessments.assess,
    assessment: assessments.assessment,
    assessments: assessments.assessments,
    setAssessmentState: assessments.setAssessmentState,
    reply: assessments.reply,
    references: () => shipped.references,
    phaseLabels: () => labels,
  };
}

function createReading(
  { context, shipped, find }: Desk,
  assessments: Pick<ReturnType<typeof createAssessments>, 'capabilities'>,
): Pick<ProfilesRoom, 'countries' | 'country' | 'procedure' | 'history'> {
  const { database, clock } = context;
  const current = async (code: string): Promise<KeptStatement[]> => (await listCurrent(database.sql, code)).map((row) => toKept(row, clock.now()));
  return {
    async countries() {
      const rows = await listBrief(database.sql);
      const assessed = await countAssessed(database.sql);
      const byCountry = new Map<string, BriefRow[]>();
      for (const row of rows) byCountry.set(row.country, [...(byCountry.get(row.country) ?? []), row]);
      const now = clock.now();
      return shipped.places.all
        .map((place) => summarise({ place, rows: byCountry.get(place.code) ?? [], assessed: assessed.get(place.code) ?? 0, now }))
        .filter(({ isIso, statements }) => isIso || statements > 0)
        .toSorted((a, b) => Number(b.isIso) - Number(a.isIso) || a.name.localeCompare(b.name, 'en'));
    },
    async country(code) {
      const place = find(code);
      const statements = await current(place.code);
      return { ...place, statements, procedure: readProcedure(place.code, statements), capabilities: await assessments.capabilities(place.code) };
    },
    async procedure(code) {
      const place = find(code);
      return readProcedure(place.code, await current(place.code));
    },
    async history(code, key) {
      const now = clock.now();
      return (await listHistory(database.sql, find(code).code, key)).map((row) => toKept(row, now));
    },
  };
}

function createSaying(desk: Desk): Pick<ProfilesRoom, 'say' | 'import' | 'start'> {
  const { context, shipped, find } = desk;
  const { clock, database, events, log } = context;
  return {
    async say(given, actor) {
      const statement = StatementSchema.parse(given);
      const country = find(statement.country).code;
      const errors = checkStatement(statement);
      if (errors.length > 0)
        throw new GatehouseError(
          'invalid_request',
          `The statement cannot be kept: ${errors.map(({ at, message }) => `${at} ${message}`).join('; ')}. Nothing was kept.`,
          { errors },
        );
      const kept = { ...statement, country, id: newId('sta', clock), importId: null, keptBy: actor, keptAt: clock.now() };
      await database.transact(async (tx) => {
        await lockProfiles(tx);
        await insertStatements(tx, [kept]);
        await events.emit('country.changed', { country, change: 'statement', actor }, tx);
      });
      return toKept({ ...kept, supersededAt: null }, clock.now());
    },
    async import({ shape, file: text, source }, actor) {
      const sha256 = digest(text);
      if (source.sha256 !== null && source.sha256 !== sha256)
        throw new GatehouseError('digest_mismatch', 'The file is not the one whose digest was given with its source. Nothing was kept.');
      const read = readShape({ shape, text, source: { ...source, sha256 }, places: shipped.places });
      return database.transact((tx) => keepFile(context, { shape, sha256, ...read, actor }, tx));
    },
    async start() {
      const { files, sha256 } = shipped.seed;
      if ((await findLastDigest(database.sql, SEED_SHAPE)) === sha256) return;
      const read = files.map((file) => readShape({ ...file, source: { ...file.source, sha256: digest(file.text) }, places: shipped.places }));
      const faults = read.flatMap((one, index) => one.faults.map((fault) => `${files[index]?.shape ?? ''}: ${fault}`));
      const result = await database.transact(async (tx) => {
        await lockProfiles(tx);
        // Another node may have been faster.
        if ((await findLastDigest(tx, SEED_SHAPE)) === sha256) return undefined;
        return keepFile(context, { shape: SEED_SHAPE, sha256, statements: read.flatMap(({ statements }) => statements), faults, actor: SEEDER }, tx);
      });
      if (result !== undefined)
        log.info({ kept: result.kept, same: result.same, left: result.left, faults: result.faults.length }, 'statements about countries were loaded');
    },
  };
}

interface FileToKeep {
  readonly shape: string;
  readonly sha256: string;
  readonly statements: readonly Statement[];
  readonly faults: readonly string[];
  readonly actor: string;
}

/** One event for the whole file: the row of the import says what was in it. */
async function keepFile({ clock, events }: AppContext, { shape, sha256, statements, faults, actor }: FileToKeep, tx: Tx): Promise<ImportResult> {
  await lockProfiles(tx);
  const current = new Map((await listCurrent(tx)).map((row) => [nameStatement(row), toKept(row, clock.now())]));
  const { fresh, same, left } = sortArrivals({ statements, current, actor });
  const result: ImportResult = { kept: fresh.length, same, left, faults };
  const importId = newId('imp', clock);
  const keptAt = clock.now();
  await insertImport(tx, { id: importId, shape, sha256, ...result, actor, madeAt: keptAt });
  await insertStatements(
    tx,
    fresh.map((statement) => ({ ...statement, id: newId('sta', clock), importId, keptBy: actor, keptAt })),
  );
  await events.emit('country.changed', { country: NO_COUNTRY, change: 'import', actor }, tx);
  return result;
}

function toKept(row: StatementRow, now: Date): KeptStatement {
  const { id, country, topic, key, value, text, asOf, source, caveat, keptAt, keptBy, supersededAt } = row;
  return { id, country, topic, key, value, text, asOf, source, caveat, keptAt, keptBy, supersededAt, isStale: isStale(row, now) };
}

interface Brief {
  readonly place: Place;
  readonly rows: readonly BriefRow[];
  readonly assessed: number;
  readonly now: Date;
}

function summarise({ place, rows, assessed, now }: Brief): CountrySummary {
  const first = rows.find(({ topic, key }) => topic === 'procedure' && key === 'police_first')?.value;
  const policeFirst: YesNoUnknown = typeof first === 'boolean' ? (first ? 'yes' : 'no') : 'unknown';
  return {
    ...place,
    statements: rows.filter(({ value }) => value !== TAKEN_BACK).length,
    stale: rows.filter((row) => row.value !== TAKEN_BACK && isStale(row, now)).length,
    assessed,
    hotline: readHotline(rows),
    policeFirst,
    treaties: rows.filter(({ topic, value }) => topic === 'treaty' && value === 'party').map(({ key }) => key),
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
