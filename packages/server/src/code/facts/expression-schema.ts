/** The language of `appliesTo.expr` and of derived facts, as a tree. */
import type { FactValue, Level } from './schema.ts';

export const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];

/** A part of the text. */
interface Place {
  /** Index of the first character. */
  readonly at: number;
}

export interface LiteralTerm extends Place {
  readonly kind: 'literal';
  readonly value: FactValue;
}
export interface FactTerm extends Place {
  readonly kind: 'fact';
  readonly fact: string;
}
/** How many facts whose ids begin with `prefix` are at `level` or higher; which facts there are is said by the catalogue. */
export interface CountTerm extends Place {
  readonly kind: 'count';
  readonly prefix: string;
  readonly level: Level;
  readonly except: readonly string[];
}

/** What is compared with a value. */
export type Measured = FactTerm | CountTerm;
export type Term = LiteralTerm | Measured;

/** What is true, false or unknown. A fact that stands alone is a yes-or-no fact. */
export type Expression =
  | (Place & { readonly kind: 'constant'; readonly value: boolean })
  | FactTerm
  | (Place & { readonly kind: 'applies'; readonly control: string })
  | (Place & { readonly kind: 'not'; readonly operand: Expression })
  | (Place & { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] })
  | (Place & { readonly kind: 'compare'; readonly op: Comparison; readonly left: Measured; readonly right: LiteralTerm })
  | (Place & { readonly kind: 'in'; readonly left: FactTerm; readonly options: readonly LiteralTerm[] });

/** A catalogue is a file from outside: these bound what one of its expressions may cost. */
export const EXPRESSION_LENGTH_MAX = 2000;
export const EXPRESSION_DEPTH_MAX = 24;
export const EXPRESSION_NODES_MAX = 300;
