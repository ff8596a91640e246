/** The list of reports: what waits for a person first, with filters and the same change for many. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  ErrorSummary,
  Field,
  Form,
  Figures,
  formatCount,
  LinkButton,
  NotificationBanner,
  Pagination,
  Select,
  Table,
  Tag,
  Time,
  Title,
} from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import type { BulkResult } from './route-schema.ts';
import { OUTCOMES, REPORT_STATES, WAITS, type HostedReport, type KeptReply, type ReportQuery, type Wait } from './schema.ts';
import { OUTCOME_WORDS, STATE_WORDS, WAIT_COLOURS, WAIT_WORDS } from './words.ts';

export const LIST_PATH = '/console/international/notices';

export interface ListView {
  readonly reports: readonly HostedReport[];
  readonly waiting: Readonly<Partial<Record<Wait, number>>>;
  readonly stray: readonly KeptReply[];
  readonly query: ReportQuery;
  readonly bulk?: BulkResult | undefined;
  readonly errors?: readonly FieldError[] | undefined;
}

export function renderListPage(view: ListView, principal: Principal): string {
  const { reports, waiting, query, bulk, errors = [] } = view;
  return renderInternationalPage({
    title: 'Notices',
    principal,
    section: 'notices',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {bulk === undefined ? null : <BulkBanner bulk={bulk} />}
        <Title>Notices</Title>
        <p>Reports about material that is hosted somewhere, and what became of them. Addresses are sealed; they are not on this page.</p>
        <Figures
          items={WAITS.filter((wait) => (waiting[wait] ?? 0) > 0).map((wait) => ({
            label: WAIT_WORDS[wait],
            value: waiting[wait] ?? 0,
            href: `${LIST_PATH}?waits=${wait}`,
          }))}
        />
        {principal.rights.has('notices:draft') ? <LinkButton href={`${LIST_PATH}/new`}>Report an address</LinkButton> : null}
        <Filter query={query} principal={principal} />
        <ReportTable reports={reports} principal={principal} />
        <Pagination label="Pages of reports" {...pageLinks(view)} />
        <Stray replies={view.stray} />
      </>
    ),
  });
}

function BulkBanner({ bulk: { done, refused } }: { readonly bulk: BulkResult }): JSX.Element {
  return (
    <NotificationBanner kind={refused.length === 0 ? 'success' : 'info'}>
      <p>{`${formatCount(done.length, 'report')} changed.`}</p>
      {refused.length === 0 ? null : (
        <ul>
          {refused.map(({ id, reason }) => (
            <li>
              <code>{id}</code>: {reason}
            </li>
          ))}
        </ul>
      )}
    </NotificationBanner>
  );
}

function Filter({ query, principal }: { readonly query: ReportQuery; readonly principal: Principal }): JSX.Element {
  const any = { value: '', text: 'Any' };
  return (
    <Form action={LIST_PATH} method="get" principal={principal} class="filter">
      <Select
        name="waits"
        label="Waits for"
        value={query.waits ?? ''}
        choices={[any, { value: 'any', text: 'a person' }, ...WAITS.map((value) => ({ value, text: WAIT_WORDS[value] }))]}
      />
      <Select name="state" label="State" value={query.state ?? ''} choices={[any, ...REPORT_STATES.map((value) => ({ value, text: STATE_WORDS[value] }))]} />
      <Field name="country" label="Country" hint="Two letters" width={5} value={query.country} maxlength={2} />
      <ButtonGroup>
        <Button kind="secondary">Filter</Button>
      </ButtonGroup>
    </Form>
  );
}

function ReportTable({ reports, principal }: { readonly reports: readonly HostedReport[]; readonly principal: Principal }): JSX.Element {
  const mayChange = principal.rights.has('notices:draft');
  const seesUrls = principal.rights.has('notices:urls');
  const table = (
    <Table
      caption="Reports, newest first"
      rows={reports}
      empty="There is no such report."
      columns={[
        ...(mayChange ? [{ heading: 'Choose', cell: ({ id, state }: HostedReport) => (state === 'closed' ? '' : <ChooseBox id={id} />) }] : []),
        { heading: 'Report', isRowHeading: true, cell: ({ id }) => <a href={`${LIST_PATH}/${id}`}>{id}</a> },
        ...(seesUrls ? [{ heading: 'Host', cell: ({ host }: HostedReport) => <span class="breakable">{host ?? ''}</span> }] : []),
        { heading: 'Country', cell: ({ country }) => country ?? 'unknown' },
        { heading: 'State', cell: (report) => <StateCell report={report} /> },
        { heading: 'Reported', cell: ({ reportedAt }) => <Time iso={reportedAt.toISOString()} /> },
        { heading: 'Next', cell: ({ nextAt, closedAt }) => (closedAt === null && nextAt !== null ? <Time iso={nextAt.toISOString()} /> : '') },
      ]}
    />
  );
  if (!mayChange || reports.length === 0) return table;
  return (
    <Form action={`${LIST_PATH}/bulk`} principal={principal}>
      {table}
      <BulkControls canSend={principal.rights.has('notices:send')} />
    </Form>
  );
}

function ChooseBox({ id }: { readonly id: string }): JSX.Element {
  return <input type="checkbox" class="choose" name="ids" value={id} aria-label={`Choose ${id}`} />;
}

function StateCell({ report: { state, outcome, waitsFor, hasReplyWaiting } }: { readonly report: HostedReport }): JSX.Element {
  return (
    <>
      {outcome === null ? STATE_WORDS[state] : OUTCOME_WORDS[outcome]}{' '}
      {hasReplyWaiting && waitsFor !== 'reply' ? <Tag colour="yellow">{WAIT_WORDS.reply}</Tag> : null}
      {waitsFor === null ? null : <Tag colour={WAIT_COLOURS[waitsFor]}>{WAIT_WORDS[waitsFor]}</Tag>}
    </>
  );
}

function BulkControls({ canSend }: { readonly canSend: boolean }): JSX.Element {
  const more = canSend
    ? [
        { value: 'approve_drafts', text: 'Approve their drafts' },
        { value: 'police_agreed', text: 'Note that the police agreed' },
      ]
    : [];
  return (
    <fieldset class="fieldset no-print">
      <legend class="label">Change the chosen reports</legend>
      <Select
        name="action"
        label="What"
        choices={[{ value: 'close', text: 'Close with an outcome' }, { value: 'draft', text: 'Draft what is due next' }, ...more]}
      />
      <Select
        name="outcome"
        label="Outcome"
        hint="Only for closing"
        value="removed"
        choices={OUTCOMES.map((value) => ({ value, text: OUTCOME_WORDS[value] }))}
      />
      <Button kind="secondary">Change the chosen</Button>
    </fieldset>
  );
}

function pageLinks({ reports, query }: ListView): { readonly previous?: string; readonly previousText?: string; readonly next?: string } {
  const link = (before: string | undefined): string => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries({ state: query.state, country: query.country, waits: query.waits, before }))
      if (value !== undefined) search.set(name, value);
    return `${LIST_PATH}?${search.toString()}`;
  };
  const last = reports.length === query.limit ? reports.at(-1) : undefined;
  return {
    ...(query.before === undefined ? {} : { previous: link(undefined), previousText: 'First page' }),
    ...(last === undefined ? {} : { next: link(last.id) }),
  };
}

function Stray({ replies }: { readonly replies: readonly KeptReply[] }): JSX.Element | null {
  if (replies.length === 0) return null;
  return (
    <>
      <h2>Replies that nobody could match</h2>
      <p>They refer to no notice of ours. Whoever says that they wrote one decides nothing.</p>
      <Table
        caption="Replies without a notice"
        isCaptionHidden
        rows={replies}
        empty=""
        columns={[
          { heading: 'Reply', isRowHeading: true, cell: ({ id }) => <a href={`${LIST_PATH}/replies/${id}`}>{id}</a> },
          { heading: 'Received', cell: ({ receivedAt }) => <Time iso={receivedAt.toISOString()} /> },
          { heading: 'Kind', cell: ({ kind }) => kind },
        ]}
      />
    </>
  );
}
