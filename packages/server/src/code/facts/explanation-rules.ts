/** Why a condition is decided as it is, and what would make it true: found by deciding again with other facts, not by reading the text. Pure. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { Condition, Requirement, Truth } from './condition-schema.ts';
import { findWitness, isMet, isNarrower } from './requirement-rules.ts';
import type { FactValue, FactValues } from './schema.ts';
import { decide, listConditionFacts, walk } from './truth-rules.ts';
import { findWays, type FoundWays } from './ways-rules.ts';

export const WAYS_SHOWN_MAX = 5;
/** Of ways that differ only in which of several like facts they change. */
const LIKE_WAYS_MAX = 2;

export interface Change {
  readonly fact: string;
  readonly requirement: Requirement;
  /** A value that does, as near to the present one as there is. */
  readonly witness: FactValue;
}

export interface Explanation {
  readonly truth: Truth;
  /** Known alone, they decide the same; without any one of them it is open. Empty when it is undecided. */
  readonly decidedBy: readonly string[];
  /** Unknown facts that could still decide it. Empty when it is decided. */
  readonly missing: readonly string[];
  /** Sets of changes after which it is true; none has a part that is enough. Empty when it is true. */
  readonly ways: readonly (readonly Change[])[];
}

export interface Known {
  readonly values: FactValues;
  readonly facts: ReadonlyMap<string, FactDefinition>;
  readonly found: FoundWays;
}

export function explain(condition: Condition, known: Known): Explanation {
  const truth = decide(condition, known.values);
  return {
    truth,
    decidedBy: truth === undefined ? [] : findReasons(condition, truth, known),
    missing: truth === undefined ? findMissing(condition, known) : [],
    ways: truth === true ? [] : findChanges(condition, known),
  };
}

/** Drops one fact after the other as long as the answer stays: knowing less never turns an answer into its opposite, so what remains cannot shrink further. */
function findReasons(condition: Condition, truth: boolean, { values, facts }: Known): string[] {
  const present = [...facts.keys()].filter((fact) => values.has(fact));
  const inside = listConditionFacts(condition);
  const kept = new Map(present.filter((fact) => inside.has(fact)).map((fact) => [fact, values.get(fact) ?? false]));
  for (const fact of orderForDropping(condition, [...kept.keys()])) {
    const value = kept.get(fact);
    kept.delete(fact);
    if (value !== undefined && decide(condition, kept) !== truth) kept.set(fact, value);
  }
  return [...facts.keys()].filter((fact) => kept.has(fact));
}

/** Facts that only count together go first, then those that are asked last: one answer about size says more than seventeen about risks. */
function orderForDropping(condition: Condition, facts: readonly string[]): string[] {
  const company = new Map<string, number>();
  walk(condition, (node) => {
    if (node.kind === 'count') for (const fact of node.facts) company.set(fact, Math.max(company.get(fact) ?? 0, node.facts.length));
    return true;
  });
  return facts.toReversed().toSorted((a, b) => (company.get(b) ?? 0) - (company.get(a) ?? 0));
}

function findMissing(condition: Condition, { values, facts }: Known): string[] {
  const missing = new Set<string>();
  const add = (fact: string): void => {
    if (!values.has(fact)) missing.add(fact);
  };
  walk(condition, (node) => {
    if (decide(node, values) !== undefined) return false;
    if (node.kind === 'test') add(node.fact);
    else if (node.kind === 'count') for (const fact of node.facts) add(fact);
    return true;
  });
  return [...facts.keys()].filter((fact) => missing.has(fact));
}

function findChanges(condition: Condition, known: Known): readonly (readonly Change[])[] {
  const likes = new Map<string, number>();
  let taken: readonly (readonly Change[])[] = [];
  for (const { requirements } of findWays(condition, known.values, known.found)) {
    const changes = toChanges(requirements, known);
    if (changes === undefined || taken.some((other) => isCovered(changes, other))) continue;
    const like = changes.map(describeLike).toSorted().join(' ');
    const count = likes.get(like) ?? 0;
    if (count >= LIKE_WAYS_MAX || !isEnough(condition, changes, known.values) || hasEnoughInside(condition, changes, known.values)) continue;
    // One that asks for less, of the same facts, takes the place of those that ask for more.
    taken = [...taken.filter((other) => !isCovered(other, changes)), changes];
    likes.set(like, count + 1);
    if (taken.length === WAYS_SHOWN_MAX) break;
  }
  return taken;
}

/** `risk.fraud` and `risk.hate` to the same levels are alike. */
function describeLike({ fact, requirement }: Change): string {
  return `${fact.includes('.') ? `${fact.split('.')[0]}.` : fact}=${JSON.stringify(requirement)}`;
}

/** True when whoever makes `changes` has made `other` too. */
function isCovered(changes: readonly Change[], other: readonly Change[]): boolean {
  return other.every(({ fact, requirement }) => changes.some((change) => change.fact === fact && isNarrower(change.requirement, requirement)));
}

function isEnough(condition: Condition, changes: readonly Change[], values: FactValues): boolean {
  const changed = new Map(changes.map(({ fact, witness }) => [fact, witness]));
  return decide(condition, { get: (fact) => changed.get(fact) ?? values.get(fact) }) === true;
}

/** At most four changes, so at most fourteen parts. */
function hasEnoughInside(condition: Condition, changes: readonly Change[], values: FactValues): boolean {
  const parts = 2 ** changes.length - 1;
  for (let part = 1; part < parts; part += 1) {
    const some = changes.filter((_change, i) => Math.floor(part / 2 ** i) % 2 === 1);
    if (isEnough(condition, some, values)) return true;
  }
  return false;
}

/** In the order of the catalogue. Undefined when a fact can never be what it would have to be. */
function toChanges(requirements: ReadonlyMap<string, Requirement>, { values, facts }: Known): readonly Change[] | undefined {
  const changes: Change[] = [];
  for (const [fact, definition] of facts) {
    const requirement = requirements.get(fact);
    const now = values.get(fact);
    if (requirement === undefined || isMet(now, requirement)) continue;
    const witness = findWitness(requirement, definition, now);
    if (witness === undefined) return undefined;
    changes.push({ fact, requirement, witness });
  }
  return changes;
}
