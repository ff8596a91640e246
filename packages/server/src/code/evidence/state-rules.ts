/**
 * From readings to states. What is missing never helps: an item without data is not evaluated, and a measure with such an item is not a pass
 * (DESIGN.md, promise 6). Pure.
 */
import type { EvidenceItem, MetricInfo } from '../catalogue/schema.ts';
import type { Outcome } from '../facts/schema.ts';
import type { Item, MeasureState } from './schema.ts';
import { describeFigure, describeThreshold, isNear, meets, reachesOver, toComparison, type Comparison, type Figure, type Unit } from './threshold-rules.ts';

export type ItemState = Item['state'];

/** What a source gave. `failed`: it threw, or took too long. `none`: nothing in this installation measures it. */
export type Reading =
  | {
      readonly kind: 'read';
      readonly figure: Figure | null;
      readonly numerator?: number | undefined;
      readonly denominator?: number | undefined;
      readonly interval?: { readonly low: number; readonly high: number } | undefined;
      readonly finding: string;
      readonly rows?: readonly { readonly label: string; readonly figure: number }[] | undefined;
      /** When the newest of the data came to be, where data may be old. */
      readonly newestAt?: Date | undefined;
      readonly freshForHours?: number | undefined;
      readonly method: string;
      readonly from: Date;
      readonly to: Date;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly method: string }
  | { readonly kind: 'none' };

/** What a named person says. */
export interface Attested {
  readonly id: string;
  /** Null: wherever the metric stands. */
  readonly control: string | null;
  readonly figure: Figure;
  readonly statement: string;
  readonly by: string;
  readonly at: Date;
  /** YYYY-MM-DD, the last day on which it counts. */
  readonly validUntil: string;
}

export interface ItemInput {
  readonly item: EvidenceItem;
  readonly metric: Pick<MetricInfo, 'title' | 'unit'>;
  readonly reading: Reading;
  /** In effect for this control and metric; of several the one for this control alone. */
  readonly attested: Attested | undefined;
  readonly target: number | undefined;
  readonly at: Date;
}

