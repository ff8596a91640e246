/** One kind of content: its level, why, and what that rests on. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { Checkboxes, Details, Field, Inset, Radios, TextArea } from '../../platform/ui/components.tsx';
import { LEVELS } from '../facts/schema.ts';
import { LEVEL_WORDS } from './assessment-part.tsx';
import type { KindToAssess } from './schema.ts';
import { renderStep, type StepView } from './step-page.tsx';
import { errorOf } from './words.tsx';

export interface OfferedFigure {
  /** `what` and `from` as they would stand in the assessment. */
  readonly key: string;
  readonly what: string;
}

export interface KindValues {
  readonly kind: KindToAssess;
  readonly level: string;
  readonly reasoning: string;
  readonly isSeverityLifted: boolean;
  readonly evidence: readonly { readonly what: string; readonly from: string }[];
  /** Of the last evaluation. */
  readonly figures: readonly OfferedFigure[];
  readonly chosenFigures: readonly string[];
}

/** So many rows are always empty. */
const SPARE_ROWS = 2;
export const EVIDENCE_ROWS_MAX = 40;

export function renderKind({ values, ...view }: StepView<KindValues>): string {
  const rows = Array.from(
    { length: Math.min(values.evidence.length + SPARE_ROWS, EVIDENCE_ROWS_MAX) },
    (_none, index) => values.evidence[index] ?? { what: '', from: '' },
  );
  return renderStep({
    ...view,
    path: `kinds/${values.kind.kind}`,
    title: `Step 2: ${values.kind.title}`,
    children: (
      <>
        {values.kind.help === null ? null : <p>{values.kind.help}</p>}
        <Inset>Where the evidence is unclear, take the higher level.</Inset>
        <Radios
          name="level"
          label="How high is the risk?"
          choices={LEVELS.map((value) => ({ value, text: LEVEL_WORDS[value] }))}
          value={values.level}
          error={errorOf(view.errors, 'level')}
        />
        <Checkboxes
          name="isSeverityLifted"
          label="Severity"
          choices={[{ value: 'yes', text: 'The severity of the harm alone lifted the level', hint: 'It would be lower if only likelihood counted' }]}
          value={values.isSeverityLifted ? 'yes' : ''}
        />
        <TextArea name="reasoning" label="Why this level?" value={values.reasoning} rows={8} error={errorOf(view.errors, 'reasoning')} />
        <h2>Evidence</h2>
        {rows.map((row, index) => (
          <EvidenceRow row={row} index={index} />
        ))}
        <Figures figures={values.figures} chosen={values.chosenFigures} />
      </>
    ),
  });
}

function EvidenceRow({ row, index }: { readonly row: { readonly what: string; readonly from: string }; readonly index: number }): JSX.Element {
  return (
    <fieldset class="fieldset">
      <legend class="visually-hidden">Evidence {index + 1}</legend>
      <Field name={`what-${index}`} label={`What (${index + 1})`} value={row.what} />
      <Field name={`from-${index}`} label={`Where it comes from (${index + 1})`} value={row.from} />
    </fieldset>
  );
}

function Figures({ figures, chosen }: { readonly figures: readonly OfferedFigure[]; readonly chosen: readonly string[] }): JSX.Element | null {
  if (figures.length === 0) return null;
  return (
    <Details summary="Figures that Gatehouse measured" isOpen={chosen.length > 0}>
      <Checkboxes
        name="figures"
        label="Take as evidence"
        hint="From the last evaluation. Its id stands with the figure, so that it can be looked up later."
        choices={figures.map(({ key, what }) => ({ value: key, text: what }))}
        value={chosen}
      />
    </Details>
  );
}
