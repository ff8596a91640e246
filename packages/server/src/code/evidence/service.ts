/** Reads the sources on a schedule, judges every measure, and keeps what was found where nobody can change it unseen: in the log. */
import { createHash } from 'node:crypto';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import { toCanonicalText, type LogService } from '../../log/index.ts';
import type { CatalogueService, LoadedCatalogue } from '../catalogue/schema.ts';
import type { FactsService } from '../facts/schema.ts';
import type { RecordsService } from '../records/schema.ts';
import { pickAttested, readSaid, type Said } from './attested-rules.ts';
import { readSources, type Readings } from './readings.ts';
import { waitAfterStart } from './settling.ts';
import { EvaluationSchema, STATES, type Evaluation, type EvidenceService, type KeptEvaluation, type MeasureState, type State } from './schema.ts';
import { judgeItem, judgeMeasure, type Reading } from './state-rules.ts';
import * as store from './store.ts';

export interface EvidenceParts {
  readonly context: AppContext;
  readonly log: LogService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
  readonly facts: Pick<FactsService, 'read' | 'applicability'>;
  readonly records: Pick<RecordsService, 'list'>;
}

/** Longer than the three years that superseded records are kept (RKRG 2.6): an evaluation shows how a record stood. */
const KEEP_DAYS = 3 * 366;
const DAY_MS = 86_400_000;
/** Hourly. The schedule looks every five minutes: half of that early is in time. */
const EVALUATE_EVERY_MS = 57.5 * 60_000;

