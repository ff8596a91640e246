/** One report: what is known, what comes next, whom it may go to, what was sent, what came back. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Form, NotificationBanner, Select, SummaryList, Table, Tag, Time, Title, Warning } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { LIST_PATH } from './list-page.tsx';
import { OUTCOMES, type Notice, type NoticeContact, type ReportDetail } from './schema.ts';
import { CLASS_WORDS, describeChange, NOTICE_WORDS, OUTCOME_WORDS, SCOPE_WORDS, STATE_WORDS, WAIT_COLOURS, WAIT_WORDS } from './words.ts';

export interface ReportPageView {
  readonly report: ReportDetail;
  /** Only right after somebody asked for it. */
  readonly url?: string | undefined;
  readonly done?: string | undefined;
}

export function renderReportPage({ report, url, done }: ReportPageView, principal: Principal): string {
  const isOpen = report.closedAt === null;
  return renderInternationalPage({
    title: `Report ${report.id}`,
    principal,
    section: 'notices',
    breadcrumbs: [{ text: 'Notices', href: LIST_PATH }],
    children: (
      <>
        {done === undefined ? null : <NotificationBanner kind="success">{done}</NotificationBanner>}
        <Title caption="Report">{report.id}</Title>
        <Summary report={report} />
        <Address report={report} url={url} principal={principal} />
        {isOpen ? <NextPart report={report} principal={principal} /> : null}
        <Claim report={report} />
        <Contacts report={report} principal={principal} />
        <Notices report={report} principal={principal} />
        <Replies report={report} principal={principal} />
        <Timeline report={report} />
        {isOpen && principal.rights.has('notices:draft') ? <OutcomeForm id={report.id} principal={principal} /> : null}
      </>
    ),
  });
}

function Summary({ report }: { readonly report: ReportDetail }): JSX.Element {
  const { state, outcome, waitsFor, classification, country, reportedAt, reportedBy, duplicateOf, policeAgreedAt, closedAt } = report;
  return (
    <SummaryList
      rows={[
        {
          key: 'State',
          value: (
            <>
              {outcome === null ? STATE_WORDS[state] : `closed: ${OUTCOME_WORDS[outcome]}`} {waitsFor === null ? null : <Tag colour={WAIT_COLOURS[waitsFor]}>{WAIT_WORDS[waitsFor]}</Tag>}
            </>
          ),
        },
        { key: 'Assessed', value: CLASS_WORDS[classification] },
        { key: 'Country', value: country ?? 'unknown' },
        { key: 'Reported', value: <><Time iso={reportedAt.toISOString()} />, by {reportedBy}</> },
        duplicateOf === null ? undefined : { key: 'Duplicate of', value: <a href={`${LIST_PATH}/${duplicateOf}`}>{duplicateOf}</a> },
        policeAgreedAt === null ? undefined : { key: 'Police agreed', value: <Time iso={policeAgreedAt.toISOString()} /> },
        closedAt === null ? undefined : { key: 'Closed', value: <Time iso={closedAt.toISOString()} /> },
      ]}
    />
  );
}

interface PartProps {
  readonly report: ReportDetail;
  readonly principal: Principal;
}

/** A form of one button. */
function Act({ action, principal, children, kind = 'secondary' }: { readonly action: string; readonly principal: Principal; readonly children: Child; readonly kind?: 'primary' | 'secondary' | 'warning' }): JSX.Element {
  return (
    <Form action={action} principal={principal} class="no-print">
      <Button kind={kind}>{children}</Button>
    </Form>
  );
}

function Address({ report, url, principal }: PartProps & { readonly url: string | undefined }): JSX.Element | null {
  if (!principal.rights.has('notices:urls')) return null;
  if (url === undefined) return <Act action={`${LIST_PATH}/${report.id}/url`} principal={principal}>Show the address (this is recorded)</Act>;
  return (
    <>
      <Warning>Do not open it, unless your law and your work allow you to. That you looked is in the history and in the log.</Warning>
      <p>
        <code class="breakable">{url.replace(/^http/i, 'hxxp')}</code>
      </p>
    </>
  );
}

