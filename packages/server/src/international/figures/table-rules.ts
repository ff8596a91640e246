/** Rows of the table of countries, and their order. */
import type { FigureGroup, FigureTable } from './schema.ts';
import { UNKNOWN } from './figure-rules.ts';
import type { LayerView } from './layer-rules.ts';

export const SORTS = ['country', 'reports', 'share', 'removed', 'other', 'open', 'followed', 'median', 'p90', 'layer'] as const;
export type Sort = (typeof SORTS)[number];
export const ORDERS = ['asc', 'desc'] as const;
export type Order = (typeof ORDERS)[number];

export interface CountryRow {
  readonly code: string;
  readonly name: string;
  /** Undefined: too few reports to be shown, or none. */
  readonly group: FigureGroup | undefined;
  readonly mark: { readonly text: string; readonly order: number } | undefined;
}

export interface RowOptions {
  readonly view: LayerView;
  readonly nameOf: (country: string) => string;
  readonly sort: Sort;
  readonly order: Order;
}

/** Countries with figures, and with a layer about something else those that it says something of. */
export function listRows({ groups }: FigureTable, { view, nameOf, sort, order }: RowOptions): CountryRow[] {
  const shown = new Map(groups.map((group) => [group.key, group]));
  const codes = new Set([...shown.keys(), ...(view.isOwn ? [] : view.marks.keys())]);
  const rows = [...codes].map((code): CountryRow => ({
    code,
    name: code === UNKNOWN ? 'Not known' : nameOf(code),
    group: shown.get(code),
    mark: view.marks.get(code),
  }));
  return sortRows(rows, { sort, order });
}

/** What has no value stands last in both directions: it is neither the most nor the least. */
function sortRows(rows: readonly CountryRow[], { sort, order }: { readonly sort: Sort; readonly order: Order }): CountryRow[] {
  const sign = order === 'asc' ? 1 : -1;
  const byName = (a: CountryRow, b: CountryRow): number => a.name.localeCompare(b.name, 'en-GB') || (a.code < b.code ? -1 : 1);
  return rows.toSorted((a, b) => {
    if (sort === 'country') return sign * byName(a, b);
    const [left, right] = [valueOf(a, sort), valueOf(b, sort)];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || byName(a, b);
    return sign * (left - right) || byName(a, b);
  });
}

function valueOf({ group, mark }: CountryRow, sort: Exclude<Sort, 'country'>): number | null {
  if (sort === 'layer') return mark?.order ?? null;
  if (group === undefined) return null;
  const values = {
    reports: group.reports,
    share: group.share,
    removed: group.removed,
    other: endedOtherwise(group),
    open: group.open,
    followed: group.followed,
    median: group.medianHours,
    p90: group.p90Hours,
  };
  return values[sort];
}

/** Closed with another outcome: no answer, moved, not illegal, withdrawn. */
export function endedOtherwise({ closed, removed }: FigureGroup): number | null {
  return closed === null || removed === null ? null : closed - removed;
}

const COLUMNS = ['group', 'reports', 'share', 'removed', 'closed', 'open', 'followed', 'median_hours', 'p90_hours', 'is_withheld'] as const;

/** RFC 4180. Cells are numbers, codes of countries and words of ours; names of networks are somebody else's, and a quote goes before what a spreadsheet would calculate. */
export function formatFigures(table: FigureTable): string {
  const rows = [...table.groups, table.overall].map((group) => [
    group.key,
    group.reports,
    group.share,
    group.removed,
    group.closed,
    group.open,
    group.followed,
    group.medianHours,
    group.p90Hours,
    group.isWithheld,
  ]);
  const others = table.others === null ? [] : [['others', table.others.reports, ...Array<null>(7).fill(null), true]];
  return [COLUMNS, ...rows.slice(0, -1), ...others, ...rows.slice(-1)].map((cells) => `${cells.map(formatCell).join(',')}\r\n`).join('');
}

function formatCell(cell: string | number | boolean | null): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = /^[\s=+\-@|%]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
