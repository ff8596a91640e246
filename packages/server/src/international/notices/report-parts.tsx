/** The tables of a report whose rows have buttons: whom it may go to, and what was written. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Principal } from '../../platform/http/rights.ts';
import { Button, Form, Table, Time } from '../../platform/ui/components.tsx';
import { LIST_PATH } from './list-page.tsx';
import type { Notice, NoticeContact, ReportDetail } from './schema.ts';
import { NOTICE_WORDS, SCOPE_WORDS } from './words.ts';

export interface PartProps {
  readonly report: ReportDetail;
  readonly principal: Principal;
}

/** A form of one button. */
export function Act({
  action,
  principal,
  children,
  kind = 'secondary',
}: {
  readonly action: string;
  readonly principal: Principal;
  readonly children: Child;
  readonly kind?: 'primary' | 'secondary' | 'warning';
}): JSX.Element {
  return (
    <Form action={action} principal={principal} class="no-print">
      <Button kind={kind}>{children}</Button>
    </Form>
  );
}

export function Contacts({ report, principal }: PartProps): JSX.Element {
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

function Decision({
  one,
  reportId,
  principal,
  maySend,
}: {
  readonly one: NoticeContact;
  readonly reportId: string;
  readonly principal: Principal;
  readonly maySend: boolean;
}): JSX.Element {
  const { id, contact, decision } = one;
  if (contact.email === null) return <>by hand</>;
  return (
    <>
      {decision ?? 'not approved'}
      {maySend ? (
        <Form action={`${LIST_PATH}/${reportId}/contacts/${id}`} principal={principal} class="no-print">
          {decision === 'approved' ? null : (
            <Button kind="secondary" name="decision" value="approve">
              Approve {SCOPE_WORDS[contact.scope]}
            </Button>
          )}
          {decision === 'refused' ? null : (
            <Button kind="secondary" name="decision" value="refuse">
              Refuse {SCOPE_WORDS[contact.scope]}
            </Button>
          )}
        </Form>
      ) : null}
    </>
  );
}

export function Notices({ report, principal }: PartProps): JSX.Element {
  return (
    <>
      <h2>Notices</h2>
      <Table
        caption="Notices, oldest first"
        isCaptionHidden
        rows={report.notices}
        empty="Nothing was drafted yet."
        columns={[
          {
            heading: 'To',
            isRowHeading: true,
            cell: ({ scope, recipient }) => (
              <>
                {SCOPE_WORDS[scope]}: <span class="breakable">{recipient.name}</span>
              </>
            ),
          },
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

function NoticeActs({
  notice: { id, state, messageId },
  reportId,
  principal: { rights },
  principal,
}: {
  readonly notice: Notice;
  readonly reportId: string;
  readonly principal: Principal;
}): JSX.Element {
  const path = `${LIST_PATH}/${reportId}/notices/${id}`;
  const maySend = rights.has('notices:send');
  return (
    <>
      {rights.has('notices:urls') ? (
        <Act action={`${path}/read`} principal={principal}>
          Read (this is recorded)
        </Act>
      ) : null}
      {state === 'draft' && maySend ? (
        <Act action={`${path}/approve`} principal={principal} kind="primary">
          {messageId === null ? 'It was handed over' : 'Approve and send'}
        </Act>
      ) : null}
      {(state === 'draft' || state === 'approved') && rights.has('notices:draft') ? (
        <Act action={`${path}/withdraw`} principal={principal}>
          Withdraw
        </Act>
      ) : null}
      {state === 'unknown' && maySend ? (
        <Form action={`${path}/settle`} principal={principal}>
          <Button kind="secondary" name="arrived" value="yes">
            It arrived
          </Button>
          <Button kind="warning" name="arrived" value="no">
            It did not: send it again
          </Button>
        </Form>
      ) : null}
    </>
  );
}
