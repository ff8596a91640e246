/** One record, made to be printed: what was signed, by whom, and what shows that it is unchanged. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  Details,
  ErrorSummary,
  Form,
  LinkButton,
  NotificationBanner,
  SummaryList,
  Table,
  TextArea,
  Time,
  Title,
  Warning,
} from '../../platform/ui/components.tsx';
import { renderCodePage } from '../pages/frame.tsx';
import { AssessmentPart } from './assessment-part.tsx';
import { BODY_KINDS, type BodyKind } from './body-schema.ts';
import { describeMember, FIELDS } from './field-rules.ts';
import type { KindToAssess, SignedRecord } from './schema.ts';
import { errorOf, HERE, nameRecord, Prose, StateTag } from './words.tsx';

export interface RecordPageView {
  readonly record: SignedRecord;
  readonly isIntact: boolean;
  readonly logIndex: number | undefined;
  /** Of the same kind and subject, newest first, this one included. */
  readonly versions: readonly SignedRecord[];
  readonly titleOf: (control: string) => string | undefined;
  readonly kinds: readonly KindToAssess[];
  readonly isNew: boolean;
  readonly reason: string;
  readonly errors: readonly FieldError[];
}

export function renderRecordPage(view: RecordPageView, principal: Principal): string {
  const { record, errors } = view;
  const bodyKind = BODY_KINDS.find((one) => one === record.kind);
  return renderCodePage({
    title: nameRecord(record),
    principal,
    section: 'records',
    breadcrumbs: [{ text: 'Records', href: HERE }],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {view.isNew ? <NotificationBanner kind="success">The record is signed. It is in the log within a second.</NotificationBanner> : null}
        <Title caption={`Record, version ${record.version}`}>{nameRecord(record)}</Title>
        {view.isIntact ? null : <Warning>What is stored does not give the digest that was signed: this record was changed. Do not rely on it.</Warning>}
        <SummaryList rows={summarise(view)} />
        <h2>What was signed</h2>
        {bodyKind === undefined ? <AssessmentPart body={record.body} kinds={view.kinds} titleOf={view.titleOf} /> : <BodyPart kind={bodyKind} view={view} />}
        <Proof view={view} />
        <Versions view={view} />
        <Actions view={view} principal={principal} />
      </>
    ),
  });
}

function summarise({ record }: RecordPageView): readonly ({ readonly key: string; readonly value: JSX.Element | string } | undefined)[] {
  const { supersededAt, withdrawnReason, keepUntil, reviewDue } = record;
  const time = (at: Date): JSX.Element => <Time iso={at.toISOString()} />;
  return [
    { key: 'State', value: <StateTag record={record} /> },
    { key: 'Signed by', value: `${record.signedName} (${record.signedBy})` },
    { key: 'Signed', value: time(record.signedAt) },
    reviewDue === null ? undefined : { key: 'To be looked at again by', value: reviewDue.toISOString().slice(0, 10) },
    supersededAt === null ? undefined : { key: withdrawnReason === null ? 'Superseded' : 'Withdrawn', value: time(supersededAt) },
    withdrawnReason === null ? undefined : { key: 'Reason', value: withdrawnReason },
    keepUntil === null ? undefined : { key: 'Kept until', value: time(keepUntil) },
  ];
}

function BodyPart({ kind, view: { record, titleOf } }: { readonly kind: BodyKind; readonly view: RecordPageView }): JSX.Element {
  const rows = FIELDS[kind].map((field) => {
    const text = describeMember(field, Reflect.get(Object(record.body), field.name));
    const title = field.type.kind === 'control' ? titleOf(text) : undefined;
    const value = title === undefined ? <Prose>{text === '' ? 'nothing' : text}</Prose> : <a href={`/console/code/measures/${text}`}>{`${text}: ${title}`}</a>;
    return { key: field.label, value };
  });
  return <SummaryList rows={rows} />;
}

function Proof({ view: { record, logIndex } }: { readonly view: RecordPageView }): JSX.Element {
  return (
    <section aria-labelledby="proof">
      <h2 id="proof">Proof</h2>
      <SummaryList
        rows={[
          { key: 'Record', value: <code>{record.id}</code> },
          { key: 'Digest (SHA-256)', value: <code class="digest">{record.digest}</code> },
          { key: 'Entry of the log', value: logIndex === undefined ? 'not yet; within a second' : String(logIndex) },
        ]}
      />
      <ButtonGroup>
        <LinkButton href={`${HERE}/${record.id}/file`} kind="secondary" download>
          Download the record with its proof
        </LinkButton>
        <LinkButton href={`${HERE}/${record.id}/proof`} kind="secondary" download>
          Download the proof alone
        </LinkButton>
      </ButtonGroup>
      <p class="hint">
        <code>gatehouse code records verify</code> checks the file without this server. To print this page or save it as PDF, use the print function of the
        browser.
      </p>
    </section>
  );
}

function Versions({ view: { record, versions } }: { readonly view: RecordPageView }): JSX.Element | null {
  if (versions.length < 2) return null;
  return (
    <section aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      <Table
        caption="Versions"
        isCaptionHidden
        columns={[
          {
            heading: 'Version',
            isRowHeading: true,
            cell: ({ id, version }) => (id === record.id ? `${version} (this one)` : <a href={`${HERE}/${id}`}>Version {version}</a>),
          },
          { heading: 'Signed by', cell: ({ signedName }) => signedName },
          { heading: 'Signed', cell: ({ signedAt }) => <Time iso={signedAt.toISOString()} /> },
          { heading: 'State', cell: (one) => <StateTag record={one} /> },
        ]}
        rows={versions}
        empty=""
      />
    </section>
  );
}

function Actions({ view: { record, reason, errors }, principal }: { readonly view: RecordPageView; readonly principal: Principal }): JSX.Element | null {
  if (record.supersededAt !== null || !principal.rights.has('code:sign')) return null;
  const isBody = BODY_KINDS.some((kind) => kind === record.kind);
  return (
    <div class="no-print">
      {isBody ? <LinkButton href={`${HERE}/new/${record.kind}?from=${record.id}`}>Write a new version</LinkButton> : null}
      <Details summary="Withdraw this record" isOpen={errors.length > 0}>
        <Form action={`${HERE}/${record.id}/withdraw`} principal={principal}>
          <TextArea
            name="reason"
            label="Why it is withdrawn"
            hint="It stays with the record, which is kept for three years"
            value={reason}
            error={errorOf(errors, 'reason')}
          />
          <Button kind="warning">Withdraw</Button>
        </Form>
      </Details>
    </div>
  );
}
