/** Facts, values and days in words. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { Requirement } from './condition-schema.ts';
import type { FactValue } from './schema.ts';
import { listValues } from './test-rules.ts';

export const NOT_ANSWERED = 'not answered';
/** Made once: making one takes longer than a hundred uses. */
const NUMBER = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 6 });
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

export function describeValue({ type }: FactDefinition, value: FactValue | null | undefined): string {
  if (value === undefined || value === null) return NOT_ANSWERED;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return describeNumber(value);
  return type.kind === 'choice' ? (type.options.find((option) => option.value === value)?.label ?? value) : value;
}

/** `more than 700,000`, `medium or high`, `yes` */
export function describeRequirement(definition: FactDefinition, requirement: Requirement): string {
  if (requirement.kind === 'range') return describeRange(requirement);
  const values = listValues(definition).filter((value) => requirement.values.includes(value));
  return joinWords(
    values.map((value) => describeValue(definition, value)),
    'or',
  );
}

function describeRange({ min, isMinOpen, max, isMaxOpen }: Requirement & { kind: 'range' }): string {
  if (min === max) return `exactly ${describeNumber(min)}`;
  const parts = [
    ...(min === -Infinity ? [] : [isMinOpen ? `more than ${describeNumber(min)}` : `at least ${describeNumber(min)}`]),
    ...(max === Infinity ? [] : [isMaxOpen ? `fewer than ${describeNumber(max)}` : `at most ${describeNumber(max)}`]),
  ];
  return parts.length === 0 ? 'any number' : joinWords(parts, 'and');
}

function describeNumber(value: number): string {
  return NUMBER.format(value);
}

export function joinWords(words: readonly string[], last: 'and' | 'or'): string {
  return words.length <= 1 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1) ?? ''}`;
}

/** @param day YYYY-MM-DD */
export function describeDay(day: string): string {
  const [year = '', month = '', date = ''] = day.split('-');
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? month} ${year}`;
}