interface Verdict {
  readonly state: ItemState;
  readonly reason: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** An attestation that ends within this many days is for somebody to look at. */
export const ENDS_SOON_DAYS = 30;

export function judgeItem(input: ItemInput): Item {
  const { item, metric, target } = input;
  const { verdict, from } = item.mode === 'measured' ? { verdict: judgeReading(input), from: 'reading' as const } : judgeSaid(input);
  return {
    metric: item.metric,
    title: metric.title,
    unit: metric.unit,
    mode: item.mode,
    window: item.window,
    threshold: item.threshold,
    thresholdText: describeThreshold(item.threshold, { unit: metric.unit, target }),
    basis: item.basis,
    note: item.note,
    state: verdict.state,
    reason: verdict.reason,
    ...(from === 'attestation' && input.attested !== undefined ? showAttested(input.attested) : showReading(input.reading)),
  };
}

type Shown = Pick<Item, 'from' | 'to' | 'figure' | 'numerator' | 'denominator' | 'interval' | 'rows' | 'method' | 'attestation'>;
const NOTHING_SHOWN: Shown = {
  from: null,
  to: null,
  figure: null,
  numerator: null,
  denominator: null,
  interval: null,
  rows: [],
  method: null,
  attestation: null,
};

function showAttested({ id, by, at, validUntil, figure, statement }: Attested): Shown {
  return { ...NOTHING_SHOWN, figure, method: `Said by ${by}: ${statement}`, attestation: { id, by, at: at.toISOString(), validUntil } };
}

function showReading(reading: Reading): Shown {
  if (reading.kind === 'none') return NOTHING_SHOWN;
  const { method } = reading;
  if (reading.kind === 'failed') return { ...NOTHING_SHOWN, method };
  const { figure, numerator = null, denominator = null, interval = null, rows = [], from, to } = reading;
  return {
    ...NOTHING_SHOWN,
    method,
    figure: typeof figure === 'number' && !Number.isFinite(figure) ? null : figure,
    numerator,
    denominator,
    interval: interval === null ? null : { low: interval.low, high: interval.high },
    rows: rows.map(({ label, figure: value }) => ({ label, figure: value })),
    from: from.toISOString(),
    to: to.toISOString(),
  };
}

/**
 * Items that rest on somebody's word. What the signed records of this register say counts before a general attestation; one that is made for this
 * control alone counts before both, because the metric may be about several things (policies) of which the control means one.
 */
function judgeSaid(input: ItemInput): { readonly verdict: Verdict; readonly from: 'reading' | 'attestation' } {
  const { attested, reading } = input;
  const hasReading = reading.kind === 'read' && reading.figure !== null;
  if (attested !== undefined && (attested.control !== null || !hasReading)) {
    const verdict = judgeAttested(input, attested);
    if (verdict.state !== 'not_evaluated' || !hasReading) return { verdict: withContradiction(input, verdict, hasReading), from: 'attestation' };
  }
  if (reading.kind === 'none') return { verdict: { state: 'not_evaluated', reason: 'Nobody has attested it.' }, from: 'reading' };
  return { verdict: judgeReading(input), from: 'reading' };
}

/** A word that stands against the register's own records is for somebody to look at. */
function withContradiction(input: ItemInput, verdict: Verdict, hasReading: boolean): Verdict {
  if (verdict.state !== 'pass' || !hasReading) return verdict;
  const other = judgeReading(input);
  return other.state === 'fail' ? { state: 'attention', reason: `${verdict.reason} The records say otherwise: ${other.reason}` } : verdict;
}

function judgeAttested(input: ItemInput, attested: Attested): Verdict {
  const { item, metric, target, at } = input;
  // It counts to the end of its last day.
  const endsInMs = Date.parse(`${attested.validUntil}T00:00:00Z`) + DAY_MS - at.getTime();
  if (!(endsInMs > 0)) return { state: 'not_evaluated', reason: `What ${attested.by} attested ended on ${attested.validUntil}.` };
  const comparison = toComparison(item.threshold, target);
  if (comparison === undefined) return NO_TARGET;
  const said = `${attested.by} attests ${describeFigure(attested.figure, metric.unit)}, until ${attested.validUntil}.`;
  const verdict = judgeFigure({ figure: attested.figure, comparison, unit: metric.unit, said });
  if (verdict.state !== 'pass' || endsInMs > ENDS_SOON_DAYS * DAY_MS) return verdict;
  return { state: 'attention', reason: `${said} It ends within ${ENDS_SOON_DAYS} days.` };
}

const NO_TARGET: Verdict = { state: 'not_evaluated', reason: 'The threshold is a target of the service, and nobody has set one.' };

function judgeReading({ item, metric, reading, target, at }: ItemInput): Verdict {
  if (reading.kind === 'none') return { state: 'not_evaluated', reason: 'Nothing in this installation measures it.' };
  if (reading.kind === 'failed') return { state: 'not_evaluated', reason: reading.reason };
  const { figure, finding } = reading;
  if (figure === null || (typeof figure === 'number' && !Number.isFinite(figure))) return { state: 'not_evaluated', reason: finding };
  if (reading.denominator === 0) return { state: 'not_evaluated', reason: `There was nothing to count. ${finding}` };
  const ageHours = reading.newestAt === undefined ? 0 : (at.getTime() - reading.newestAt.getTime()) / HOUR_MS;
  if (reading.freshForHours !== undefined && ageHours > reading.freshForHours) {
    return {
      state: 'not_evaluated',
      reason: `The newest data are ${Math.floor(ageHours)} hours old; at most ${reading.freshForHours} are allowed. ${finding}`,
    };
  }
  const comparison = toComparison(item.threshold, target);
  if (comparison === undefined) return { state: 'not_evaluated', reason: `${NO_TARGET.reason} ${finding}` };
  return judgeFigure({ figure, comparison, unit: metric.unit, said: finding, interval: reading.interval });
}

interface Judged {
  readonly figure: Figure;
  readonly comparison: Comparison;
  readonly unit: Unit;
  readonly said: string;
  readonly interval?: { readonly low: number; readonly high: number } | undefined;
}

function judgeFigure({ figure, comparison, unit, said, interval }: Judged): Verdict {
  const isMet = meets(figure, comparison);
  if (isMet === undefined) return { state: 'not_evaluated', reason: `The figure is of another kind than the threshold. ${said}` };
  if (!isMet) return { state: 'fail', reason: said };
  if (interval !== undefined && reachesOver(interval, comparison)) {
    const range = `${describeFigure(interval.low, unit)} to ${describeFigure(interval.high, unit)}`;
    return { state: 'attention', reason: `${said} The interval (95 %) of ${range} reaches over the threshold.` };
  }
  if (isNear(figure, comparison, unit)) return { state: 'attention', reason: `${said} It is close to the threshold.` };
  return { state: 'pass', reason: said };
}

const SEVERITY: Readonly<Record<ItemState, number>> = { fail: 3, not_evaluated: 2, attention: 1, pass: 0 };
const WORST_FIRST: readonly ItemState[] = ['fail', 'not_evaluated', 'attention', 'pass'];

/** The worst of them, whatever their order. None at all: not evaluated. */
export function combine(items: readonly Pick<Item, 'state'>[]): ItemState {
  if (items.length === 0) return 'not_evaluated';
  return items.reduce<ItemState>((worst, { state }) => (SEVERITY[state] > SEVERITY[worst] ? state : worst), 'pass');
}

/** A signed record that the service does something else in place of the measure (OSA s.23(4)-(5)). */
export interface Alternative {
  readonly id: string;
  /** YYYY-MM-DD */
  readonly effectiveFrom: string;
  readonly reviewDue: Date | null;
}

export interface MeasureInput {
  readonly control: string;
  readonly outcome: Outcome;
  readonly items: readonly Item[];
  readonly alternative: Alternative | undefined;
  readonly at: Date;
}

export function judgeMeasure({ control, outcome, items, alternative, at }: MeasureInput): MeasureState {
  const shown = combine(items);
  const base = { control, outcome, items: [...items], isDoneAnyway: false };
  if (outcome === 'not_asked') {
    if (!isDone(items)) return { ...base, state: 'not_applicable', reason: 'Not asked of this service.' };
    return { ...base, isDoneAnyway: true, state: shown, reason: `Not asked of this service, and done anyway: ${summarise(items)}` };
  }
  if (alternative !== undefined && isInEffect(alternative, at)) {
    return { ...base, state: 'alternative_measure', reason: 'The service does something else in its place, and the record of that is signed and current.' };
  }
  return { ...base, state: shown, reason: summarise(items) };
}

/** A figure that is only reported is no deed. */
function isDone(items: readonly Item[]): boolean {
  const state = combine(items);
  return (state === 'pass' || state === 'attention') && items.some(({ threshold }) => threshold.kind !== 'reported');
}

function isInEffect({ effectiveFrom, reviewDue }: Alternative, at: Date): boolean {
  return Date.parse(`${effectiveFrom}T00:00:00Z`) <= at.getTime() && (reviewDue === null || reviewDue.getTime() > at.getTime());
}

const STATE_WORDS: Readonly<Record<ItemState, string>> = { fail: 'failing', not_evaluated: 'not evaluated', attention: 'to be looked at', pass: 'kept' };

function summarise(items: readonly Item[]): string {
  const state = combine(items);
  const worst = items.find((item) => item.state === state);
  if (worst === undefined) return 'Nothing shows whether it is kept.';
  if (items.length === 1) return worst.reason;
  if (state === 'pass') return `All ${items.length} items of evidence are kept.`;
  const counts = WORST_FIRST.flatMap((one) => {
    const count = items.filter((item) => item.state === one).length;
    return count === 0 ? [] : [`${count} ${STATE_WORDS[one]}`];
  });
  return `${counts.join(', ')}. ${worst.title}: ${worst.reason}`;
}
