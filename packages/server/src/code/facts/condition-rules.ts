/** Makes conditions out of the expressions of a catalogue, and finds what is wrong with them. Pure. */
import type { Catalogue, FactDefinition, Group } from '../catalogue/schema.ts';
import type { Condition, Model } from './condition-schema.ts';
import { parseExpression } from './expression-rules.ts';
import type { Expression, FactTerm } from './expression-schema.ts';
import { ExpressionError } from './expression-token-rules.ts';
import { toCountCondition, toTestCondition } from './test-rules.ts';

const UNKNOWN: Condition = { kind: 'constant', value: undefined };
const ALWAYS: Condition = { kind: 'constant', value: true };
const NEVER: Condition = { kind: 'constant', value: false };

/** Never throws: what cannot be read is unknown, and in `faults`. */
export function compileModel(catalogue: Pick<Catalogue, 'facts' | 'groups'>): Model {
  const compiler = openCompiler(catalogue);
  return {
    facts: compiler.facts,
    derived: new Map(catalogue.facts.filter(({ type }) => type.kind === 'derived').map(({ id }) => [id, compiler.derived(id)])),
    groups: new Map(catalogue.groups.map((group) => [group.id, compiler.group(group)])),
    conditions: new Map(catalogue.groups.flatMap(({ controls }) => controls.map(({ id }) => [id, compiler.control(id)] as const))),
    faults: [...compiler.faults],
  };
}

/** True and its opposite are made apart: a negation is moved down as it is met (De Morgan holds with three values too). */
interface Sides {
  readonly yes: Condition;
  readonly no: Condition;
}

const UNKNOWN_SIDES: Sides = { yes: UNKNOWN, no: UNKNOWN };

interface Compiler {
  readonly facts: ReadonlyMap<string, FactDefinition>;
  readonly faults: Set<string>;
  derived(id: string): Condition;
  group(group: Group): Condition;
  control(id: string): Condition;
}

interface Scope {
  readonly facts: ReadonlyMap<string, FactDefinition>;
  fault(message: string): void;
  derived(term: FactTerm): Sides;
  control(id: string): Sides;
}

function openCompiler(catalogue: Pick<Catalogue, 'facts' | 'groups'>): Compiler {
  const facts = new Map(catalogue.facts.map((fact) => [fact.id, fact]));
  const controls = new Map(catalogue.groups.flatMap((group) => group.controls.map((control) => [control.id, { group, control }] as const)));
  const faults = new Set<string>();
  const made = new Map<string, Sides>();
  const open = new Set<string>();

  /** Each name is made once; a name that needs itself is unknown. */
  const once = (name: string, make: () => Sides): Sides => {
    const known = made.get(name);
    if (known !== undefined) return known;
    if (open.has(name)) {
      faults.add(`${name}: it depends on itself`);
      return UNKNOWN_SIDES;
    }
    open.add(name);
    const sides = make();
    open.delete(name);
    made.set(name, sides);
    return sides;
  };
  const read = (where: string, text: string): Sides => {
    try {
      const fault = (message: string): void => void faults.add(`${where}: ${message}`);
      return toSides(parseExpression(text), { facts, fault, derived: ({ fact }) => derived(fact), control });
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      faults.add(`${where}: ${error.message}`);
      return UNKNOWN_SIDES;
    }
  };
  const derived = (id: string): Sides =>
    once(`fact ${id}`, () => {
      const type = facts.get(id)?.type;
      return type?.kind === 'derived' ? read(`fact ${id}`, type.expr) : UNKNOWN_SIDES;
    });
  const group = ({ id, appliesTo }: Group): Sides => once(`group ${id}`, () => read(`group ${id}`, appliesTo.expr));
  const control = (id: string): Sides =>
    once(`control ${id}`, () => {
      const found = controls.get(id);
      if (found === undefined) {
        faults.add(`there is no measure ${id}, which \`applies(…)\` names`);
        return UNKNOWN_SIDES;
      }
      const { expr } = found.control.appliesTo;
      const own = expr === null ? UNKNOWN_SIDES : once(`${found.group.id}: ${expr}`, () => read(`control ${id}`, expr));
      return once(`${found.group.id} and ${expr ?? 'unknown'}`, () => combine('and', [group(found.group), own]));
    });

  return { facts, faults, derived: (id) => derived(id).yes, group: (one) => group(one).yes, control: (id) => control(id).yes };
}

