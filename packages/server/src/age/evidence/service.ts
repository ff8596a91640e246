/** Evidence about age checks: counts, metrics, the written record, the self-test, the public statement. It supplies evidence and claims no compliance. */
import { readFile } from 'node:fs/promises';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { VERSION } from '../../platform/version.ts';
import { DEMO_SERVICE } from '../sessions/schema.ts';
import { addDays, toDay } from './count-rules.ts';
import type { Counting } from './counting.ts';
import { exportJson, exportMarkdown } from './export-rules.ts';
import type { Facts, LiveCounts } from './facts-schema.ts';
import { digestFile, gatherFacts, takeSnapshot, type Installation, type Sources } from './gather.ts';
import { isPassed } from './lab-report-rules.ts';
import { LabReportSchema, type SelfTest } from './lab-schema.ts';
import { readMetrics } from './metric-rules.ts';
import { DISCLAIMER, type EvidenceView } from './metric-schema.ts';
import { createRecord, type Author, type WrittenRecord } from './record.ts';
import { ReviewInputSchema, SnapshotSchema, type RecordView, type ReviewInput } from './record-schema.ts';
import { readCorpus, runLab, verifyLabCase, type LabVerifier } from './self-test.ts';
import { lastMonth, readFigures } from './figure-rules.ts';
import { describeFindings, describeOperator, describeRecorded } from './statement-rules.ts';
import { StatementFileSchema, type StatementFile, type StatementView } from './statement-schema.ts';
import type { CountRow, TallyRow } from './schema.ts';
import { readCells, readColumnNames, readDays, readSince, readTallies } from './store-counts.ts';
import { findSelfTest, insertSelfTest } from './store-record.ts';
import { chartWeeks } from './weekly-rules.ts';

export interface EvidenceParts extends Omit<Sources, 'context'> {
  readonly context: AppContext;
  readonly counting: Counting;
  /** Default: the verifier of this build. Tests put a broken one here. */
  readonly verify?: LabVerifier;
}

