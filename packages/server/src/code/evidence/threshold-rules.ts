/** A figure against what it is compared with, and both in words. Pure. */
import type { Threshold, UNITS } from '../catalogue/schema.ts';

export type Unit = (typeof UNITS)[number];
export type Figure = number | boolean;

const OPERATOR_WORDS = { '=': 'exactly', '<': 'less than', '<=': 'at most', '>': 'more than', '>=': 'at least' } as const;
type Operator = keyof typeof OPERATOR_WORDS;

/** A threshold with the figure filled in: `own` needs a target. */
export type Comparison = { readonly kind: 'number'; readonly op: Operator; readonly value: number } | { readonly kind: 'yes' } | { readonly kind: 'reported' };

/** @returns undefined when it is the service's own target and nobody has set it */
export function toComparison(threshold: Threshold, target: number | undefined): Comparison | undefined {
  if (threshold.kind !== 'own') return threshold;
  return target === undefined ? undefined : { kind: 'number', op: threshold.op, value: target };
}

/** @returns undefined when a number stands where yes or no is asked, or the other way round: such a figure says nothing */
export function meets(figure: Figure, comparison: Comparison): boolean | undefined {
  switch (comparison.kind) {
    case 'reported':
      return true;
    case 'yes':
      return typeof figure === 'boolean' ? figure : undefined;
    case 'number':
      return typeof figure === 'number' && Number.isFinite(figure) ? compare(figure, comparison.op, comparison.value) : undefined;
  }
}

/** Binary fractions: 0.1 + 0.2 is not 0.3, and a ratio of equal counts is exactly 1. */
const EPSILON = 1e-12;

function compare(figure: number, op: Operator, value: number): boolean {
  const isEqual = Math.abs(figure - value) <= EPSILON;
  switch (op) {
    case '=':
      return isEqual;
    case '<':
      return figure < value && !isEqual;
    case '<=':
      return figure < value || isEqual;
    case '>':
      return figure > value && !isEqual;
    case '>=':
      return figure > value || isEqual;
  }
}

/** The figure passes, and a value that the sample allows as well would not. */
export function reachesOver(interval: { readonly low: number; readonly high: number }, comparison: Comparison): boolean {
  if (comparison.kind !== 'number') return false;
  return meets(interval.low, comparison) !== true || meets(interval.high, comparison) !== true;
}

/** Of durations, from this share of what is allowed on somebody should look: the next reading may be over. Our proposal. */
const NEAR_SHARE = 0.9;
const DURATIONS: ReadonlySet<Unit> = new Set(['ms', 'seconds', 'minutes', 'hours', 'days']);

export function isNear(figure: Figure, comparison: Comparison, unit: Unit): boolean {
  if (comparison.kind !== 'number' || typeof figure !== 'number' || !DURATIONS.has(unit)) return false;
  return (comparison.op === '<=' || comparison.op === '<') && comparison.value > 0 && figure > comparison.value * NEAR_SHARE;
}

export function describeThreshold(threshold: Threshold, { unit, target }: { readonly unit: Unit; readonly target: number | undefined }): string {
  switch (threshold.kind) {
    case 'number':
      return `${OPERATOR_WORDS[threshold.op]} ${describeFigure(threshold.value, unit)}`;
    case 'yes':
      return 'yes';
    case 'reported':
      return 'no threshold: it is reported';
    case 'own':
      return target === undefined
        ? `${OPERATOR_WORDS[threshold.op]} the service's own target, which is not set`
        : `${OPERATOR_WORDS[threshold.op]} the service's own target of ${describeFigure(target, unit)}`;
  }
}

/** `99.5 %`, `24 hours`, `yes`. */
export function describeFigure(figure: Figure, unit: Unit): string {
  if (typeof figure === 'boolean') return figure ? 'yes' : 'no';
  if (unit === 'ratio') return `${shorten(figure * 100, 3)} %`;
  if (unit === 'count' || unit === 'boolean') return shorten(figure, 2);
  return `${shorten(figure, 2)} ${unit === 'per million' || unit === 'ms' || figure !== 1 ? unit : unit.replace(/s$/, '')}`;
}

function shorten(value: number, digits: number): string {
  // A share of 0.9999996 is not everything: it must not be shown as 100 %.
  const text = value.toFixed(digits);
  const shown = Number(text) === 100 && value < 100 ? '99.'.padEnd(3 + digits, '9') : text;
  return shown.includes('.') ? shown.replace(/\.?0+$/, '') : shown;
}
