/** The versions of the list set, and what differs between two of them. */
import type { Child } from 'hono/jsx';
import type { FieldError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import { Button, ErrorSummary, Field, Form, formatNumber, Pagination, Table, Time, Title } from '../platform/ui/components.tsx';
import { renderPage } from '../platform/ui/page.tsx';
import { CRUMBS } from './list-page.tsx';
import type { ChangeKind, Difference, EntryChange, ListDifference, SettingsSnapshot, VersionView } from './schema-changes.ts';

const VERSIONS_CRUMB = { text: 'Versions', href: '/console/lists/versions' };
const KIND_WORDS: Readonly<Record<ChangeKind, string>> = {
  create: 'List made',
  settings: 'Settings changed',
  disable: 'List disabled',
  enable: 'List enabled',
  remove: 'List removed',
  import: 'Import',
  add: 'Entries added',
  entry_disable: 'Entry disabled',
  entry_enable: 'Entry enabled',
};
const COUNT_WORDS: readonly (readonly [EntryChange, string])[] = [
  ['added', 'added'],
  ['restored', 'back again'],
  ['withdrawn', 'withdrawn'],
  ['disabled', 'disabled'],
  ['enabled', 'enabled'],
];

export interface VersionsView {
  readonly versions: readonly VersionView[];
  readonly current: number;
  readonly next: number | undefined;
  readonly isFirstPage: boolean;
}

export function renderVersionsPage(view: VersionsView, principal: Principal): string {
  return renderPage({
    title: 'Versions',
    principal,
    current: 'lists',
    breadcrumbs: CRUMBS,
    children: (
      <>
        <Title>Versions of the list set</Title>
        <p>Each change made one. Every verdict names the version that it used; version {formatNumber(view.current)} is in force.</p>
        <Table
          caption="Versions, newest first"
          isCaptionHidden
          rows={view.versions}
          empty={
            <>
              No change yet. <a href="/console/lists/import">Import a list</a>.
            </>
          }
          columns={[
            { heading: 'Version', isRowHeading: true, cell: (version) => formatNumber(version.listSetVersion) },
            { heading: 'When', cell: (version) => <Time iso={version.at} /> },
            { heading: 'Change', cell: (version) => KIND_WORDS[version.kind] },
            { heading: 'List', cell: (version) => <a href={`/console/lists/${version.listId}`}>{version.listName}</a> },
            { heading: 'Entries', cell: (version) => describeCounts(version) },
            { heading: 'By', cell: (version) => <code>{version.actor}</code> },
            {
              heading: 'Compare',
              cell: (version) => (
                <a href={diffAddress(version.listSetVersion - 1, version.listSetVersion)}>
                  Difference<span class="visually-hidden"> made by version {version.listSetVersion}</span>
                </a>
              ),
            },
          ]}
        />
        <Pagination
          label="Pages of versions"
          previousText="First page"
          previous={view.isFirstPage ? undefined : '/console/lists/versions'}
          next={view.next === undefined ? undefined : `/console/lists/versions?before=${view.next}`}
        />
        <h2>Compare two versions</h2>
        <CompareForm from={String(Math.max(0, view.current - 1))} to={String(view.current)} errors={[]} principal={principal} />
      </>
    ),
  });
}

interface CompareProps {
  readonly from: string;
  readonly to: string;
  readonly errors: readonly FieldError[];
  readonly principal: Principal;
}

function CompareForm({ from, to, errors, principal }: CompareProps): Child {
  const errorOf = (name: string): string | undefined => errors.find(({ at }) => at === name)?.message;
  return (
    <Form action="/console/lists/versions/diff" method="get" principal={principal}>
      <Field name="from" label="From version" type="number" width={5} value={from} error={errorOf('from')} />
      <Field name="to" label="To version" type="number" width={5} value={to} error={errorOf('to')} />
      <Button kind="secondary">Compare</Button>
    </Form>
  );
}

export interface DifferenceView {
  readonly from: string;
  readonly to: string;
  readonly errors: readonly FieldError[];
  readonly difference: Difference | undefined;
}

export function renderDifferencePage({ from, to, errors, difference }: DifferenceView, principal: Principal): string {
  const title = difference === undefined ? 'Compare two versions' : `From version ${formatNumber(difference.from)} to ${formatNumber(difference.to)}`;
  return renderPage({
    title,
    principal,
    current: 'lists',
    breadcrumbs: [...CRUMBS, VERSIONS_CRUMB],
    hasErrors: errors.length > 0,
    children: (
      <>
        <ErrorSummary errors={errors} />
        <Title>{title}</Title>
        {difference === undefined ? null : (
          <>
            <p>The net difference: what was undone in between does not show.</p>
            <Table
              caption="Lists that differ"
              isCaptionHidden
              rows={difference.lists}
              empty="The two versions hold the same."
              columns={[
                { heading: 'List', isRowHeading: true, cell: (list) => list.listName },
                { heading: 'Change', cell: (list) => list.change },
                { heading: 'Entries', cell: (list) => describeCounts(list) },
                { heading: 'Settings', cell: (list) => describeSettings(list) },
                {
                  heading: 'Details',
                  cell: (list) => (
                    <a href={`${diffAddress(difference.from, difference.to)}&list=${list.listId}`}>
                      Entries<span class="visually-hidden"> of {list.listName} that differ</span>
                    </a>
                  ),
                },
              ]}
            />
            {difference.entries === undefined ? null : (
              <>
                <h2 id="entries">Entries that differ</h2>
                <Table
                  caption="Entries that differ"
                  isCaptionHidden
                  rows={difference.entries}
                  empty="None on this page."
                  columns={[
                    { heading: 'Entry', isRowHeading: true, cell: (entry) => formatNumber(entry.entry) },
                    { heading: 'Signal', cell: (entry) => entry.signal },
                    { heading: 'Change', cell: (entry) => entry.change },
                  ]}
                />
                <Pagination
                  label="Pages of entries"
                  next={
                    difference.next === undefined
                      ? undefined
                      : `${diffAddress(difference.from, difference.to)}&list=${difference.lists[0]?.listId ?? ''}&after=${difference.next}#entries`
                  }
                />
              </>
            )}
          </>
        )}
        {difference === undefined ? null : <h2>Compare two versions</h2>}
        <CompareForm from={from} to={to} errors={errors} principal={principal} />
      </>
    ),
  });
}

function describeCounts(counts: Readonly<Record<EntryChange, number>>): string {
  const parts = COUNT_WORDS.filter(([name]) => counts[name] > 0).map(([name, word]) => `${formatNumber(counts[name])} ${word}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}

const SETTING_WORDS: readonly (readonly [keyof SettingsSnapshot, string])[] = [
  ['name', 'name'],
  ['source', 'source'],
  ['state', 'state'],
  ['radius', 'radius'],
  ['qualityFloor', 'quality floor'],
  ['disposition', 'disposition'],
];

function describeSettings({ before, after }: Pick<ListDifference, 'before' | 'after'>): string {
  if (before === undefined)
    return after === undefined
      ? 'none'
      : SETTING_WORDS.filter(([key]) => key !== 'name' && after[key] !== '')
          .map(([key, word]) => `${word}: ${after[key]}`)
          .join('; ');
  if (after === undefined) return 'none';
  const parts = SETTING_WORDS.filter(([key]) => before[key] !== after[key]).map(([key, word]) => `${word}: ${before[key]} → ${after[key]}`);
  return parts.length === 0 ? 'none' : parts.join('; ');
}

function diffAddress(from: number, to: number): string {
  return `/console/lists/versions/diff?from=${from}&to=${to}`;
}
