/** A risk assessment as it is read and printed, in its four steps. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { SummaryList, Table } from '../../platform/ui/components.tsx';
import { AssessmentDraftSchema, type AssessedKind, type KindToAssess } from './schema.ts';
import { Prose } from './words.tsx';

interface AssessmentPartProps {
  readonly body: unknown;
  readonly kinds: readonly KindToAssess[];
  readonly titleOf: (control: string) => string | undefined;
}

export const LEVEL_WORDS = { negligible: 'Negligible', low: 'Low', medium: 'Medium', high: 'High' } as const;

export function AssessmentPart({ body, kinds, titleOf }: AssessmentPartProps): JSX.Element {
  const parsed = AssessmentDraftSchema.safeParse(body);
  // Written by a version with another form: its text is still what was signed.
  if (!parsed.success) return <Prose>{JSON.stringify(body, undefined, 1)}</Prose>;
  const { understanding, measures, measuresNote, review } = parsed.data;
  const nameOf = (kind: string): string => kinds.find((one) => one.kind === kind)?.title ?? kind;
  return (
    <>
      <h3>Step 1: understanding</h3>
      <SummaryList
        rows={[
          { key: 'Risk factors of the service', value: <Prose>{understanding.riskFactors}</Prose> },
          { key: 'What was read, who was asked', value: <Prose>{understanding.consulted}</Prose> },
        ]}
      />
      <h3>Step 2: levels</h3>
      <Table
        caption="Levels of risk"
        isCaptionHidden
        columns={[
          { heading: 'Kind', isRowHeading: true, cell: ({ kind }: AssessedKind) => nameOf(kind) },
          { heading: 'Level', cell: ({ level, isSeverityLifted }) => `${LEVEL_WORDS[level]}${isSeverityLifted ? ' (lifted by severity)' : ''}` },
        ]}
        rows={parsed.data.kinds}
        empty="No kind was assessed."
      />
      {parsed.data.kinds.map((one) => (
        <>
          <h4>
            {nameOf(one.kind)}: {LEVEL_WORDS[one.level].toLowerCase()}
          </h4>
          <Prose>{one.reasoning}</Prose>
          <ul>
            {one.evidence.map(({ what, from }) => (
              <li>
                {what} (from: {from})
              </li>
            ))}
          </ul>
        </>
      ))}
      <h3>Step 3: measures</h3>
      <ul>
        {measures.map((id) => (
          <li>{titleOf(id) === undefined ? id : `${id}: ${titleOf(id) ?? ''}`}</li>
        ))}
      </ul>
      <Prose>{measuresNote}</Prose>
      <h3>Step 4: report, review, update</h3>
      <SummaryList
        rows={[
          { key: 'Reported to', value: review.reportedTo },
          { key: 'Next review', value: review.nextReview },
          { key: 'What makes it be assessed again before', value: <Prose>{review.triggers}</Prose> },
        ]}
      />
    </>
  );
}
