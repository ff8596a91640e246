/**
 * The ways in which a condition can become true: what must hold of which facts. The disjunctive form, cheapest first, bounded on the way. Pure.
 *
 * A way that takes more than `CHANGES_MAX` changes is dropped as soon as that shows, and of the rest the cheapest are kept; so what is found is right,
 * and complete as long as no part has more than `WAYS_MAX` ways.
 */
import type { Condition, CountNode, Requirement } from './condition-schema.ts';
import type { FactValue, FactValues } from './schema.ts';
import { intersect, isMet } from './requirement-rules.ts';

export const CHANGES_MAX = 4;
const WAYS_MAX = 48;
const CHOICES_MAX = 160;

export interface Way {
  readonly requirements: ReadonlyMap<string, Requirement>;
  /** Facts whose value now, if there is one, does not do: they would have to change. */
  readonly unmet: ReadonlySet<string>;
}

/** Ways of one set of values, so that a part that occurs often is worked out once. */
export type FoundWays = Map<Condition, readonly Way[]>;

const NO_REQUIREMENT: Way = { requirements: new Map(), unmet: new Set() };

export function findWays(condition: Condition, values: FactValues, found: FoundWays = new Map()): readonly Way[] {
  const known = found.get(condition);
  if (known !== undefined) return known;
  const ways = workOut(condition, values, found);
  found.set(condition, ways);
  return ways;
}

function workOut(condition: Condition, values: FactValues, found: FoundWays): readonly Way[] {
  switch (condition.kind) {
    case 'constant':
      return condition.value === true ? [NO_REQUIREMENT] : [];
    case 'test':
      return [toWay(new Map([[condition.fact, condition.requirement]]), values)];
    case 'count':
      return findCountWays(condition, values);
    case 'or':
      return keepCheapest(condition.operands.flatMap((operand) => findWays(operand, values, found)));
    case 'and':
      return condition.operands.reduce<readonly Way[]>((ways, operand) => multiply(ways, findWays(operand, values, found)), [NO_REQUIREMENT]);
  }
}

function multiply(left: readonly Way[], right: readonly Way[]): readonly Way[] {
  const products: Way[] = [];
  for (const a of left)
    for (const b of right) {
      const way = merge(a, b);
      if (way !== undefined) products.push(way);
    }
  return keepCheapest(products);
}

/** Undefined: the two cannot hold together, or not with so few changes. */
function merge(a: Way, b: Way): Way | undefined {
  if (a.requirements.size === 0) return b;
  if (b.requirements.size === 0) return a;
  // A value that meets both requirements of a fact meets what they have in common, so that nothing need be compared again.
  const unmet = new Set(a.unmet);
  for (const fact of b.unmet) unmet.add(fact);
  if (unmet.size > CHANGES_MAX) return undefined;
  const requirements = new Map(a.requirements);
  for (const [fact, requirement] of b.requirements) {
    const other = requirements.get(fact);
    const both = other === undefined ? requirement : intersect(other, requirement);
    if (both === undefined) return undefined;
    requirements.set(fact, both);
  }
  return { requirements, unmet };
}

function toWay(requirements: ReadonlyMap<string, Requirement>, values: FactValues): Way {
  return { requirements, unmet: new Set([...requirements].flatMap(([fact, requirement]) => (isMet(values.get(fact), requirement) ? [] : [fact]))) };
}

function keepCheapest(ways: readonly Way[]): readonly Way[] {
  return ways.length <= 1 ? ways : ways.toSorted((a, b) => a.unmet.size - b.unmet.size).slice(0, WAYS_MAX);
}

/** As few as needed at the level, and as few as needed below it; the nearest facts first. */
function findCountWays(count: CountNode, values: FactValues): readonly Way[] {
  const { facts, levels, below, min, max } = count;
  const atLevel = choose({ facts, wanted: levels, number: min, values });
  const underLevel = choose({ facts, wanted: below, number: facts.length - max, values });
  return multiply(atLevel, underLevel);
}

interface Choice {
  readonly facts: readonly string[];
  readonly wanted: readonly FactValue[];
  readonly number: number;
  readonly values: FactValues;
}

/** Selections of `number` facts that are to be at one of the wanted levels. */
function choose({ facts, wanted, number, values }: Choice): readonly Way[] {
  if (number <= 0) return [NO_REQUIREMENT];
  const requirement: Requirement = { kind: 'values', values: wanted };
  const effort = (fact: string): number => {
    const value = values.get(fact);
    if (value === undefined) return 1;
    return wanted.includes(value) ? 0 : 2;
  };
  const sorted = facts.toSorted((a, b) => effort(a) - effort(b));
  const ways: Way[] = [];
  let tries = 0;
  for (const selected of combine(sorted, number)) {
    const way = toWay(new Map(selected.map((fact) => [fact, requirement])), values);
    if (way.unmet.size <= CHANGES_MAX) ways.push(way);
    // The first selection takes the fewest changes of all.
    else if (tries === 0) return [];
    tries += 1;
    if (tries >= CHOICES_MAX) break;
  }
  return keepCheapest(ways);
}

/** Selections of `size`, in the order of the list. */
function* combine(list: readonly string[], size: number, from = 0): Generator<readonly string[]> {
  if (size === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= list.length - size; i += 1) for (const rest of combine(list, size - 1, i + 1)) yield [list[i] ?? '', ...rest];
}
