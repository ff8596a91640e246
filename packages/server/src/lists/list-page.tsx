/** The table of lists, one list with its settings and entries, and the question before a list is disabled, enabled or removed. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import type { FieldError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import {
  Button,
  ButtonGroup,
  ErrorSummary,
  Field,
  Form,
  formatNumber,
  LinkButton,
  NotificationBanner,
  Pagination,
  Radios,
  SummaryList,
  Table,
  Tag,
  Time,
  Title,
  type TagColour,
} from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { MAX_RADIUS, SIGNAL_TYPES, type ListView } from './schema.ts';
import type { EntryPage, EntryState, EntryView } from './schema-changes.ts';

export const CRUMBS = [{ text: 'Lists', href: '/console/lists' }];
const ENTRY_COLOURS: Readonly<Record<EntryState, TagColour>> = { active: 'green', disabled: 'grey', withdrawn: 'purple' };

export function countEntries({ entries }: Pick<ListView, 'entries'>): number {
  return SIGNAL_TYPES.reduce((sum, type) => sum + entries[type], 0);
}

function ListState({ list }: { readonly list: ListView }): JSX.Element {
  return list.state === 'active' ? <Tag colour="green">In force</Tag> : <Tag>Disabled</Tag>;
}

export interface ListsView {
  readonly lists: readonly ListView[];
  readonly listSetVersion: number;
}

export function renderListsPage({ lists, listSetVersion }: ListsView, principal: Principal): string {
  return renderPage({
    title: 'Lists',
    principal,
    current: 'lists',
    children: (
      <>
        <Title>Lists</Title>
        <p>
          Every upload is compared with all lists in force. Each change of a list makes a new list-set version; version {formatNumber(listSetVersion)} is in
          force. <a href="/console/lists/versions">See all versions</a>
        </p>
        {principal.rights.has('lists:write') ? (
          <ButtonGroup>
            <LinkButton href="/console/lists/import">Import a list</LinkButton>
          </ButtonGroup>
        ) : null}
        <Table
          caption="All lists"
          isCaptionHidden
          rows={lists}
          empty={
            <>
              There are no lists, so nothing can be cleared. <a href="/console/lists/import">Import a list</a>, or{' '}
              <a href="/try">load the demonstration list</a>.
            </>
          }
          columns={[
            { heading: 'List', isRowHeading: true, cell: (list) => <a href={`/console/lists/${list.id}`}>{list.name}</a> },
            { heading: 'State', cell: (list) => <ListState list={list} /> },
            { heading: 'Entries in force', isNumeric: true, cell: (list) => formatNumber(countEntries(list)) },
            { heading: 'A match leads to', cell: (list) => list.disposition },
            { heading: 'Changed', cell: (list) => <Time iso={list.changedAt} /> },
          ]}
        />
      </>
    ),
  });
}

/** What the settings form sent, so that a refused form is shown as it was filled in. */
export interface SettingsForm {
  readonly name: string;
  readonly source: string;
  readonly radius: string;
  readonly qualityFloor: string;
  readonly disposition: string;
}

export interface ListPageView {
  readonly list: ListView;
  readonly page: EntryPage;
  /** The entry number after which the shown page begins. */
  readonly after: number;
  readonly form?: SettingsForm;
  readonly errors?: readonly FieldError[];
  /** What has just been done. */
  readonly done?: string | undefined;
}

export function renderListPage(view: ListPageView, principal: Principal): string {
  const { list, errors = [] } = view;
  const canWrite = principal.rights.has('lists:write');
  return renderPage({
    title: list.name,
    principal,
    current: 'lists',
    breadcrumbs: CRUMBS,
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        {view.done === undefined ? null : (
          <NotificationBanner kind="success">
            <p>{view.done}</p>
          </NotificationBanner>
        )}
        <Title caption="List">{list.name}</Title>
        <Facts list={list} />
        {canWrite ? <Actions list={list} /> : null}
        {canWrite ? <SettingsView form={view.form ?? toForm(list)} errors={errors} list={list} principal={principal} /> : null}
        <Entries view={view} principal={principal} />
      </>
    ),
  });
}

function Facts({ list }: { readonly list: ListView }): JSX.Element {
  const { entries } = list;
  return (
    <SummaryList
      rows={[
        { key: 'State', value: <ListState list={list} /> },
        {
          key: 'Entries in force',
          value: `${formatNumber(countEntries(list))}: ${
            SIGNAL_TYPES.filter((type) => entries[type] > 0)
              .map((type) => `${type} ${formatNumber(entries[type])}`)
              .join(', ') || 'none'
          }`,
        },
        { key: 'Disabled entries', value: formatNumber(list.disabledEntries) },
        { key: 'A match leads to', value: list.disposition },
        { key: 'Radius', value: `${list.radius} of 256 bits may differ` },
        { key: 'Quality floor', value: `${list.qualityFloor} of 100` },
        { key: 'Source', value: list.source === '' ? 'not named' : list.source },
        {
          key: 'Changed',
          value: (
            <>
              <Time iso={list.changedAt} />, list-set version {formatNumber(list.listSetVersion)}
            </>
          ),
        },
        { key: 'Created', value: <Time iso={list.createdAt} /> },
      ]}
    />
  );
}

