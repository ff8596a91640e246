/** What is open, who sees to it, and until when. A gap ends by evidence, never by a tick. */
import type { Outcome } from '../facts/schema.ts';
import type { State } from '../evidence/schema.ts';

export interface GapPlan {
  readonly control: string;
  readonly owner: string;
  /** YYYY-MM-DD */
  readonly due: string;
  readonly plan: string;
  readonly setBy: string;
  readonly setAt: Date;
}

/** A measure that binds or is addressed and whose state is fail, attention or not_evaluated. */
export interface Gap {
  readonly control: string;
  readonly title: string;
  readonly outcome: Outcome;
  readonly state: State;
  readonly reason: string;
  readonly since: Date | null;
  readonly plan: GapPlan | null;
  readonly isOverdue: boolean;
}

export interface GapsService {
  /** Duties first, failures first, then by due date. */
  list(): Promise<readonly Gap[]>;
  history(control: string): Promise<readonly GapPlan[]>;
  /** @throws {GatehouseError} `not_found` for an unknown control */
  plan(plan: Omit<GapPlan, 'setBy' | 'setAt'>, actor: string): Promise<void>;
}