export async function createEvidenceService(parts: EvidenceParts): Promise<EvidenceService> {
  const { context, log } = parts;
  const { sql } = context.database;
  /** Callers on this node take turns here, so that only one of them holds a connection while it waits for other nodes. */
  let turn: Promise<unknown> = Promise.resolve();
  const find = async (id: string): Promise<KeptEvaluation> => {
    const row = await store.findEvaluation(sql, id);
    if (row === undefined) throw new GatehouseError('not_found', 'There is no evaluation with this id.');
    return toKept(parts, row);
  };
  const inTurn = (signal: AbortSignal): Promise<KeptEvaluation> => {
    const run = (): Promise<KeptEvaluation> => store.withEvaluationLock(context.database, () => evaluate(parts, signal));
    const mine = turn.then(run, run);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const prune = (): Promise<number> => store.pruneEvaluations(sql, new Date(context.clock.now().getTime() - KEEP_DAYS * DAY_MS));
  const isSettled = waitAfterStart(context.clock);
  return {
    evaluate: (signal = context.stopping) => inTurn(signal),
    async upkeep(signal) {
      const [last] = await store.listEvaluations(sql, { limit: 1 });
      const ageMs = last === undefined ? Number.POSITIVE_INFINITY : context.clock.now().getTime() - last.at.getTime();
      if (isSettled() && ageMs >= EVALUATE_EVERY_MS) await inTurn(signal);
      await prune();
    },
    async last() {
      const row = await store.findLastEvaluation(sql);
      return row === undefined ? undefined : toKept(parts, row);
    },
    find,
    list: (page) => store.listEvaluations(sql, page),
    states: (control, since) => store.readStates(sql, control, since),
    stateSince: () => store.readSince(sql),
    figures: (metric, window, since) => store.readFigures(sql, { metric, span: window, since }),
    sources: () => context.evidence.sources().map(({ metric, method }) => ({ metric, method })),
    async proof(id) {
      const { evaluation } = await find(id);
      await log.drain();
      const index = await log.find('code.evaluated', evaluation.id);
      if (index === undefined) throw new GatehouseError('not_found', 'The log has no entry for this evaluation.');
      return log.prove(index);
    },
    targets: () => store.readTargets(sql),
    targetIds: () => [...listTargetIds(parts.catalogue.current())].toSorted(),
    targetHistory: (id) => store.readTargetHistory(sql, id),
    setTarget: (target, actor) => setTarget(parts, target, actor),
    prune,
  };
}

async function evaluate(parts: EvidenceParts, signal: AbortSignal): Promise<KeptEvaluation> {
  const { context, catalogue, facts } = parts;
  const { clock, database, events } = context;
  const at = clock.now();
  const loaded = catalogue.current();
  const said = readSaid(await parts.records.list({ at }));
  const targets = new Map((await store.readTargets(database.sql)).map(({ id, value }) => [id, value]));
  const outcomes = new Map((await facts.applicability()).map(({ control, outcome }) => [control, outcome]));
  const { digest: factsDigest } = await facts.read();
  const readings = await readSources(context, loaded.catalogue, { at, signal });
  const measures = judgeAll(loaded, { at, readings, said, targets, outcomes });
  const id = newId<'EvaluationId'>('eva', clock);
  const { version: catalogueVersion } = loaded.catalogue;
  const evaluation: Evaluation = { id, at: at.toISOString(), catalogueVersion, catalogueDigest: loaded.digest, factsDigest, measures };
  const text = toCanonicalText(evaluation);
  const digest = createHash('sha256').update(text).digest('hex');
  await database.transact(async (tx) => {
    await store.insertEvaluation(tx, {
      id,
      at,
      digest,
      counts: countStates(measures),
      text,
      states: measures.map(({ control, state }) => ({ control, state })),
      figures: readings.all().map(({ metric, window, reading }) => ({ metric, span: window, figure: toNumber(reading) })),
    });
    await events.emit('code.evaluated', { evaluationId: id, digest, catalogueVersion, measures: measures.length }, tx);
  });
  return { evaluation, digest, logIndex: undefined };
}

interface Found {
  readonly at: Date;
  readonly readings: Readings;
  readonly said: Said;
  readonly targets: ReadonlyMap<string, number>;
  readonly outcomes: ReadonlyMap<string, MeasureState['outcome']>;
}

function judgeAll(loaded: LoadedCatalogue, { at, readings, said, targets, outcomes }: Found): MeasureState[] {
  return loaded.catalogue.groups.flatMap(({ controls }) =>
    controls.map(({ id, evidence }) => {
      const items = evidence.map((item) => {
        // The catalogue was cross-checked when it was loaded.
        const metric = loaded.metric(item.metric) ?? { title: item.metric, unit: 'count' as const };
        const target = item.threshold.kind === 'own' ? targets.get(item.threshold.target) : undefined;
        const attested = pickAttested(said, { control: id, metric: item.metric });
        return judgeItem({ item, metric, reading: readings.find(item.metric, item.window), attested, target, at });
      });
      return judgeMeasure({ control: id, outcome: outcomes.get(id) ?? 'undecided', items, alternative: said.alternatives.get(id), at });
    }),
  );
}

function toNumber(reading: Reading): number | null {
  if (reading.kind !== 'read' || reading.figure === null) return null;
  const figure = Number(reading.figure);
  return Number.isFinite(figure) ? figure : null;
}

function countStates(measures: readonly MeasureState[]): Record<State, number> {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<State, number>;
  for (const { state } of measures) counts[state] += 1;
  return counts;
}

async function toKept({ log }: EvidenceParts, row: store.EvaluationRow): Promise<KeptEvaluation> {
  return { evaluation: EvaluationSchema.parse(row.content), digest: row.digest, logIndex: await log.find('code.evaluated', row.id) };
}

async function setTarget(
  { context, catalogue }: EvidenceParts,
  target: { readonly id: string; readonly value: number; readonly reason: string },
  actor: string,
): Promise<void> {
  const known = listTargetIds(catalogue.current());
  if (!known.has(target.id)) {
    throw new GatehouseError('target_invalid', `No measure of the catalogue in use has a target ${target.id}. Nothing was changed.`);
  }
  if (!Number.isFinite(target.value) || target.value < 0)
    throw new GatehouseError('target_invalid', 'A target is a number that is not negative. Nothing was changed.');
  if (target.reason.trim() === '') throw new GatehouseError('target_invalid', 'A target needs a reason. Nothing was changed.');
  await context.database.transact(async (tx) => {
    await store.insertTarget(tx, { ...target, setBy: actor, setAt: context.clock.now() });
    await context.events.emit('code.changed', { change: 'target_set', subject: target.id, actor }, tx);
  });
}

function listTargetIds({ catalogue }: LoadedCatalogue): ReadonlySet<string> {
  const evidence = catalogue.groups.flatMap(({ controls }) => controls.flatMap((control) => control.evidence));
  return new Set(evidence.flatMap(({ threshold }) => (threshold.kind === 'own' ? [threshold.target] : [])));
}