function Actions({ list }: { readonly list: ListView }): JSX.Element {
  return (
    <ButtonGroup>
      <LinkButton href={`/console/lists/import?list=${list.id}`}>Import into this list</LinkButton>
      {list.state === 'active' ? (
        <LinkButton kind="warning" href={`/console/lists/${list.id}/disable`}>
          Disable this list
        </LinkButton>
      ) : (
        <LinkButton href={`/console/lists/${list.id}/enable`}>Enable this list</LinkButton>
      )}
    </ButtonGroup>
  );
}

function toForm(list: ListView): SettingsForm {
  return { name: list.name, source: list.source, radius: String(list.radius), qualityFloor: String(list.qualityFloor), disposition: list.disposition };
}

interface SettingsProps {
  readonly list: ListView;
  readonly form: SettingsForm;
  readonly errors: readonly FieldError[];
  readonly principal: Principal;
}

function SettingsView({ list, form, errors, principal }: SettingsProps): JSX.Element {
  const errorOf = (name: string): string | undefined => errors.find(({ at }) => at === name)?.message;
  return (
    <>
      <h2>Settings</h2>
      <Form action={`/console/lists/${list.id}`} principal={principal}>
        <Field name="name" label="Name" value={form.name} error={errorOf('name')} maxlength={120} />
        <Field name="source" label="Source" hint="Where the list comes from, in your words" value={form.source} error={errorOf('source')} maxlength={200} />
        <Field
          name="radius"
          label="Radius"
          hint={`How many of the 256 bits of a PDQ hash may differ, from 0 to ${MAX_RADIUS}. 31 is usual.`}
          type="number"
          width={5}
          value={form.radius}
          error={errorOf('radius')}
        />
        <Field
          name="qualityFloor"
          label="Quality floor"
          hint="Pictures below it have no reliable perceptual hash and are not compared, from 0 to 100. 50 is usual."
          type="number"
          width={5}
          value={form.qualityFloor}
          error={errorOf('qualityFloor')}
        />
        <Radios
          name="disposition"
          label="A match leads to"
          value={form.disposition}
          error={errorOf('disposition')}
          choices={[
            { value: 'hold', text: 'Hold', hint: 'Kept unpublished, for a decision' },
            { value: 'refuse', text: 'Refuse', hint: 'Turned away; the uploader is told neutrally' },
          ]}
        />
        <Button>Save settings</Button>
      </Form>
    </>
  );
}

function Entries({ view, principal }: { readonly view: ListPageView; readonly principal: Principal }): JSX.Element {
  const { list, page, after } = view;
  const first = page.entries[0]?.entry;
  const last = page.entries.at(-1)?.entry;
  return (
    <section aria-labelledby="entries">
      <h2 id="entries">Entries</h2>
      <p>Only the first digits are shown. A disabled entry stops matching within a second.</p>
      <Table
        caption="Entries of this list"
        isCaptionHidden
        rows={page.entries}
        empty="No entries here."
        columns={[
          { heading: 'Entry', isRowHeading: true, cell: (entry) => formatNumber(entry.entry) },
          { heading: 'Signal', cell: (entry) => entry.signal },
          { heading: 'Begins with', cell: (entry) => <code>{entry.maskedValue}</code> },
          { heading: 'Reference', cell: (entry) => entry.reference ?? 'none' },
          { heading: 'State', cell: (entry) => <Tag colour={ENTRY_COLOURS[entry.state]}>{entry.state === 'active' ? 'in force' : entry.state}</Tag> },
          ...(principal.rights.has('lists:write')
            ? [{ heading: 'Change', cell: (entry: EntryView) => <EntryAction list={list} entry={entry} after={after} principal={principal} /> }]
            : []),
        ]}
      />
      <Pagination
        label="Pages of entries"
        previousText="First page"
        previous={after === 0 ? undefined : `/console/lists/${list.id}#entries`}
        next={page.next === undefined ? undefined : `/console/lists/${list.id}?after=${page.next}#entries`}
        position={first === undefined || last === undefined ? undefined : `Entries ${formatNumber(first)} to ${formatNumber(last)}`}
      />
    </section>
  );
}

interface EntryActionProps {
  readonly list: ListView;
  readonly entry: EntryView;
  readonly after: number;
  readonly principal: Principal;
}

function EntryAction({ list, entry, after, principal }: EntryActionProps): JSX.Element {
  if (entry.state === 'withdrawn') return <>by the source</>;
  const action = entry.state === 'active' ? 'disable' : 'enable';
  return (
    <Form action={`/console/lists/${list.id}/entries/${entry.entry}/${action}`} principal={principal}>
      <input type="hidden" name="after" value={String(after)} />
      <Button kind="secondary">
        {action === 'disable' ? 'Disable' : 'Enable'}
        <span class="visually-hidden"> entry {entry.entry}</span>
      </Button>
    </Form>
  );
}
