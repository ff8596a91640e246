/** From what the domains found to passed or not. No data is never a pass, and neither are old data. Pure. */
import type { CheckFinding } from './schema.ts';

/** As much of an evaluation of the code as is read here. */
export interface Evaluated {
  readonly at: string;
  readonly measures: readonly {
    readonly outcome: string;
    readonly state: string;
    readonly items: readonly EvaluatedItem[];
  }[];
}

export interface EvaluatedItem {
  readonly metric: string;
  readonly window: string;
  readonly mode: string;
  readonly state: string;
  readonly figure: number | boolean | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
}

export interface MetricTest {
  readonly metric: string;
  readonly window: string;
  /** `share`: a ratio that must be at least `bound`. `count`: must be at most `bound`. */
  readonly kind: 'share' | 'count';
  readonly bound: number;
  /** `planted test pictures found` */
  readonly words: string;
}

export interface CountryRecord {
  readonly hasRoute: boolean;
  readonly isStale: boolean;
}

const HOUR_MS = 3_600_000;
/** Of an evaluation: older figures say nothing about now. */
export const EVALUATION_HOURS = 24;
export const REPORTS_DAYS = 90;

export function judgeMetrics(evaluated: Evaluated | undefined, now: Date, tests: readonly MetricTest[]): CheckFinding {
  const old = findOld(evaluated, now);
  if (evaluated === undefined || old !== undefined) return fail(old ?? '');
  const found = tests.map((test) => judgeMetric(evaluated, test));
  return { isPassed: found.length > 0 && found.every(({ isPassed }) => isPassed), finding: found.map(({ finding }) => finding).join(' ') };
}

export function judgeMeasures(evaluated: Evaluated | undefined, now: Date): CheckFinding {
  const old = findOld(evaluated, now);
  if (evaluated === undefined || old !== undefined) return fail(old ?? '');
  const binding = evaluated.measures.filter(({ outcome }) => outcome === 'binds');
  if (binding.length === 0) return fail('No measure is known to bind this service: the questions about it were not answered.');
  const open = binding.filter(({ state }) => state === 'not_evaluated').length;
  const undecided = evaluated.measures.filter(({ outcome }) => outcome === 'undecided').length;
  const more = undecided === 0 ? '' : ` Of ${undecided} more it is not known whether they bind.`;
  return {
    isPassed: open === 0 && undecided === 0,
    finding: `${binding.length - open} of ${binding.length} measures that bind were evaluated from data.${more}`,
  };
}

/** @param records of the countries to which reports were traced */
export function judgeProcedures(records: readonly CountryRecord[]): CheckFinding {
  if (records.length === 0) return fail(`No report was traced to a country in the last ${REPORTS_DAYS} days: there are no data.`);
  const none = records.filter(({ hasRoute }) => !hasRoute).length;
  const stale = records.filter(({ hasRoute, isStale }) => hasRoute && isStale).length;
  const fresh = records.length - none - stale;
  return {
    isPassed: fresh === records.length,
    finding: `${fresh} of ${records.length} countries with reports have a procedure record that is up to date; ${none} have none, ${stale} an old one.`,
  };
}

export interface RemovalFigures {
  readonly isPublished: boolean;
  readonly rows: readonly { readonly isWithheld: boolean; readonly medianHours: number | null; readonly closed: number | null }[];
}

export function judgeRemovalTimes({ isPublished, rows }: RemovalFigures): CheckFinding {
  if (rows.length === 0) return fail(`There was no report in the last ${REPORTS_DAYS} days: there are no data.`);
  const stated = rows.filter(({ isWithheld, medianHours }) => !isWithheld && medianHours !== null).length;
  if (stated === 0) return fail(`No time to removal of the last ${REPORTS_DAYS} days can be stated: too few reports, or none that ended.`);
  const counted = `A time to removal is stated for ${stated} of ${rows.length} countries with reports.`;
  return isPublished ? { isPassed: true, finding: counted } : fail(`${counted} The figures are not published.`);
}

function judgeMetric(evaluated: Evaluated, test: MetricTest): CheckFinding {
  const item = findItem(evaluated, test);
  const days = test.window.replace(/^(\d+)d$/, 'in the last $1 days').replace(/^now$/, 'now');
  if (item === undefined || typeof item.figure !== 'number') return fail(`${capitalise(test.words)}: there are no data ${days}.`);
  return {
    isPassed: test.kind === 'share' ? item.figure >= test.bound : item.figure <= test.bound,
    finding: `${capitalise(test.words)}: ${describe(item, test)} ${days}.`,
  };
}

/** Data, and measured: what somebody says, and what is too old, is no evidence here. */
function findItem({ measures }: Evaluated, { metric, window }: MetricTest): EvaluatedItem | undefined {
  return measures
    .flatMap(({ items }) => items)
    .find((item) => item.metric === metric && item.window === window && item.mode === 'measured' && item.state !== 'not_evaluated' && item.figure !== null);
}

function describe({ figure, numerator, denominator }: EvaluatedItem, { kind }: MetricTest): string {
  const value = Number(figure);
  if (kind === 'count') return String(value);
  // Cut and not rounded: 99.96 % is no 100.0 %.
  const percent = `${(Math.floor(value * 1000) / 10).toFixed(1)} %`;
  return numerator === null || denominator === null ? percent : `${numerator} of ${denominator} (${percent})`;
}

function findOld(evaluated: Evaluated | undefined, now: Date): string | undefined {
  if (evaluated === undefined) return 'Nothing was evaluated yet: there are no data.';
  const hours = (now.getTime() - Date.parse(evaluated.at)) / HOUR_MS;
  return hours > EVALUATION_HOURS ? `The last evaluation is ${Math.floor(hours)} hours old, and counts for ${EVALUATION_HOURS}.` : undefined;
}

function fail(finding: string): CheckFinding {
  return { isPassed: false, finding };
}

function capitalise(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
