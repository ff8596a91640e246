/** Whom age checks believe: trust lists, issuers, status lists with their ages. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import {
  Button,
  ErrorSummary,
  Field,
  Form,
  formatNumber,
  Inset,
  LinkButton,
  NotificationBanner,
  Table,
  Tag,
  Time,
  Title,
  type Column,
  type TagColour,
} from '../../platform/ui/components.tsx';
import { renderPage } from '../../platform/ui/page.tsx';
import type { SeenList, SeenView, StatusListView, StatusState } from '../status/schema.ts';
import type { AnchorView, ListView } from './schema.ts';

export const CRUMBS = [{ text: 'Age: trust', href: '/console/age/trust' }];

export interface StatusForm {
  readonly uri: string;
  readonly issuer: string;
}

export interface TrustView {
  readonly lists: readonly ListView[];
  readonly anchors: readonly AnchorView[];
  readonly statusLists: readonly StatusListView[];
  readonly seen: SeenView;
  readonly now: Date;
  readonly done?: string | undefined;
  readonly form?: StatusForm;
  readonly errors?: readonly FieldError[];
}

export function renderTrustPage(view: TrustView, principal: Principal): string {
  const { errors = [], done } = view;
  const mayManage = principal.rights.has('age:manage');
  return renderPage({
    title: 'Age: trust',
    principal,
    current: 'age-trust',
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {done === undefined ? null : <NotificationBanner kind="success">{done}</NotificationBanner>}
        <Title>Age: trust</Title>
        <p>
          A proof of age from a wallet counts when an issuer on a trust list stands behind it, nobody muted that issuer, and its status list says that it was
          not taken back.
        </p>
        <Lists view={view} mayManage={mayManage} />
        <Anchors anchors={view.anchors} mayManage={mayManage} />
        <StatusLists view={view} principal={principal} mayManage={mayManage} />
      </>
    ),
  });
}

function Lists({ view, mayManage }: { readonly view: TrustView; readonly mayManage: boolean }): JSX.Element {
  const columns: readonly Column<ListView>[] = [
    { heading: 'Name', isRowHeading: true, cell: (list) => list.name },
    { heading: 'Format', cell: (list) => list.format },
    { heading: 'Issuers', isNumeric: true, cell: (list) => formatNumber(list.anchors) },
    { heading: 'Issued', cell: (list) => (list.issuedAt === null ? 'not stated' : <Time iso={list.issuedAt} />) },
    { heading: 'Next update', cell: (list) => <NextUpdate list={list} now={view.now} /> },
    { heading: 'Imported', cell: (list) => <Time iso={list.importedAt} /> },
    ...(mayManage
      ? [{ heading: 'Action', cell: (list: ListView) => <Act href={`/console/age/trust/lists/${list.name}/remove`} text="Remove" about={list.name} /> }]
      : []),
  ];
  return (
    <>
      <h2>Trust lists</h2>
      <Table caption="Trust lists" isCaptionHidden columns={columns} rows={view.lists} empty="No trust list is imported: no wallet is believed." />
      {mayManage ? <LinkButton href="/console/age/trust/import">Import a trust list</LinkButton> : null}
    </>
  );
}

function NextUpdate({ list, now }: { readonly list: ListView; readonly now: Date }): JSX.Element {
  if (list.nextUpdate === null) return <>not stated</>;
  return (
    <>
      <Time iso={list.nextUpdate} /> {Date.parse(list.nextUpdate) < now.getTime() ? <Tag colour="red">past</Tag> : null}
    </>
  );
}

function Act({ href, text, about }: { readonly href: string; readonly text: string; readonly about: string }): JSX.Element {
  return (
    <a href={href}>
      {text}
      <span class="visually-hidden"> {about}</span>
    </a>
  );
}

function Anchors({ anchors, mayManage }: { readonly anchors: readonly AnchorView[]; readonly mayManage: boolean }): JSX.Element {
  const columns: readonly Column<AnchorView>[] = [
    { heading: 'Issuer', isRowHeading: true, cell: (anchor) => anchor.subject },
    { heading: 'List', cell: (anchor) => anchor.list },
    { heading: 'Stands for', cell: ({ documentTypes }) => documentTypes?.join(', ') ?? 'any document' },
    { heading: 'Assurance', cell: (anchor) => anchor.assurance },
    { heading: 'Valid to', cell: (anchor) => <Time iso={anchor.validTo} /> },
    { heading: 'State', cell: ({ mutedAt }) => (mutedAt === null ? <Tag colour="green">trusted</Tag> : <Tag colour="red">muted</Tag>) },
    {
      heading: 'Action',
      cell: (anchor) => (
        <Act
          href={`/console/age/trust/anchors/${anchor.id}`}
          text={mayManage ? (anchor.mutedAt === null ? 'Mute' : 'Unmute') : 'Details'}
          about={anchor.subject}
        />
      ),
    },
  ];
  return (
    <>
      <h2>Issuers</h2>
      <Table caption="Issuers" isCaptionHidden columns={columns} rows={anchors} empty="There are none. They come with trust lists." />
    </>
  );
}

const COLOURS: Readonly<Record<StatusState, TagColour>> = { fresh: 'green', late: 'yellow', stale: 'red', missing: 'red' };
const WORDS: Readonly<Record<StatusState, string>> = { fresh: 'fresh', late: 'late', stale: 'too old: refused', missing: 'missing: refused' };

function StatusLists({ view, principal, mayManage }: { readonly view: TrustView; readonly principal: Principal; readonly mayManage: boolean }): JSX.Element {
  const columns: readonly Column<StatusListView>[] = [
    { heading: 'Address', isRowHeading: true, cell: ({ uri }) => <code>{uri}</code> },
    { heading: 'State', cell: ({ state }) => <Tag colour={COLOURS[state]}>{WORDS[state]}</Tag> },
    { heading: 'Age', cell: ({ ageSeconds }) => (ageSeconds === null ? 'never fetched' : describeAge(ageSeconds)) },
    { heading: 'Issued', cell: ({ issuedAt }) => (issuedAt === null ? 'not yet' : <Time iso={issuedAt} />) },
    { heading: 'Entries', isNumeric: true, cell: ({ entries }) => (entries === null ? '0' : formatNumber(entries)) },
    { heading: 'Last failure', cell: ({ failure, failures }) => (failure === null ? 'none' : `${failure} (${formatNumber(failures)})`) },
    { heading: 'Next fetch', cell: ({ nextFetchAt }) => <Time iso={nextFetchAt} /> },
    ...(mayManage ? [{ heading: 'Action', cell: (list: StatusListView) => <StatusActions list={list} principal={principal} /> }] : []),
  ];
  return (
    <>
      <h2>Status lists</h2>
      <p>They are fetched on a schedule, whole, and never because somebody shows a credential: no issuer learns where its credentials are shown.</p>
      <Table
        caption="Status lists"
        isCaptionHidden
        columns={columns}
        rows={view.statusLists}
        empty="No status list is registered. Credentials that name one are refused; others are not affected."
      />
      <Seen seen={view.seen} />
      {mayManage ? <AddForm view={view} principal={principal} /> : null}
    </>
  );
}

function describeAge(ageSeconds: number): string {
  const minutes = Math.floor(Math.max(0, ageSeconds) / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

function StatusActions({ list, principal }: { readonly list: StatusListView; readonly principal: Principal }): JSX.Element {
  return (
    <Form action={`/console/age/trust/status/${list.id}/refresh`} principal={principal}>
      <Button kind="secondary">
        Fetch now<span class="visually-hidden"> {list.uri}</span>
      </Button>{' '}
      <Act href={`/console/age/trust/status/${list.id}/remove`} text="Remove" about={list.uri} />
    </Form>
  );
}

const SEEN_COLUMNS: readonly Column<SeenList>[] = [
  { heading: 'Host', isRowHeading: true, cell: ({ host }) => <code>{host}</code> },
  { heading: 'Path', cell: ({ path, hasQuery }) => (path === null ? 'not shown yet' : <code>{`${path}${hasQuery ? '?…' : ''}`}</code>) },
  { heading: 'Refused', cell: ({ atLeast }) => (atLeast < 5 ? 'fewer than 5' : `at least ${formatNumber(atLeast)}`) },
];

function Seen({ seen }: { readonly seen: SeenView }): JSX.Element | null {
  if (seen.lists.length + seen.others === 0) return null;
  return (
    <>
      <h3>Named by refused credentials, not registered</h3>
      <Inset>
        Presentations were refused since this node was started, because the status list of the credential is not registered. Add the lists of issuers that you
        trust; ask the issuer for the exact address. A path is shown once at least five presentations named it.
      </Inset>
      <Table caption="Addresses that refused credentials named" isCaptionHidden columns={SEEN_COLUMNS} rows={seen.lists} empty="No address was noted." />
    </>
  );
}

function AddForm({ view, principal }: { readonly view: TrustView; readonly principal: Principal }): JSX.Element {
  const { form = { uri: '', issuer: '' }, errors = [] } = view;
  const errorAt = (name: string): string | undefined => errors.find(({ at }) => at === name)?.message;
  return (
    <>
      <h3>Register a status list</h3>
      <Form action="/console/age/trust/status" principal={principal}>
        <Field
          name="uri"
          label="Address"
          hint="Exactly as credentials name it, such as https://issuer.example/statuslists/1"
          type="url"
          value={form.uri}
          error={errorAt('uri')}
          maxlength={2000}
        />
        <Field
          name="issuer"
          label="Issuer that must have signed it"
          hint="Its id of 64 digits. Leave it empty for any trusted issuer."
          value={form.issuer}
          error={errorAt('issuer')}
          maxlength={64}
        />
        <Button>Register and fetch</Button>
      </Form>
    </>
  );
}
