/** The rows and counts of the overview, from what the services say. */
import type { Catalogue, Control, Group } from '../catalogue/schema.ts';
import type { MeasureState, State } from '../evidence/schema.ts';
import type { Applicability, Outcome } from '../facts/schema.ts';
import { STATES } from '../evidence/schema.ts';

export interface StateCount {
  readonly state: State;
  readonly count: number;
}

export interface MeasureRow {
  readonly control: Control;
  readonly group: Group;
  readonly outcome: Outcome;
  /** Undefined until something was evaluated. */
  readonly state: State | undefined;
  readonly isDoneAnyway: boolean;
  /** What passes rests on the word of people alone. */
  readonly isAttestedOnly: boolean;
}

export interface RowFilter {
  readonly outcome?: Outcome | undefined;
  readonly state?: State | undefined;
  readonly group?: string | undefined;
}

/** In the order of the catalogue. */
export function toRows(catalogue: Catalogue, applicability: readonly Applicability[], measures: readonly MeasureState[]): readonly MeasureRow[] {
  const outcomes = new Map(applicability.map(({ control, outcome }) => [control, outcome]));
  const states = new Map(measures.map((measure) => [measure.control, measure]));
  return catalogue.groups.flatMap((group) =>
    group.controls.map((control): MeasureRow => {
      const measure = states.get(control.id);
      return {
        control,
        group,
        outcome: outcomes.get(control.id) ?? 'undecided',
        state: measure?.state,
        isDoneAnyway: measure?.isDoneAnyway ?? false,
        isAttestedOnly: measure?.state === 'pass' && measure.items.every(({ mode }) => mode !== 'measured'),
      };
    }),
  );
}

export function filterRows(rows: readonly MeasureRow[], { outcome, state, group }: RowFilter): readonly MeasureRow[] {
  return rows.filter(
    (row) =>
      (outcome === undefined || row.outcome === outcome) && (state === undefined || row.state === state) && (group === undefined || row.group.id === group),
  );
}

/** What a service must do: these are counted together. Voluntary ones never are. */
export const DUTIES: readonly Outcome[] = ['binds'];

export function countStates(rows: readonly MeasureRow[], outcomes: readonly Outcome[]): readonly StateCount[] {
  const of = rows.filter(({ outcome }) => outcomes.includes(outcome));
  return STATES.map((state) => ({ state, count: of.filter((row) => (row.state ?? 'not_evaluated') === state).length }));
}

export function countOutcomes(rows: readonly MeasureRow[]): ReadonlyMap<Outcome, number> {
  const counts = new Map<Outcome, number>();
  for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return counts;
}
