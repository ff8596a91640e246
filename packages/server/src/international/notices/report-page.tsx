/** One report: what is known, what comes next, whom it may go to, what was sent, what came back. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Form, NotificationBanner, Select, SummaryList, Table, Tag, Time, Title, Warning } from '../../platform/ui/components.tsx';
import { renderInternationalPage } from '../pages/frame.tsx';
import { LIST_PATH } from './list-page.tsx';
import { Act, Contacts, Notices, type PartProps } from './report-parts.tsx';
import { OUTCOMES, type ReportDetail } from './schema.ts';
import { CLASS_WORDS, describeChange, OUTCOME_WORDS, SCOPE_WORDS, STATE_WORDS, WAIT_COLOURS, WAIT_WORDS } from './words.ts';

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
              {outcome === null ? STATE_WORDS[state] : `closed: ${OUTCOME_WORDS[outcome]}`}{' '}
              {waitsFor === null ? null : <Tag colour={WAIT_COLOURS[waitsFor]}>{WAIT_WORDS[waitsFor]}</Tag>}
            </>
          ),
        },
        { key: 'Assessed', value: CLASS_WORDS[classification] },
        { key: 'Country', value: country ?? 'unknown' },
        {
          key: 'Reported',
          value: (
            <>
              <Time iso={reportedAt.toISOString()} />, by {reportedBy}
            </>
          ),
        },
        duplicateOf === null ? undefined : { key: 'Duplicate of', value: <a href={`${LIST_PATH}/${duplicateOf}`}>{duplicateOf}</a> },
        policeAgreedAt === null ? undefined : { key: 'Police agreed', value: <Time iso={policeAgreedAt.toISOString()} /> },
        closedAt === null ? undefined : { key: 'Closed', value: <Time iso={closedAt.toISOString()} /> },
      ]}
    />
  );
}

function Address({ report, url, principal }: PartProps & { readonly url: string | undefined }): JSX.Element | null {
  if (!principal.rights.has('notices:urls')) return null;
  if (url === undefined)
    return (
      <Act action={`${LIST_PATH}/${report.id}/url`} principal={principal}>
        Show the address (this is recorded)
      </Act>
    );
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
        {next.kind === 'nothing' ? '' : `${describeChange(next.kind)}${scope}: `}
        {next.reason}.{' '}
        {next.at === null ? (
          'It waits for a person.'
        ) : (
          <>
            At <Time iso={next.at.toISOString()} />.
          </>
        )}
      </p>
      {mayDraft && principal.rights.has('notices:draft') ? (
        <Act action={`${LIST_PATH}/${id}/draft`} principal={principal}>
          Draft it now
        </Act>
      ) : null}
      {policeAgreedAt === null && next.kind === 'wait_for_police' && principal.rights.has('notices:send') ? (
        <Act action={`${LIST_PATH}/${id}/police`} principal={principal}>
          The police agreed: the host may be told
        </Act>
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
            {
              key: 'Networks',
              value: claim.addresses.map(({ asn, network }) => `${asn === null ? 'unknown' : `AS${asn}`} ${network ?? ''}`).join(', ') || 'none',
            },
            { key: 'Agreement', value: claim.addresses.map(({ agreement }) => `${agreement.agree} of ${agreement.of}`).join(', ') || 'none' },
            { key: 'Made', value: <Time iso={claim.madeAt} /> },
            claim.problems.length === 0 ? undefined : { key: 'Not known', value: claim.problems.join(' ') },
          ]}
        />
      )}
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
          {
            heading: 'State',
            cell: ({ handledAt, handledBy }) => (handledAt === null ? <Tag colour="yellow">{WAIT_WORDS.reply}</Tag> : `dealt with by ${handledBy ?? ''}`),
          },
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
        <Select
          name="outcome"
          label="What became of it"
          hint="Notices that were not sent are withdrawn. A closed report is not opened again; the address can be reported anew."
          value="removed"
          choices={OUTCOMES.map((value) => ({ value, text: OUTCOME_WORDS[value] }))}
        />
        <Button>Close the report</Button>
      </Form>
    </>
  );
}