export interface EvidenceService {
  readonly record: WrittenRecord;
  readonly hasStatement: boolean;
  /** The metrics, and the weeks for the drawing. */
  read(): Promise<EvidenceView>;
  /** What is installed and configured now. */
  gather(): Promise<Installation>;
  /** Counts by whole days, of the days that the window touches; and the names of all columns, `table.column`, that age checks are kept in. */
  countIn(window: { readonly from: Date; readonly to: Date }): Promise<{
    readonly cells: readonly CountRow[];
    readonly tallies: readonly TallyRow[];
    readonly columns: readonly string[];
  }>;
  /** Writes what is configured now into the record, when it differs from what was written last. */
  noteConfiguration(author: Author): Promise<RecordView | undefined>;
  runSelfTest(signal?: AbortSignal): Promise<SelfTest>;
  findSelfTest(): Promise<SelfTest | undefined>;
  /** @throws {GatehouseError} `not_found` where the operator has switched it off */
  stateHow(): Promise<StatementView>;
  export(format: 'json' | 'markdown'): Promise<string>;
  /** Hourly: what is old is folded, what changed is written down, the self-test is run weekly and after each update. */
  upkeep(signal: AbortSignal): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const RECORD_JOB = 'age.evidence_record';
const DAY_MS = 86_400_000;
const WINDOW_DAYS = 28;
/** The surge of refusals looks 28 days back from yesterday. */
const TALLY_DAYS = 30;
const WEEKS = 13;
const SELF_TEST_EVERY_DAYS = 7;

export async function createEvidence(parts: EvidenceParts): Promise<EvidenceService> {
  const { context, counting } = parts;
  const { config } = context;
  const record = createRecord(context);
  const words = await readStatementFile(config.ageStatementFile);
  const providersSha256 = await digestFile(config.ageProvidersFile);
  const service: EvidenceService = {
    record,
    hasStatement: config.ageStatement,
    read: () => readEvidence(parts, record),
    gather: () => gatherFacts(parts),
    countIn: (window) => countIn(parts, window),
    noteConfiguration: async (author) => record.noteConfiguration(await takeSnapshot(parts, providersSha256), author),
    runSelfTest: (signal) => runSelfTest(parts, signal),
    findSelfTest: () => findOwnSelfTest(parts),
    async stateHow() {
      if (!config.ageStatement) throw new GatehouseError('not_found', 'The operator publishes no statement here.');
      return makeStatement(parts, record, words);
    },
    async export(format) {
      const entries: RecordView[] = [];
      for await (const entry of record.readAll()) entries.push(entry);
      const evidence = await readEvidence(parts, record);
      const whole = { evidence, verification: await record.verify(), entries, selfTest: (await findOwnSelfTest(parts)) ?? null };
      return format === 'json' ? exportJson(whole) : exportMarkdown(whole);
    },
    async upkeep(signal) {
      await counting.fold();
      await service.noteConfiguration({ actor: 'system', cause: 'check' });
      const last = await findOwnSelfTest(parts);
      const isDue = last === undefined || context.clock.now().getTime() - Date.parse(last.at) >= SELF_TEST_EVERY_DAYS * DAY_MS;
      if (isDue) await runSelfTest(parts, signal);
    },
    async start() {
      watchChanges(context);
      counting.start();
      await service.noteConfiguration({ actor: 'system', cause: 'start' });
    },
    stop: () => counting.stop(),
  };
  return service;
}

/** Written by a job of the same transaction: after the change, and only when there is one. */
function watchChanges({ events, jobs }: AppContext): void {
  events.on('age.trust_changed', async ({ change, actor }, tx) =>
    jobs.enqueue(RECORD_JOB, { actor, cause: `trust: ${change}` }, tx === undefined ? {} : { tx }),
  );
  // Who changed a service is not in the event.
  events.on('age.service_changed', async ({ service, change }, tx) => {
    if (service !== DEMO_SERVICE) await jobs.enqueue(RECORD_JOB, { actor: 'api', cause: `service: ${change}` }, tx === undefined ? {} : { tx });
  });
}

async function readStatementFile(path: string | undefined): Promise<StatementFile | undefined> {
  if (path === undefined) return undefined;
  try {
    return StatementFileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const detail = `The file of the age statement ${path} cannot be used: it must be JSON with operator, and optionally preface, alternatives and contact.`;
    throw new GatehouseError('config_invalid', detail, { cause });
  }
}

async function readLive({ context, counting }: EvidenceParts): Promise<LiveCounts> {
  await counting.flush();
  await counting.collect();
  const { sql } = context.database;
  const today = toDay(context.clock.now());
  return {
    cells: await readCells(sql, { from: addDays(today, 1 - WINDOW_DAYS), to: today }),
    days: await readDays(sql, addDays(today, -7 * WEEKS)),
    tallies: await readTallies(sql, addDays(today, 1 - TALLY_DAYS)),
    since: await readSince(sql),
  };
}

async function countIn({ context, counting }: EvidenceParts, { from, to }: { readonly from: Date; readonly to: Date }): ReturnType<EvidenceService['countIn']> {
  await counting.flush();
  await counting.collect();
  const { sql } = context.database;
  const days = { from: toDay(from), to: toDay(to) };
  const tallies = (await readTallies(sql, days.from)).filter(({ day }) => day <= days.to);
  return { cells: await readCells(sql, days), tallies, columns: await readColumnNames(sql) };
}

async function readEvidence(parts: EvidenceParts, record: WrittenRecord): Promise<EvidenceView> {
  const live = await readLive(parts);
  const facts: Facts = {
    ...(await gatherFacts(parts)),
    selfTest: await findOwnSelfTest(parts),
    chain: await record.verify(),
    lastReview: await findReview(record),
  };
  return {
    about: DISCLAIMER,
    version: facts.version,
    generatedAt: facts.now.toISOString(),
    k: facts.k,
    metrics: readMetrics(facts, live),
    weekly: chartWeeks(live.days, facts),
  };
}

/** What stands in the record was checked when it was written; what does not parse any more is as good as none. */
async function findReview(record: WrittenRecord): Promise<ReviewInput | undefined> {
  const entry = await record.findLast('review');
  return entry === undefined ? undefined : ReviewInputSchema.safeParse(toJson(entry.content)).data;
}

function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function runSelfTest({ context, verify = verifyLabCase }: EvidenceParts, signal: AbortSignal | undefined): Promise<SelfTest> {
  const report = await runLab(await readCorpus(), verify, signal);
  const row = { id: newId('ast', context.clock), at: context.clock.now(), version: VERSION, report: JSON.stringify(report) };
  await insertSelfTest(context.database.sql, row);
  if (!isPassed(report)) context.log.error({ accepted: report.hostileAccepted, wrong: report.genuineWrong }, 'the self-test of age checks failed');
  return { id: row.id, at: row.at.toISOString(), version: VERSION, isPassed: isPassed(report), report };
}

async function findOwnSelfTest({ context }: EvidenceParts): Promise<SelfTest | undefined> {
  const row = await findSelfTest(context.database.sql, VERSION);
  const report = row === undefined ? undefined : LabReportSchema.safeParse(toJson(row.report)).data;
  return row === undefined || report === undefined ? undefined : { ...row, at: row.at.toISOString(), isPassed: isPassed(report), report };
}

async function makeStatement(parts: EvidenceParts, record: WrittenRecord, words: StatementFile | undefined): Promise<StatementView> {
  const { context } = parts;
  const entry = await record.findLast('configuration');
  const snapshot = entry === undefined ? undefined : SnapshotSchema.safeParse(toJson(entry.content)).data;
  const now = context.clock.now();
  const { month, from, to } = lastMonth(toDay(now));
  const cells = await readCells(context.database.sql, { from, to });
  return {
    about: DISCLAIMER,
    version: VERSION,
    generatedAt: now.toISOString(),
    record: await record.head(),
    ...describeOperator(words),
    ...describeRecorded(snapshot, entry?.at),
    ...describeFindings(await findOwnSelfTest(parts), await findReview(record)),
    figures: readFigures(cells, { month, k: context.config.ageEvidenceMinCount }) ?? null,
  };
}