function toSides(expression: Expression, scope: Scope): Sides {
  switch (expression.kind) {
    case 'constant':
      return expression.value ? { yes: ALWAYS, no: NEVER } : { yes: NEVER, no: ALWAYS };
    case 'not': {
      const { yes, no } = toSides(expression.operand, scope);
      return { yes: no, no: yes };
    }
    case 'and':
    case 'or':
      return combine(
        expression.kind,
        expression.operands.map((operand) => toSides(operand, scope)),
      );
    case 'applies':
      return scope.control(expression.control);
    case 'fact':
      return toFactSides(expression, scope);
    case 'in':
      return toFactTest(expression.left, scope, (definition) => ({ op: 'in', values: expression.options.map(({ value }) => value), definition }));
    case 'compare': {
      const { left, op, right } = expression;
      if (left.kind === 'count') {
        const test = (isNegated: boolean): Condition => toCountCondition({ count: left, op, value: right.value, isNegated }, scope);
        return { yes: test(false), no: test(true) };
      }
      return toFactTest(left, scope, (definition) => ({ op, values: [right.value], definition }));
    }
  }
}

function toFactSides(term: FactTerm, scope: Scope): Sides {
  return toFactTest(term, scope, (definition) => ({ op: '==', values: [true], definition }));
}

type FactTest = Omit<Parameters<typeof toTestCondition>[0], 'isNegated'>;

/** A derived fact is put in; it is yes or no. */
function toFactTest(term: FactTerm, scope: Scope, make: (definition: FactDefinition) => FactTest): Sides {
  const definition = scope.facts.get(term.fact);
  if (definition === undefined) {
    scope.fault(`there is no fact ${term.fact} (character ${term.at + 1})`);
    return UNKNOWN_SIDES;
  }
  const test = make(definition);
  if (definition.type.kind !== 'derived')
    return { yes: toTestCondition({ ...test, isNegated: false }, scope), no: toTestCondition({ ...test, isNegated: true }, scope) };
  const { yes, no } = scope.derived(term);
  const [value] = test.values;
  if ((test.op !== '==' && test.op !== '!=') || typeof value !== 'boolean') {
    scope.fault(`${term.fact} is yes or no (character ${term.at + 1})`);
    return UNKNOWN_SIDES;
  }
  return (test.op === '==') === value ? { yes, no } : { yes: no, no: yes };
}

function combine(kind: 'and' | 'or', sides: readonly Sides[]): Sides {
  const other = kind === 'and' ? 'or' : 'and';
  return {
    yes: join(
      kind,
      sides.map(({ yes }) => yes),
    ),
    no: join(
      other,
      sides.map(({ no }) => no),
    ),
  };
}

/** Without what changes nothing; unknown parts stay. */
function join(kind: 'and' | 'or', operands: readonly Condition[]): Condition {
  const neutral = kind === 'and';
  const flat = operands.flatMap((operand) => (operand.kind === kind ? operand.operands : [operand]));
  if (flat.some((operand) => operand.kind === 'constant' && operand.value === !neutral)) return neutral ? NEVER : ALWAYS;
  const kept = [...new Set(flat)].filter((operand) => operand.kind !== 'constant' || operand.value !== neutral);
  const [only] = kept;
  if (only === undefined) return neutral ? ALWAYS : NEVER;
  return kept.length === 1 ? only : { kind, operands: kept };
}
