/** Runs the checks on a schedule and on demand; each run is one entry of the log. */
import { createHash } from 'node:crypto';
import { toCanonicalText, type LogService } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { formatTime } from '../../platform/ui/format.ts';
import type { CheckFinding, CheckRun, ChecksService, CheckState, RegisterCheck } from './schema.ts';
import * as store from './store.ts';
import { createSuite, type SuiteParts } from './suite.ts';

export interface ChecksParts extends SuiteParts {
  readonly log: Pick<LogService, 'find' | 'drain' | 'prove'>;
  /** In place of those of the four recommendations, for tests. */
  readonly suite?: readonly RegisterCheck[];
}

const HOUR_MS = 3_600_000;
const KEEP_DAYS = 3 * 366;

export async function createChecksService(parts: ChecksParts): Promise<ChecksService> {
  const { context, log } = parts;
  const { sql } = context.database;
  const suite = parts.suite ?? createSuite(parts);
  const all = async (): Promise<readonly CheckState[]> => {
    const newest = await store.readNewest(sql);
    const places = new Map<string, number | undefined>();
    for (const runId of new Set([...newest.values()].map((row) => row.runId))) places.set(runId, await log.find('register.checked', runId));
    return suite.map((check) => show(check, newest.get(check.name), { now: context.clock.now(), places }));
  };
  const requireRun = async (runId: string): Promise<store.RunRow> => {
    const run = await store.findRun(sql, runId);
    if (run === undefined) throw new GatehouseError('not_found', 'There is no run of checks with this id.');
    return run;
  };
  return {
    async run(signal = context.stopping) {
      await runAll(context, suite, signal);
      return all();
    },
    all,
    history: (name, limit) => store.readHistory(sql, name, limit),
    changes: (since) => store.readChanges(sql, since),
    async file(runId) {
      const { content, digest, at } = await requireRun(runId);
      return { text: content, digest, at };
    },
    async proof(runId) {
      const { id } = await requireRun(runId);
      await log.drain();
      const index = await log.find('register.checked', id);
      if (index === undefined) throw new GatehouseError('not_found', 'The log has no entry for this run.');
      return log.prove(index);
    },
    prune: () => store.pruneRuns(sql, new Date(context.clock.now().getTime() - KEEP_DAYS * 24 * HOUR_MS)),
  };
}

async function runAll(context: AppContext, suite: readonly RegisterCheck[], signal: AbortSignal): Promise<void> {
  const { clock, database, events } = context;
  const results: CheckRun['results'] = [];
  for (const check of suite) {
    const { isPassed, finding } = await runOne(context, check, signal);
    results.push({ name: check.name, expected: check.expected, isPassed, finding });
  }
  const at = clock.now();
  const id = newId<'CheckRunId'>('chk', clock);
  const run: CheckRun = { v: 1, run: id, at: at.toISOString(), results };
  const content = toCanonicalText(run);
  const digest = createHash('sha256').update(content).digest('hex');
  await database.transact(async (tx) => {
    await store.insertRun(tx, { id, at, digest, content }, results);
    const passed = results.filter(({ isPassed }) => isPassed).length;
    await events.emit('register.checked', { runId: id, digest, checks: results.length, passed }, tx);
  });
}

async function runOne({ log }: AppContext, check: RegisterCheck, signal: AbortSignal): Promise<CheckFinding> {
  signal.throwIfAborted();
  try {
    return await check.run(signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ check: check.name, err: error }, 'a check of the register could not be run; it counts as failed');
    return { isPassed: false, finding: 'It could not be run: what it reads did not answer.' };
  }
}

interface ShowOptions {
  readonly now: Date;
  readonly places: ReadonlyMap<string, number | undefined>;
}

function show(check: RegisterCheck, row: store.ResultRow | undefined, { now, places }: ShowOptions): CheckState {
  const { name, title, expected, maxAgeHours } = check;
  const base = { name, title, expected };
  if (row === undefined) return { ...base, result: 'never_run', finding: 'It was not run yet.', lastRunAt: null, runId: null, logIndex: null };
  const { runId, at, isPassed, finding } = row;
  const kept = { lastRunAt: at, runId, logIndex: places.get(runId) ?? null };
  if (now.getTime() - at.getTime() <= maxAgeHours * HOUR_MS) return { ...base, ...kept, result: isPassed ? 'pass' : 'fail', finding };
  const last = `The last result is of ${formatTime(at.toISOString())}, and counts for ${maxAgeHours} hours. It was: ${isPassed ? 'passed' : 'failed'}. ${finding}`;
  return { ...base, ...kept, result: 'stale', finding: last };
}
