/** Tests of one fact, and counts of facts. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { Condition, Requirement } from './condition-schema.ts';
import type { Comparison, CountTerm } from './expression-schema.ts';
import { LEVELS, type FactValue } from './schema.ts';

const UNKNOWN: Condition = { kind: 'constant', value: undefined };
const NEVER: Condition = { kind: 'constant', value: false };
const NEGATED: Readonly<Record<Comparison, Comparison>> = { '==': '!=', '!=': '==', '<': '>=', '<=': '>', '>': '<=', '>=': '<' };

interface Faults {
  fault(message: string): void;
}

export interface FactTest {
  readonly definition: FactDefinition;
  readonly op: Comparison | 'in';
  readonly values: readonly FactValue[];
  readonly isNegated: boolean;
}

/** Unknown, with a fault, when the fact cannot be compared like that. */
export function toTestCondition(test: FactTest, faults: Faults): Condition {
  const { definition, values, op } = test;
  const { id, type } = definition;
  if (type.kind === 'number') return toNumberCondition(test, faults);
  const domain = listValues(definition);
  const strange = values.find((value) => !domain.includes(value));
  if (strange !== undefined) {
    faults.fault(`${id} is never ${JSON.stringify(strange)}, only ${domain.map((value) => JSON.stringify(value)).join(', ')}`);
    return UNKNOWN;
  }
  if (op !== 'in' && op !== '==' && op !== '!=' && type.kind !== 'level') {
    faults.fault(`${id} has no order, so \`${op}\` says nothing`);
    return UNKNOWN;
  }
  const wanted = values.map((value) => domain.indexOf(value));
  const accepted = domain.filter((value) => isAccepted(domain.indexOf(value), { op, wanted }) !== test.isNegated);
  if (accepted.length === 0 || accepted.length === domain.length) return { kind: 'constant', value: accepted.length > 0 };
  return { kind: 'test', fact: id, requirement: { kind: 'values', values: accepted } };
}

function isAccepted(place: number, { op, wanted }: { readonly op: Comparison | 'in'; readonly wanted: readonly number[] }): boolean {
  return op === 'in' ? wanted.includes(place) : compare(place, op, wanted[0] ?? -1);
}

function compare(left: number, op: Comparison, right: number): boolean {
  switch (op) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}

/** All values of a fact that has few; levels in ascending order. */
export function listValues({ type }: FactDefinition): readonly FactValue[] {
  if (type.kind === 'yes_no') return [true, false];
  if (type.kind === 'level') return LEVELS;
  return type.kind === 'choice' ? type.options.map(({ value }) => value) : [];
}

function toNumberCondition({ definition: { id }, op, values, isNegated }: FactTest, faults: Faults): Condition {
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length !== values.length) {
    faults.fault(`${id} is a number and is compared with numbers only`);
    return UNKNOWN;
  }
  const test = (requirement: Requirement): Condition => ({ kind: 'test', fact: id, requirement });
  if (op === 'in') {
    const each = numbers.map((value) => anyOf(toRanges(isNegated ? '!=' : '==', value).map(test)));
    return isNegated ? { kind: 'and', operands: each } : anyOf(each);
  }
  return anyOf(toRanges(isNegated ? NEGATED[op] : op, numbers[0] ?? 0).map(test));
}

function anyOf(operands: readonly Condition[]): Condition {
  const [only] = operands;
  return only !== undefined && operands.length === 1 ? only : { kind: 'or', operands };
}

function toRanges(op: Comparison, value: number): Requirement[] {
  const below = (isMaxOpen: boolean): Requirement => ({ kind: 'range', min: -Infinity, isMinOpen: true, max: value, isMaxOpen });
  const above = (isMinOpen: boolean): Requirement => ({ kind: 'range', min: value, isMinOpen, max: Infinity, isMaxOpen: true });
  switch (op) {
    case '==':
      return [{ kind: 'range', min: value, isMinOpen: false, max: value, isMaxOpen: false }];
    case '!=':
      return [below(true), above(true)];
    case '<':
    case '<=':
      return [below(op === '<')];
    case '>':
    case '>=':
      return [above(op === '>')];
  }
}

export interface CountTest {
  readonly count: CountTerm;
  readonly op: Comparison;
  readonly value: FactValue;
  readonly isNegated: boolean;
}

/** Facts of levels are counted, and only those that are asked. */
export function toCountCondition(
  { count, op, value, isNegated }: CountTest,
  { facts, fault }: Faults & { readonly facts: ReadonlyMap<string, FactDefinition> },
): Condition {
  const { prefix, level, except, at } = count;
  const place = `(character ${at + 1})`;
  const strange = except.find((id) => facts.get(id)?.type.kind !== 'level' || !id.startsWith(prefix));
  if (strange !== undefined) fault(`${strange} is not among the facts that begin with ${prefix} ${place}`);
  const counted = [...facts.values()].filter(({ id, type }) => type.kind === 'level' && id.startsWith(prefix) && !except.includes(id)).map(({ id }) => id);
  if (counted.length === 0) fault(`no level is counted: none begins with ${prefix} ${place}`);
  if (typeof value !== 'number') fault(`a count is compared with a number ${place}`);
  if (counted.length === 0 || typeof value !== 'number') return UNKNOWN;
  const from = LEVELS.indexOf(level);
  // Every level is at least the lowest one, whatever is answered.
  if (from === 0) return { kind: 'constant', value: compare(counted.length, op, value) !== isNegated };
  const node = { kind: 'count', facts: counted, levels: LEVELS.slice(from), below: LEVELS.slice(0, from) } as const;
  const bounds = toBounds(isNegated ? NEGATED[op] : op, { value, of: counted.length });
  return bounds.length === 0 ? NEVER : anyOf(bounds.map(([min, max]) => ({ ...node, min, max })));
}

/** The numbers from 0 to `of` that satisfy the comparison, as intervals. */
function toBounds(op: Comparison, { value, of }: { readonly value: number; readonly of: number }): (readonly [min: number, max: number])[] {
  const intervals: [number, number][] = [];
  for (let number = 0; number <= of; number += 1) {
    if (!compare(number, op, value)) continue;
    const last = intervals.at(-1);
    if (last !== undefined && last[1] === number - 1) last[1] = number;
    else intervals.push([number, number]);
  }
  return intervals;
}
