/** From evaluation and applicability to what is published. */
import type { Catalogue } from '../catalogue/schema.ts';
import type { Evaluation, Item } from '../evidence/schema.ts';
import type { StatedMeasure } from './statement-schema.ts';

/** What binds, what is addressed, and what is done without being asked. Everything else says nothing about this service. */
export function stateMeasures(catalogue: Catalogue, evaluation: Evaluation | undefined): readonly StatedMeasure[] {
  const measures = new Map(evaluation?.measures.map((measure) => [measure.control, measure]));
  return catalogue.groups.flatMap((group) =>
    group.controls.flatMap((control): StatedMeasure[] => {
      const measure = measures.get(control.id);
      if (measure === undefined || !(measure.outcome === 'binds' || measure.outcome === 'addressed' || measure.isDoneAnyway)) return [];
      return [
        {
          id: control.id,
          ref: control.ref,
          title: control.title,
          document: group.title,
          outcome: measure.outcome,
          state: measure.state,
          evidence: restsOn(measure.items),
          isDoneAnyway: measure.isDoneAnyway,
          isToVerify: control.verify,
        },
      ];
    }),
  );
}

function restsOn(items: readonly Item[]): StatedMeasure['evidence'] {
  const withData = items.filter(({ figure }) => figure !== null);
  const isMeasured = withData.some(({ mode }) => mode === 'measured');
  const isSaid = withData.some(({ mode }) => mode !== 'measured');
  if (isMeasured && isSaid) return 'mixed';
  if (isMeasured) return 'measured';
  return isSaid ? 'attested' : 'none';
}

export function toParagraphs(text: string | undefined): string[] {
  return (text ?? '')
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
