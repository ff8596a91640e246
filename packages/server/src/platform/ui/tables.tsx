/** Tables, summary lists and paging. On narrow screens a table's rows become blocks with their headings beside the values. */
import type { Child } from 'hono/jsx';
import type { JSX } from 'hono/jsx/jsx-runtime';

export interface Column<Row> {
  readonly heading: string;
  cell(row: Row): Child;
  readonly isNumeric?: boolean;
  /** The cell that names its row. */
  readonly isRowHeading?: boolean;
}

interface TableProps<Row> {
  readonly caption: string;
  /** When the heading above already says the same. */
  readonly isCaptionHidden?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What to say, and what to do, when there are no rows. */
  readonly empty: Child;
}

/** The roles are written out because `display: block` on narrow screens would take them from the accessibility tree. */
export function Table<Row>({ caption, isCaptionHidden = false, columns, rows, empty }: TableProps<Row>): JSX.Element {
  if (rows.length === 0) return <p class="empty">{empty}</p>;
  return (
    <table class="table" role="table">
      <caption class={isCaptionHidden ? 'visually-hidden' : 'table-caption'}>{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th scope="col" role="columnheader" class={column.isNumeric === true ? 'numeric' : undefined}>
              {column.heading}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row">
            {columns.map((column) => (
              <Cell column={column} row={row} />
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Cell<Row>({ column, row }: { readonly column: Column<Row>; readonly row: Row }): JSX.Element {
  const className = column.isNumeric === true ? 'numeric' : undefined;
  const content = (
    <>
      <span class="cell-label" aria-hidden="true">
        {column.heading}
      </span>
      <span class="cell-value">{column.cell(row)}</span>
    </>
  );
  return column.isRowHeading === true ? (
    <th scope="row" role="rowheader" class={className}>
      {content}
    </th>
  ) : (
    <td role="cell" class={className}>
      {content}
    </td>
  );
}

export interface SummaryRow {
  readonly key: string;
  readonly value: Child;
  readonly action?: Child;
}

export function SummaryList({ rows }: { readonly rows: readonly (SummaryRow | undefined)[] }): JSX.Element {
  return (
    <dl class="summary-list">
      {rows
        .filter((row) => row !== undefined)
        .map((row) => (
          <div class="summary-row">
            <dt>{row.key}</dt>
            <dd>{row.value}</dd>
            {row.action === undefined ? null : <dd class="summary-action">{row.action}</dd>}
          </div>
        ))}
    </dl>
  );
}

interface PagingProps {
  /** What is paged, for screen readers: `Pages of uploads`. */
  readonly label: string;
  readonly previous?: string | undefined;
  /** When the way back leads elsewhere: `First page`. */
  readonly previousText?: string;
  readonly next?: string | undefined;
  /** `Entries 1 to 50 of 1,234` */
  readonly position?: string | undefined;
}

export function Pagination({ label, previous, previousText = 'Previous page', next, position }: PagingProps): JSX.Element | null {
  if (previous === undefined && next === undefined) return position === undefined ? null : <p class="paging-position">{position}</p>;
  return (
    <nav class="pagination" aria-label={label}>
      {previous === undefined ? null : (
        <a href={previous} rel="prev">
          <span aria-hidden="true">← </span>
          {previousText}
        </a>
      )}
      {position === undefined ? null : <span class="paging-position">{position}</span>}
      {next === undefined ? null : (
        <a href={next} rel="next">
          Next page<span aria-hidden="true"> →</span>
        </a>
      )}
    </nav>
  );
}
