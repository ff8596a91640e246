/** What is signed, what is being written, and where to begin. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, ButtonGroup, Form, NotificationBanner, Select, Table, Time, Title, type Column } from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { BODY_KINDS } from './body-schema.ts';
import { KIND_WORDS } from './field-rules.ts';
import type { DraftView, RecordKind, SignedRecord } from './schema.ts';
import { ASSESSMENTS, HERE, nameRecord, StateTag } from './words.tsx';

export interface RecordsPageView {
  readonly records: readonly SignedRecord[];
  readonly drafts: readonly DraftView[];
  readonly kind: RecordKind | undefined;
  readonly withSuperseded: boolean;
  readonly done: 'signed' | 'withdrawn' | 'discarded' | undefined;
  readonly now: Date;
}

const DONE = {
  signed: 'The record is signed.',
  withdrawn: 'The record is withdrawn. It is kept for three years.',
  discarded: 'The draft is discarded.',
} as const;

export function renderRecordsPage(view: RecordsPageView, principal: Principal): string {
  return renderCodePage({
    title: 'Records',
    principal,
    section: 'records',
    children: (
      <>
        {view.done === undefined ? null : <NotificationBanner kind="success">{DONE[view.done]}</NotificationBanner>}
        <Title>Records</Title>
        <p>
          What the service must write down: its risk assessments, each measure of a code that it takes or an alternative to it, and what named people answer
          for. Once signed nothing is changed. A version that was superseded is kept for three years, and the log shows when each was signed.
        </p>
        <Filter view={view} principal={principal} />
        <Table caption="Signed records" isCaptionHidden columns={columns(view.now)} rows={view.records} empty="Nothing is signed here yet." />
        <Drafts drafts={view.drafts} principal={principal} />
        {principal.rights.has('code:sign') ? <Begin /> : null}
      </>
    ),
  });
}

const columns = (now: Date): readonly Column<SignedRecord>[] => [
  {
    heading: 'Record',
    isRowHeading: true,
    cell: (record) => (
      <a href={`${HERE}/${record.id}`}>
        {nameRecord(record)}, version {record.version}
      </a>
    ),
  },
  { heading: 'Signed by', cell: ({ signedName }) => signedName },
  { heading: 'Signed', cell: ({ signedAt }) => <Time iso={signedAt.toISOString()} /> },
  { heading: 'Look at it again by', cell: ({ reviewDue, supersededAt }) => describeDue(reviewDue, supersededAt === null && now) },
  { heading: 'State', cell: (record) => <StateTag record={record} /> },
];

function describeDue(due: Date | null, now: Date | false): string {
  if (due === null) return 'no day set';
  const day = due.toISOString().slice(0, 10);
  return now !== false && due < now ? `${day} (past)` : day;
}

function Filter({ view, principal }: { readonly view: RecordsPageView; readonly principal: Principal }): JSX.Element {
  return (
    <Form action={HERE} method="get" principal={principal} class="filter">
      <Select
        name="kind"
        label="Kind"
        value={view.kind ?? ''}
        choices={[{ value: '', text: 'All kinds' }, ...Object.entries(KIND_WORDS).map(([value, { title }]) => ({ value, text: title }))]}
      />
      <Select
        name="superseded"
        label="Versions"
        value={String(view.withSuperseded)}
        choices={[
          { value: 'false', text: 'In effect' },
          { value: 'true', text: 'All, superseded ones too' },
        ]}
      />
      <Button kind="secondary">Show</Button>
    </Form>
  );
}

const SUBJECT_WORDS = { illegal_content: 'Illegal content', children: 'Children' } as const;

function Drafts({ drafts, principal }: { readonly drafts: readonly DraftView[]; readonly principal: Principal }): JSX.Element {
  return (
    <section aria-labelledby="assessments">
      <h2 id="assessments">Risk assessments that are being written</h2>
      <Table
        caption="Drafts"
        isCaptionHidden
        columns={[
          {
            heading: 'Draft',
            isRowHeading: true,
            cell: ({ id, subject }) => (
              <a href={`${ASSESSMENTS}/${id}`}>
                {SUBJECT_WORDS[subject]}
                <span class="visually-hidden"> {id}</span>
              </a>
            ),
          },
          { heading: 'Saved', cell: ({ updatedAt }) => <Time iso={updatedAt.toISOString()} /> },
          { heading: 'By', cell: ({ updatedBy }) => updatedBy },
        ]}
        rows={drafts}
        empty="There is no draft."
      />
      {principal.rights.has('code:manage') ? (
        <Form action={ASSESSMENTS} principal={principal}>
          <ButtonGroup>
            <Button kind="secondary" name="subject" value="illegal_content">
              Assess illegal content
            </Button>
            <Button kind="secondary" name="subject" value="children">
              Assess risks to children
            </Button>
          </ButtonGroup>
          <p class="hint">A new draft begins with what the assessment in effect says.</p>
        </Form>
      ) : null}
    </section>
  );
}

function Begin(): JSX.Element {
  return (
    <section aria-labelledby="begin">
      <h2 id="begin">Write and sign a record</h2>
      <dl>
        {BODY_KINDS.map((kind) => (
          <>
            <dt>
              <a href={`${HERE}/new/${kind}`}>{KIND_WORDS[kind].title}</a>
            </dt>
            <dd>{KIND_WORDS[kind].about}</dd>
          </>
        ))}
      </dl>
    </section>
  );
}
