/** Decides conditions with three values (Kleene): what is unknown stays unknown unless the rest decides. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { Condition, CountNode, Model, TestNode, Truth } from './condition-schema.ts';
import { satisfies } from './requirement-rules.ts';
import type { FactValue, FactValues } from './schema.ts';
import { listValues } from './test-rules.ts';

/** What deciding needs of the values: enough for a view of them with a few changes. */
export type Lookup = Pick<FactValues, 'get'>;

/** Results of one set of values, so that a part that occurs often is decided once. */
export type Decided = Map<Condition, Truth>;

export function decide(condition: Condition, values: Lookup, decided: Decided = new Map()): Truth {
  switch (condition.kind) {
    case 'constant':
      return condition.value;
    case 'test':
      return decideTest(condition, values);
    case 'count':
      return decideCount(condition, values);
    case 'and':
    case 'or': {
      if (decided.has(condition)) return decided.get(condition);
      const truth = decideChain(condition.operands, { isAnd: condition.kind === 'and', values, decided });
      decided.set(condition, truth);
      return truth;
    }
  }
}

function decideChain(
  operands: readonly Condition[],
  { isAnd, values, decided }: { readonly isAnd: boolean; readonly values: Lookup; readonly decided: Decided },
): Truth {
  let truth: Truth = isAnd;
  for (const operand of operands) {
    const found = decide(operand, values, decided);
    if (found === !isAnd) return found;
    if (found === undefined) truth = undefined;
  }
  return truth;
}

function decideTest({ fact, requirement }: TestNode, values: Lookup): Truth {
  const value = values.get(fact);
  return value === undefined ? undefined : satisfies(value, requirement);
}

/** With facts unknown the number lies between what is known to be at the level and that plus the unknown ones. */
function decideCount({ facts, levels, min, max }: CountNode, values: Lookup): Truth {
  let least = 0;
  let most = 0;
  for (const fact of facts) {
    const value = values.get(fact);
    if (value === undefined) most += 1;
    else if (levels.includes(value)) {
      least += 1;
      most += 1;
    }
  }
  if (least >= min && most <= max) return true;
  return most < min || least > max ? false : undefined;
}

/** What was said and what follows from it. Facts that the catalogue does not know, or not with this value, are left out: they are unknown. */
export function deriveValues({ facts, derived }: Model, said: FactValues): FactValues {
  const values = new Map<string, FactValue>();
  for (const [id, definition] of facts) {
    const value = said.get(id);
    if (value !== undefined && isPossible(definition, value)) values.set(id, value);
  }
  for (const [id, condition] of derived) {
    const truth = decide(condition, values);
    if (truth !== undefined) values.set(id, truth);
  }
  return values;
}

function isPossible(definition: FactDefinition, value: FactValue): boolean {
  const { type } = definition;
  if (type.kind === 'number') return typeof value === 'number' && value >= type.min && value <= type.max;
  return listValues(definition).includes(value);
}

/** Every fact that stands in it. */
export function listConditionFacts(condition: Condition): ReadonlySet<string> {
  const facts = new Set<string>();
  walk(condition, (node) => {
    if (node.kind === 'test') facts.add(node.fact);
    else if (node.kind === 'count') for (const fact of node.facts) facts.add(fact);
    return true;
  });
  return facts;
}

/** Each part once; `false` keeps from its inside. */
export function walk(condition: Condition, enter: (node: Condition) => boolean, seen = new Set<Condition>()): void {
  if (seen.has(condition)) return;
  seen.add(condition);
  if (enter(condition) && (condition.kind === 'and' || condition.kind === 'or')) for (const operand of condition.operands) walk(operand, enter, seen);
}
