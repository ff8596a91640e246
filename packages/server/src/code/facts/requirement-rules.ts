/** What a fact must be: whether it is, both of two at once, and a value that does. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { Requirement } from './condition-schema.ts';
import { LEVELS, type FactValue } from './schema.ts';

type Range = Requirement & { readonly kind: 'range' };

export function satisfies(value: FactValue, requirement: Requirement): boolean {
  if (requirement.kind === 'values') return requirement.values.includes(value);
  if (typeof value !== 'number') return false;
  const { min, isMinOpen, max, isMaxOpen } = requirement;
  return (isMinOpen ? value > min : value >= min) && (isMaxOpen ? value < max : value <= max);
}

export function isMet(value: FactValue | undefined, requirement: Requirement): boolean {
  return value !== undefined && satisfies(value, requirement);
}

/** Undefined when nothing satisfies both. */
export function intersect(a: Requirement, b: Requirement): Requirement | undefined {
  if (a.kind === 'values') return keepValues(a.values, b);
  return b.kind === 'values' ? keepValues(b.values, a) : intersectRanges(a, b);
}

function keepValues(list: readonly FactValue[], other: Requirement): Requirement | undefined {
  const values = list.filter((value) => satisfies(value, other));
  return values.length === 0 ? undefined : { kind: 'values', values };
}

function intersectRanges(a: Range, b: Range): Requirement | undefined {
  const { min, isMinOpen } = beginsLater(a, b) ? a : b;
  const { max, isMaxOpen } = endsEarlier(a, b) ? a : b;
  const isEmpty = min > max || (min === max && (isMinOpen || isMaxOpen));
  return isEmpty ? undefined : { kind: 'range', min, isMinOpen, max, isMaxOpen };
}

/** Or at the same place. */
function beginsLater(a: Range, b: Range): boolean {
  return a.min > b.min || (a.min === b.min && (a.isMinOpen || !b.isMinOpen));
}

function endsEarlier(a: Range, b: Range): boolean {
  return a.max < b.max || (a.max === b.max && (a.isMaxOpen || !b.isMaxOpen));
}

/** Whatever satisfies the inner one satisfies the outer one. */
export function isNarrower(inner: Requirement, outer: Requirement): boolean {
  if (inner.kind === 'values') return inner.values.every((value) => satisfies(value, outer));
  return outer.kind === 'range' && beginsLater(inner, outer) && endsEarlier(inner, outer);
}

/** A value that does, as near to the present one as there is. Undefined when the fact never has such a value. */
export function findWitness(requirement: Requirement, { type }: FactDefinition, now: FactValue | undefined): FactValue | undefined {
  if (requirement.kind === 'range') return type.kind === 'number' ? findNumber(requirement, type, now) : undefined;
  if (type.kind !== 'level') return requirement.values[0];
  const place = (value: FactValue | undefined): number => LEVELS.findIndex((level) => level === value);
  return requirement.values.toSorted((a, b) => Math.abs(place(a) - place(now)) - Math.abs(place(b) - place(now)))[0];
}

function findNumber(requirement: Range, type: { readonly min: number; readonly max: number }, now: FactValue | undefined): number | undefined {
  const low = Math.max(requirement.min, type.min);
  const high = Math.min(requirement.max, type.max);
  const fromBelow = typeof now !== 'number' || now <= low;
  const candidates = fromBelow ? [low, Math.floor(low) + 1, high] : [high, Math.ceil(high) - 1, low];
  return [...candidates, (low + high) / 2].find((number) => number >= type.min && number <= type.max && satisfies(number, requirement));
}
