/** What the pages show, put together from the services. */
import { GatehouseError } from '../../platform/errors.ts';
import type { Clock } from '../../platform/clock.ts';
import type { LoadedCatalogue } from '../catalogue/schema.ts';
import type { CodeService } from '../composition.ts';
import type { Item } from '../evidence/schema.ts';
import type { GapPlan } from '../gaps/schema.ts';
import type { SignedRecord } from '../records/schema.ts';
import type { FigureHistory } from './measure-evidence.tsx';
import type { MeasureView } from './measure-page.tsx';
import type { PlanForm } from './measure-plan.tsx';
import type { OverviewView } from './overview-page.tsx';
import { toRows, type RowFilter } from './overview-rules.ts';
import { relate } from './relation-rules.ts';

const DAY_MS = 86_400_000;
const HISTORY_DAYS = 90;
const TREND_DAYS = 30;
/** One a day is enough for a line of a month. */
const TREND_POINTS = 24 * TREND_DAYS;

export type CodeViews = Pick<CodeService, 'catalogue' | 'facts' | 'evidence' | 'records' | 'gaps'>;

export async function viewOverview(
  code: CodeViews,
  filter: RowFilter,
  { now, isEvaluated }: { readonly now: Date; readonly isEvaluated: boolean },
): Promise<OverviewView> {
  const { catalogue } = code.catalogue.current();
  const evaluation = await code.evidence.last();
  const rows = toRows(catalogue, await code.facts.applicability(), evaluation?.evaluation.measures ?? []);
  const since = now.getTime() - TREND_DAYS * DAY_MS;
  const kept = (await code.evidence.list({ limit: TREND_POINTS })).filter(({ at }) => at.getTime() >= since);
  return {
    rows,
    filter,
    evaluation,
    trend: kept.toReversed().map(({ at, counts }) => ({ at, pass: counts.pass, fail: counts.fail, all: sum(Object.values(counts)) - counts.not_applicable })),
    version: catalogue.version,
    toVerify: rows.filter(({ control }) => control.verify).length,
    isEvaluated,
  };
}

/** @throws {GatehouseError} `not_found` for an unknown id */
export async function viewMeasure(code: CodeViews, id: string, { clock, form, isPlanned }: MeasureOptions): Promise<MeasureView> {
  const loaded = code.catalogue.current();
  const found = loaded.control(id);
  if (found === undefined) throw new GatehouseError('not_found', `The catalogue has no measure ${id}.`);
  const { control, group } = found;
  const applicability = (await code.facts.applicability()).find(({ control: name }) => name === id);
  if (applicability === undefined) throw new GatehouseError('internal', `Nothing says for whom the measure ${id} is.`);
  const last = await code.evidence.last();
  const measure = last?.evaluation.measures.find(({ control: name }) => name === id);
  const to = clock.now();
  const from = new Date(to.getTime() - HISTORY_DAYS * DAY_MS);
  const states = await code.evidence.states(id, from);
  return {
    control,
    group,
    source: findSource(loaded, control.source.sourceId),
    applicability,
    questions: new Map(loaded.catalogue.facts.map((fact) => [fact.id, fact.question])),
    measure,
    evaluation: last && { id: last.evaluation.id, at: last.evaluation.at, logIndex: last.logIndex },
    states,
    figures: await readFigures(code, measure?.items ?? [], from),
    // A young installation is drawn from its first evaluation on.
    span: { from: states[0]?.at ?? from, to },
    relations: relate(loaded.catalogue, id),
    records: { records: await readRecords(code, id) },
    plan: form ?? toForm(await code.gaps.history(id)),
    isPlanned,
  };
}

function findSource({ catalogue }: LoadedCatalogue, id: string): MeasureView['source'] {
  const { title = id, url = null } = catalogue.sources.find((source) => source.id === id) ?? {};
  return { title, url };
}

async function readRecords(code: CodeViews, subject: string): Promise<SignedRecord[]> {
  const records = await code.records.list({ subject, withSuperseded: true });
  return records.filter(({ kind }) => kind === 'measure' || kind === 'alternative');
}

/** The last plan is what one begins from. */
function toForm(history: readonly GapPlan[]): PlanForm {
  const { owner = '', due = '', plan = '' } = history[0] ?? {};
  return { values: { owner, due, plan }, errors: {}, history };
}

interface MeasureOptions {
  readonly clock: Clock;
  readonly form?: PlanForm | undefined;
  readonly isPlanned: boolean;
}

async function readFigures(code: CodeViews, items: readonly Item[], since: Date): Promise<FigureHistory[]> {
  const figures: FigureHistory[] = [];
  for (const { metric, window } of items) figures.push({ metric, window, points: await code.evidence.figures(metric, window, since) });
  return figures;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
