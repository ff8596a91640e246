/** A risk assessment that is being written: its four steps, what is missing, and the signature. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Details, ErrorSummary, Form, NotificationBanner, Table, Tag, Time, Title } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { LEVEL_WORDS } from './assessment-part.tsx';
import type { AssessmentDraft, DraftView, KindToAssess } from './schema.ts';
import { ASSESSMENTS, HERE, SignaturePart } from './words.tsx';

export interface DraftPageView {
  readonly draft: DraftView & { readonly draft: Partial<AssessmentDraft> };
  readonly kinds: readonly KindToAssess[];
  /** `at` is a step, or `kinds/` and the kind. */
  readonly missing: readonly FieldError[];
  readonly name: string | undefined;
  readonly errors: readonly FieldError[];
  readonly isSaved: boolean;
}

export const DRAFT_TITLES = { illegal_content: 'Illegal content risk assessment', children: 'Children’s risk assessment' } as const;

export function renderDraftPage(view: DraftPageView, principal: Principal): string {
  const { draft, kinds, errors, missing } = view;
  const title = DRAFT_TITLES[draft.subject];
  return renderCodePage({
    title,
    principal,
    section: 'records',
    breadcrumbs: [{ text: 'Records', href: HERE }],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {view.isSaved ? <NotificationBanner kind="success">The draft is saved.</NotificationBanner> : null}
        <Title caption="Draft">{title}</Title>
        <p>
          Four steps, in any order. Saved last by {draft.updatedBy}, <Time iso={draft.updatedAt.toISOString()} />. Nothing counts before it is signed.
        </p>
        <Steps view={view} />
        <h2 id="kinds">Step 2: kinds to assess</h2>
        <p>
          <strong>Where the evidence is unclear, take the higher level.</strong> How severe a harm is can alone lift a level.
        </p>
        <Table
          caption="Kinds to assess"
          isCaptionHidden
          columns={[
            {
              heading: 'Kind',
              isRowHeading: true,
              cell: ({ kind, title: name }: KindToAssess) => <a href={`${ASSESSMENTS}/${draft.id}/kinds/${kind}`}>{name}</a>,
            },
            { heading: 'Level', cell: ({ kind }) => levelOf(draft.draft, kind) },
            { heading: 'State', cell: ({ kind }) => <StepTag isBegun={levelOf(draft.draft, kind) !== NOT_YET} missing={missing} at={`kinds/${kind}`} /> },
          ]}
          rows={kinds}
          empty="The catalogue in use names no kind."
        />
        <Finish view={view} principal={principal} />
      </>
    ),
  });
}

const NOT_YET = 'not yet';

function levelOf({ kinds }: Partial<AssessmentDraft>, kind: string): string {
  const found = kinds?.find((one) => one.kind === kind);
  return found === undefined ? NOT_YET : LEVEL_WORDS[found.level];
}

interface StepTagProps {
  readonly isBegun: boolean;
  readonly missing: readonly FieldError[];
  readonly at: string;
}

function StepTag({ isBegun, missing, at }: StepTagProps): JSX.Element {
  if (!missing.some((one) => one.at === at || (at === 'kinds' && one.at.startsWith('kinds/')))) return <Tag colour="green">Complete</Tag>;
  return isBegun ? <Tag colour="yellow">Begun</Tag> : <Tag>Not begun</Tag>;
}

function Steps({ view: { draft, kinds, missing } }: { readonly view: DraftPageView }): JSX.Element {
  const path = `${ASSESSMENTS}/${draft.id}`;
  const { understanding, measures, measuresNote, review } = draft.draft;
  const done = draft.draft.kinds?.length ?? 0;
  const steps = [
    { at: 'understanding', href: `${path}/understanding`, text: '1. Understand the kinds of content and the service', isBegun: understanding !== undefined },
    { at: 'kinds', href: `#kinds`, text: `2. Assess the level of each kind (${done} of ${kinds.length})`, isBegun: done > 0 },
    { at: 'measures', href: `${path}/measures`, text: '3. Decide, take and record measures', isBegun: measures !== undefined || measuresNote !== undefined },
    { at: 'review', href: `${path}/review`, text: '4. Report, review, update', isBegun: review !== undefined },
  ];
  return (
    <Table
      caption="Steps"
      columns={[
        { heading: 'Step', isRowHeading: true, cell: ({ href, text }) => <a href={href}>{text}</a> },
        { heading: 'State', cell: ({ isBegun, at }) => <StepTag isBegun={isBegun} missing={missing} at={at} /> },
      ]}
      rows={steps}
      empty=""
    />
  );
}

function Finish({ view: { draft, missing, name, errors }, principal }: { readonly view: DraftPageView; readonly principal: Principal }): JSX.Element {
  const path = `${ASSESSMENTS}/${draft.id}`;
  return (
    <>
      {missing.length === 0 ? null : (
        <Details summary={`What is missing before it can be signed (${missing.length})`}>
          <ul>
            {missing.map(({ message }) => (
              <li>{message}</li>
            ))}
          </ul>
        </Details>
      )}
      {missing.length === 0 && principal.rights.has('code:sign') ? (
        <Form action={`${path}/sign`} principal={principal}>
          <p>With the signature the levels become facts about the service, and it is decided anew which measures bind.</p>
          <SignaturePart principal={principal} name={name} errors={errors} button="Sign the assessment" />
        </Form>
      ) : null}
      {principal.rights.has('code:manage') ? (
        <Details summary="Discard this draft">
          <Form action={`${path}/discard`} principal={principal}>
            <p>What is written here is lost. Signed records stay.</p>
            <Button kind="warning">Discard the draft</Button>
          </Form>
        </Details>
      ) : null}
    </>
  );
}
