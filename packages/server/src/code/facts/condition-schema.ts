/** Conditions as they are decided: over facts that are asked, with derived facts and `applies(…)` put in and every negation moved down to the tests. */
import type { FactDefinition } from '../catalogue/schema.ts';
import type { FactValue } from './schema.ts';

/** What a fact must be. */
export type Requirement =
  | { readonly kind: 'values'; readonly values: readonly FactValue[] }
  | { readonly kind: 'range'; readonly min: number; readonly isMinOpen: boolean; readonly max: number; readonly isMaxOpen: boolean };

export interface TestNode {
  readonly kind: 'test';
  readonly fact: string;
  readonly requirement: Requirement;
}

/** Between `min` and `max` of the facts are at one of `levels`. */
export interface CountNode {
  readonly kind: 'count';
  readonly facts: readonly string[];
  readonly levels: readonly FactValue[];
  readonly below: readonly FactValue[];
  readonly min: number;
  readonly max: number;
}

export type Condition =
  /** `undefined`: nobody can know yet; the text that decides is not final. */
  { readonly kind: 'constant'; readonly value: Truth } | TestNode | CountNode | { readonly kind: 'and' | 'or'; readonly operands: readonly Condition[] };

/** Three values: undefined is unknown. */
export type Truth = boolean | undefined;

/** A catalogue, ready to be decided. Parts that occur more than once are one object. */
export interface Model {
  /** Every fact, in the order of the catalogue. */
  readonly facts: ReadonlyMap<string, FactDefinition>;
  readonly derived: ReadonlyMap<string, Condition>;
  /** For whom a whole document is, by the id of the group. */
  readonly groups: ReadonlyMap<string, Condition>;
  /** Of the group and the measure together, by the id of the measure. */
  readonly conditions: ReadonlyMap<string, Condition>;
  /** What is wrong with the expressions, each with the place. A catalogue with faults is refused when it is loaded. */
  readonly faults: readonly string[];
}