function NextPart({ report: { id, next, waitsFor, policeAgreedAt }, principal }: PartProps): JSX.Element {
  const scope = next.scope === null ? '' : ` (${SCOPE_WORDS[next.scope]})`;
  const mayDraft = waitsFor === null && next.kind !== 'nothing' && next.kind !== 'close_no_answer';
  return (
    <>
      <h2>What comes next</h2>
      <p>
        {describeChange(next.kind)}
        {scope}: {next.reason}. {next.at === null ? 'It waits for a person.' : <>At <Time iso={next.at.toISOString()} />.</>}
      </p>
      {mayDraft && principal.rights.has('notices:draft') ? <Act action={`${LIST_PATH}/${id}/draft`} principal={principal}>Draft it now</Act> : null}
      {policeAgreedAt === null && next.kind === 'wait_for_police' && principal.rights.has('notices:send') ? (
        <Act action={`${LIST_PATH}/${id}/police`} principal={principal}>The police agreed: the host may be told</Act>
      ) : null}
    </>
  );
}

function Claim({ report: { claim, host } }: { readonly report: ReportDetail }): JSX.Element {
  return (
    <>
      <h2>Where it is hosted</h2>
      {claim === null ? (
        <p>It could not be asked yet.</p>
      ) : (
        <SummaryList
          rows={[
            { key: 'Host', value: host === null ? 'withheld' : <span class="breakable">{host}</span> },
            { key: 'A claim, not a fact', value: `${claim.country ?? 'no country'} (${describeChange(claim.origin)})` },
            { key: 'Networks', value: claim.addresses.map(({ asn, network }) => `${asn === null ? 'unknown' : `AS${asn}`} ${network ?? ''}`).join(', ') || 'none' },
            { key: 'Agreement', value: claim.addresses.map(({ agreement }) => `${agreement.agree} of ${agreement.of}`).join(', ') || 'none' },
            { key: 'Made', value: <Time iso={claim.madeAt} /> },
            claim.problems.length === 0 ? undefined : { key: 'Not known', value: claim.problems.join(' ') },
          ]}
        />
      )}
    </>
  );
}

function Contacts({ report, principal }: PartProps): JSX.Element {
  const maySend = principal.rights.has('notices:send');
  return (
    <>
      <h2>Who can be told</h2>
      <p>Nothing is sent to a mailbox that no person has approved. An approval holds for every report with the same contact.</p>
      <Table
        caption="Contacts, in the order of the profile and the registries"
        rows={report.contacts}
        empty="Nobody is known."
        columns={[
          { heading: 'For', isRowHeading: true, cell: ({ contact }) => SCOPE_WORDS[contact.scope] },
          { heading: 'Name', cell: ({ contact }) => <span class="breakable">{contact.name}</span> },
          { heading: 'Mailbox or form', cell: ({ contact }) => <span class="breakable">{contact.email ?? contact.url ?? 'none'}</span> },
          { heading: 'From', cell: ({ contact }) => <span class="breakable">{contact.source}</span> },
          { heading: 'Against it', cell: ({ contact }) => contact.problem ?? '' },
          { heading: 'Decision', cell: (one) => <Decision one={one} reportId={report.id} principal={principal} maySend={maySend} /> },
        ]}
      />
    </>
  );
}

function Decision({ one, reportId, principal, maySend }: { readonly one: NoticeContact; readonly reportId: string; readonly principal: Principal; readonly maySend: boolean }): JSX.Element {
  const { id, contact, decision } = one;
  if (contact.email === null) return <>by hand</>;
  return (
    <>
      {decision ?? 'not approved'}
      {maySend ? (
        <Form action={`${LIST_PATH}/${reportId}/contacts/${id}`} principal={principal} class="no-print">
          {decision === 'approved' ? null : <Button kind="secondary" name="decision" value="approve">Approve {SCOPE_WORDS[contact.scope]}</Button>}
          {decision === 'refused' ? null : <Button kind="secondary" name="decision" value="refuse">Refuse {SCOPE_WORDS[contact.scope]}</Button>}
        </Form>
      ) : null}
    </>
  );
}

