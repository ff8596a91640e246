/** One assessment: claims with their evidence, its state, and the reply of whoever was assessed. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ErrorSummary, Field, Form, Inset, Radios, SummaryList, Table, Tag, TextArea, Title } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { ASSESSMENTS, describeAssessor, describeEvidence, STATE_WORDS } from './assessment-parts.tsx';
import { canReply, listNextStates } from './assessment-rules.ts';
import type { FormValues } from './form-rules.ts';
import type { Assessment, Capability, Place } from './schema.ts';
import { COUNTRIES, SourceLine } from './statement-parts.tsx';

export interface AssessmentPageView {
  readonly assessment: Assessment;
  readonly place: Pick<Place, 'code' | 'name'>;
  readonly capability: Pick<Capability, 'title' | 'wording'>;
  readonly phases: readonly string[];
  readonly values: FormValues;
  readonly errors: readonly FieldError[];
}

const VERDICT_WORDS = { yes: 'Holds', partly: 'Holds partly', no: 'Does not hold', unknown: 'Not known' } as const;

export function renderAssessmentPage(view: AssessmentPageView, principal: Principal): string {
  const { assessment, place, capability, phases, errors } = view;
  const canManage = principal.rights.has('international:manage');
  return renderInternationalPage({
    title: `${capability.title}: ${place.name}`,
    principal,
    section: 'countries',
    breadcrumbs: [
      { text: 'Countries', href: COUNTRIES },
      { text: place.name, href: `${COUNTRIES}/${place.code}` },
    ],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title caption={place.name}>{capability.title}</Title>
        <p>{capability.wording}.</p>
        <SummaryList
          rows={[
            { key: 'Phase', value: phases[assessment.phase] ?? `phase ${assessment.phase}` },
            { key: 'State', value: <Tag>{STATE_WORDS[assessment.state]}</Tag> },
            { key: 'By whom', value: describeAssessor(assessment) },
            { key: 'Method', value: assessment.method },
            { key: 'Rests on', value: describeEvidence(assessment) },
            assessment.supersedes === null
              ? undefined
              : { key: 'Follows on', value: <a href={`${ASSESSMENTS}/${assessment.supersedes}`}>An earlier assessment</a> },
          ]}
        />
        <h2>Claims</h2>
        <Claims assessment={assessment} />
        <h2>Reply</h2>
        <Reply assessment={assessment} />
        {canManage ? <Forms view={view} principal={principal} /> : null}
      </>
    ),
  });
}

function Claims({ assessment }: { readonly assessment: Assessment }): JSX.Element {
  return (
    <Table
      caption="Claims"
      isCaptionHidden
      rows={assessment.claims}
      empty=""
      columns={[
        { heading: 'Claim', isRowHeading: true, cell: ({ text }) => text },
        { heading: 'Found', cell: ({ verdict }) => VERDICT_WORDS[verdict] },
        {
          heading: 'Evidence',
          cell: ({ evidence }) => (
            <ul>
              {evidence.map((source) => (
                <li>
                  <SourceLine source={source} />
                </li>
              ))}
            </ul>
          ),
        },
      ]}
    />
  );
}

function Reply({ assessment: { reply, state } }: { readonly assessment: Assessment }): JSX.Element {
  if (reply === null)
    return <p>{canReply(state) ? 'Nobody replied yet.' : `A reply can be given when it is reviewed; it is ${STATE_WORDS[state].toLowerCase()}.`}</p>;
  return (
    <Inset>
      <p>{reply.text}</p>
      <p>
        {reply.by}, {reply.at.toISOString().slice(0, 10)}
      </p>
    </Inset>
  );
}

function Forms({ view: { assessment, values, errors }, principal }: { readonly view: AssessmentPageView; readonly principal: Principal }): JSX.Element {
  const next = listNextStates(assessment.state);
  const errorOf = (at: string): string | undefined => errors.find((error) => error.at === at)?.message;
  return (
    <>
      {canReply(assessment.state) ? (
        <Form action={`${ASSESSMENTS}/${assessment.id}/reply`} principal={principal}>
          <h2>Keep a reply</h2>
          <Field name="by" label="Who replies" hint="The ministry or body that was assessed" value={values['by']} error={errorOf('by')} />
          <TextArea name="text" label="Reply" hint="Word for word. Earlier replies are kept." value={values['text']} error={errorOf('text')} />
          <Button kind="secondary">Keep the reply</Button>
        </Form>
      ) : null}
      {next.length === 0 ? null : (
        <Form action={`${ASSESSMENTS}/${assessment.id}/state`} principal={principal}>
          <Radios
            name="state"
            label="What comes next?"
            hint="Publishing takes the one before it off."
            choices={next.map((value) => ({ value, text: value === 'superseded' ? 'Withdrawn or replaced' : STATE_WORDS[value] }))}
            error={errorOf('state')}
          />
          <Button>Go on</Button>
        </Form>
      )}
    </>
  );
}
