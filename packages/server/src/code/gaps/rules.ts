/** Which measures are open, and in which order somebody should look at them. */
import type { MeasureState, State } from '../evidence/schema.ts';
import type { Outcome } from '../facts/schema.ts';
import type { Gap, GapPlan } from './schema.ts';

/** Duties before what is only addressed to the service. What is not asked, proposed or undecided is no gap. */
const OUTCOME_ORDER: readonly Outcome[] = ['binds', 'on_notice', 'will_bind', 'addressed'];
/** A failure before missing data before something to look at. */
const STATE_ORDER: readonly State[] = ['fail', 'not_evaluated', 'attention'];

export interface GapInputs {
  readonly measures: readonly MeasureState[];
  readonly titles: ReadonlyMap<string, string>;
  readonly plans: readonly GapPlan[];
  readonly since: ReadonlyMap<string, Date>;
  /** YYYY-MM-DD */
  readonly today: string;
}

export function findGaps({ measures, titles, plans, since, today }: GapInputs): readonly Gap[] {
  const planOf = new Map(plans.map((plan) => [plan.control, plan]));
  return measures
    .filter(({ outcome, state }) => OUTCOME_ORDER.includes(outcome) && STATE_ORDER.includes(state))
    .map(({ control, outcome, state, reason }): Gap => {
      const plan = planOf.get(control) ?? null;
      return {
        control,
        title: titles.get(control) ?? control,
        outcome,
        state,
        reason,
        since: since.get(control) ?? null,
        plan,
        // The day itself is still in time.
        isOverdue: plan !== null && plan.due < today,
      };
    })
    .toSorted(compareGaps);
}

function compareGaps(a: Gap, b: Gap): number {
  return (
    OUTCOME_ORDER.indexOf(a.outcome) - OUTCOME_ORDER.indexOf(b.outcome) ||
    STATE_ORDER.indexOf(a.state) - STATE_ORDER.indexOf(b.state) ||
    compareTexts(a.plan?.due ?? '9999', b.plan?.due ?? '9999') ||
    compareTexts(a.control, b.control)
  );
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