function Notices({ report, principal }: PartProps): JSX.Element {
  return (
    <>
      <h2>Notices</h2>
      <Table
        caption="Notices, oldest first"
        isCaptionHidden
        rows={report.notices}
        empty="Nothing was drafted yet."
        columns={[
          { heading: 'To', isRowHeading: true, cell: ({ scope, recipient }) => <>{SCOPE_WORDS[scope]}: <span class="breakable">{recipient.name}</span></> },
          { heading: 'Number', isNumeric: true, cell: ({ sequence }) => sequence },
          { heading: 'Form', cell: ({ format, reportIds }) => `${format}, ${reportIds.length} ${reportIds.length === 1 ? 'address' : 'addresses'}` },
          { heading: 'State', cell: ({ state, remark }) => `${NOTICE_WORDS[state]}${remark === null ? '' : ` (${remark})`}` },
          { heading: 'Sent', cell: ({ sentAt }) => (sentAt === null ? '' : <Time iso={sentAt.toISOString()} />) },
          { heading: 'Do', cell: (notice) => <NoticeActs notice={notice} reportId={report.id} principal={principal} /> },
        ]}
      />
    </>
  );
}

function NoticeActs({ notice: { id, state, messageId }, reportId, principal: { rights }, principal }: { readonly notice: Notice; readonly reportId: string; readonly principal: Principal }): JSX.Element {
  const path = `${LIST_PATH}/${reportId}/notices/${id}`;
  const maySend = rights.has('notices:send');
  return (
    <>
      {rights.has('notices:urls') ? <Act action={`${path}/read`} principal={principal}>Read (this is recorded)</Act> : null}
      {state === 'draft' && maySend ? <Act action={`${path}/approve`} principal={principal} kind="primary">{messageId === null ? 'It was handed over' : 'Approve and send'}</Act> : null}
      {(state === 'draft' || state === 'approved') && rights.has('notices:draft') ? <Act action={`${path}/withdraw`} principal={principal}>Withdraw</Act> : null}
      {state === 'unknown' && maySend ? (
        <Form action={`${path}/settle`} principal={principal}>
          <Button kind="secondary" name="arrived" value="yes">It arrived</Button>
          <Button kind="warning" name="arrived" value="no">It did not: send it again</Button>
        </Form>
      ) : null}
    </>
  );
}

function Replies({ report: { replies } }: PartProps): JSX.Element | null {
  if (replies.length === 0) return null;
  return (
    <>
      <h2>Replies</h2>
      <Table
        caption="Replies, oldest first"
        isCaptionHidden
        rows={replies}
        empty=""
        columns={[
          { heading: 'Reply', isRowHeading: true, cell: ({ id }) => <a href={`${LIST_PATH}/replies/${id}`}>{id}</a> },
          { heading: 'Received', cell: ({ receivedAt }) => <Time iso={receivedAt.toISOString()} /> },
          { heading: 'Kind', cell: ({ kind, outcome }) => `${kind}${outcome === null ? '' : `, says ${OUTCOME_WORDS[outcome]}`}` },
          { heading: 'State', cell: ({ handledAt, handledBy }) => (handledAt === null ? <Tag colour="yellow">{WAIT_WORDS.reply}</Tag> : `dealt with by ${handledBy ?? ''}`) },
        ]}
      />
    </>
  );
}

function Timeline({ report: { events } }: { readonly report: ReportDetail }): JSX.Element {
  return (
    <>
      <h2>History</h2>
      <ol>
        {events.map(({ at, change, actor }) => (
          <li>
            <Time iso={at.toISOString()} />: {describeChange(change)}, by {actor}
          </li>
        ))}
      </ol>
    </>
  );
}

function OutcomeForm({ id, principal }: { readonly id: string; readonly principal: Principal }): JSX.Element {
  return (
    <>
      <h2>Outcome</h2>
      <Form action={`${LIST_PATH}/${id}/close`} principal={principal}>
        <Select name="outcome" label="What became of it" hint="Notices that were not sent are withdrawn. A closed report is not opened again; the address can be reported anew." value="removed" choices={OUTCOMES.map((value) => ({ value, text: OUTCOME_WORDS[value] }))} />
        <Button>Close the report</Button>
      </Form>
    </>
  );
}
