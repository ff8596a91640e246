/** The table of countries: what the pages are about, with links that sort it. Without a script, and in the order of the page for the keyboard. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { formatNumber, Table, type Column } from '../../platform/ui/components.tsx';
import { formatHours, formatShare, type LayerView } from './layer-rules.ts';
import type { FigureGroup, FigureTable } from './schema.ts';
import { Scroll } from './scroll-part.tsx';
import { endedOtherwise, type CountryRow, type Order, type Sort } from './table-rules.ts';

interface SortColumn {
  readonly sort: Sort;
  readonly heading: string;
  readonly isNumeric: boolean;
  cell(row: CountryRow): Child;
}

export interface Sorting {
  readonly sort: Sort;
  readonly order: Order;
  /** The address of the page in that order. */
  hrefOf(sort: Sort, order: Order): string;
}

interface CountryTableProps {
  readonly rows: readonly CountryRow[];
  readonly table: FigureTable;
  readonly view: LayerView;
  readonly sorting: Sorting;
  readonly caption: string;
}

export function CountryTable({ rows, table, view, sorting, caption }: CountryTableProps): JSX.Element {
  const columns = columnsOf(view);
  return (
    <>
      <Scroll label={caption}>
        <table class="table sortable" role="table" id="countries">
          <caption class="table-caption">{caption}</caption>
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column) => (
                <SortHeading column={column} sorting={sorting} />
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map((row) => (
              <tr role="row">
                {columns.map((column, index) => (
                  <BodyCell column={column} row={row} isHeading={index === 0} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length === 0 ? <p class="empty">No country has {table.k} reports or more in this time.</p> : null}
      {rows.some(({ group }) => group === undefined) ? <p>A dash: fewer than {table.k} reports, or none.</p> : null}
      <Sums table={table} />
    </>
  );
}

function SortHeading({ column, sorting }: { readonly column: SortColumn; readonly sorting: Sorting }): JSX.Element {
  const isSorted = column.sort === sorting.sort;
  const isAscending = sorting.order === 'asc';
  // The first press gives what is asked for most: names from A, figures from the largest.
  const next: Order = isSorted ? (isAscending ? 'desc' : 'asc') : column.sort === 'country' ? 'asc' : 'desc';
  return (
    <th
      scope="col"
      role="columnheader"
      class={column.isNumeric ? 'numeric' : undefined}
      aria-sort={isSorted ? (isAscending ? 'ascending' : 'descending') : undefined}
    >
      <a href={`${sorting.hrefOf(column.sort, next)}#countries`}>
        {column.heading}
        {isSorted ? <span aria-hidden="true">{isAscending ? ' ↑' : ' ↓'}</span> : null}
      </a>
    </th>
  );
}

function BodyCell({ column, row, isHeading }: { readonly column: SortColumn; readonly row: CountryRow; readonly isHeading: boolean }): JSX.Element {
  const content = (
    <>
      <span class="cell-label" aria-hidden="true">
        {column.heading}
      </span>
      <span class="cell-value">{column.cell(row)}</span>
    </>
  );
  const className = column.isNumeric ? 'numeric' : undefined;
  return isHeading ? (
    <th scope="row" role="rowheader" class={className}>
      {content}
    </th>
  ) : (
    <td role="cell" class={className}>
      {content}
    </td>
  );
}

/** Beside what the map says of a country, a few figures: ten columns do not fit. */
const BESIDE_LAYER: ReadonlySet<Sort> = new Set(['reports', 'share', 'removed', 'open', 'median']);

function columnsOf(view: LayerView): readonly SortColumn[] {
  if (view.isOwn) return FIGURE_COLUMNS;
  return [...FIGURE_COLUMNS.slice(0, 1), layerColumn(view), ...FIGURE_COLUMNS.filter(({ sort }) => BESIDE_LAYER.has(sort))];
}

function layerColumn(view: LayerView): SortColumn {
  return { sort: 'layer', heading: 'On the map', isNumeric: false, cell: ({ mark }) => mark?.text ?? view.rest.text };
}

/** For forms: narrow screens show no row of headings to press. */
export function listSorts(view: LayerView): readonly { readonly value: Sort; readonly text: string }[] {
  return columnsOf(view).map(({ sort, heading }) => ({ value: sort, text: heading }));
}

const WITHHELD = 'withheld';
/** Fewer than k, or none; the sentence below the table says so. */
const FEW = '-';
const count = (value: number | null): string => (value === null ? WITHHELD : formatNumber(value));

const figure = (sort: Sort, heading: string, show: (group: FigureGroup) => string): SortColumn => ({
  sort,
  heading,
  isNumeric: true,
  cell: ({ group }) => (group === undefined ? FEW : show(group)),
});

const FIGURE_COLUMNS: readonly SortColumn[] = [
  { sort: 'country', heading: 'Country', isNumeric: false, cell: ({ name }) => name },
  figure('reports', 'Reports', ({ reports }) => count(reports)),
  figure('share', 'Share', ({ share }) => (share === null ? WITHHELD : formatShare(share))),
  figure('removed', 'Removed', ({ removed }) => count(removed)),
  figure('other', 'Ended otherwise', (group) => count(endedOtherwise(group))),
  figure('open', 'Open', ({ open }) => count(open)),
  figure('followed', 'Somebody was told', ({ followed }) => count(followed)),
  figure('median', 'Half removed after', (group) => showTime(group, group.medianHours)),
  figure('p90', 'Nine tenths after', (group) => showTime(group, group.p90Hours)),
];

/** With too few removals no time is shown, reached or not; that it was not reached is said only where the counts beside it say so too. */
function showTime({ reports, followed, removed }: FigureGroup, hours: number | null): string {
  if (hours !== null) return formatHours(hours);
  if (followed === null) return WITHHELD;
  return removed === 0 || (removed !== null && followed === reports) ? 'not reached' : 'too few, or not reached';
}

function Sums({ table: { others, overall, k } }: { readonly table: FigureTable }): JSX.Element {
  const total = overall.reports === null ? `fewer than ${k} reports` : `${formatNumber(overall.reports)} reports`;
  return (
    <p>
      All together: {total}
      {overall.removed === null
        ? ''
        : `, ${formatNumber(overall.removed)} removed, ${count(endedOtherwise(overall))} ended otherwise, ${count(overall.open)} open`}
      {overall.medianHours === null ? '' : `, half removed after ${formatHours(overall.medianHours)}`}.
      {others === null
        ? ''
        : ` Countries that are too small to be shown${others.reports === null ? '' : `, together ${formatNumber(others.reports)} reports`}, are not listed.`}
    </p>
  );
}

interface GroupTableProps {
  readonly table: FigureTable;
  readonly caption: string;
  readonly heading: string;
  readonly nameOf: (key: string) => string;
  /** False: beside a table that has outcomes already. */
  readonly hasOutcomes: boolean;
}

/** The smaller tables: by recipient, by network. */
export function GroupTable({ table, caption, heading, nameOf, hasOutcomes }: GroupTableProps): JSX.Element {
  return (
    <Scroll label={caption}>
      <Table
        caption={caption}
        rows={table.groups}
        empty={
          table.overall.isWithheld
            ? `Withheld: none has ${table.k} reports or more, or a small count could be worked out from this table and the one above.`
            : `None has ${table.k} reports or more in this time.`
        }
        columns={[
          { heading, isRowHeading: true, cell: ({ key }) => nameOf(key) },
          { heading: 'Reports', isNumeric: true, cell: ({ reports }) => count(reports) },
          ...(hasOutcomes ? OUTCOME_COLUMNS : []),
          { heading: 'Half removed after', isNumeric: true, cell: (group) => showTime(group, group.medianHours) },
          { heading: 'Nine tenths after', isNumeric: true, cell: (group) => showTime(group, group.p90Hours) },
        ]}
      />
    </Scroll>
  );
}

const OUTCOME_COLUMNS: readonly Column<FigureGroup>[] = [
  { heading: 'Removed', isNumeric: true, cell: ({ removed }) => count(removed) },
  { heading: 'Ended otherwise', isNumeric: true, cell: (group) => count(endedOtherwise(group)) },
  { heading: 'Open', isNumeric: true, cell: ({ open }) => count(open) },
];
