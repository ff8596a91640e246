/** What the pages of an assessment offer: measures that bind, and figures that Gatehouse measured itself. */
import { formatFigure, WINDOW_WORDS } from '../pages/word-rules.ts';
import type { CodeService } from '../composition.ts';
import type { KeptEvaluation } from '../evidence/schema.ts';

export type RecordPagesNeeds = Pick<CodeService, 'records' | 'catalogue' | 'facts' | 'evidence'>;

export interface OfferedMeasure {
  readonly value: string;
  readonly text: string;
}

/** Of the codes, those that bind now, in the order of the catalogue; and those that the draft names already. */
export async function listChoices({ catalogue, facts }: Pick<RecordPagesNeeds, 'catalogue' | 'facts'>, chosen: readonly string[]): Promise<OfferedMeasure[]> {
  const current = catalogue.current();
  const binding = (await facts.applicability())
    .filter(({ control, outcome }) => (outcome === 'binds' || outcome === 'will_bind') && current.control(control)?.group.layer === 'code')
    .map(({ control }) => control);
  return [...new Set([...binding, ...chosen])].flatMap((id) => {
    const found = current.control(id);
    return found === undefined ? [] : [{ value: id, text: `${found.control.ref}: ${found.control.title}` }];
  });
}

export interface Offered {
  readonly key: string;
  readonly what: string;
  readonly from: string;
}

/** Measured ones only: what somebody attested is no evidence of its own. */
export function listFigures(kept: KeptEvaluation | undefined): Offered[] {
  if (kept === undefined) return [];
  const { id, at, measures } = kept.evaluation;
  const figures = new Map<string, Offered>();
  for (const { metric, window, mode, figure, title, unit } of measures.flatMap(({ items }) => items)) {
    if (mode !== 'measured' || figure === null) continue;
    const key = `${metric}.${window}`;
    figures.set(key, {
      key,
      what: `${title} (${WINDOW_WORDS[window]}): ${formatFigure(figure, unit)}`,
      from: `Gatehouse, evaluation ${id} of ${at.slice(0, 10)}`,
    });
  }
  return [...figures.values()];
}
