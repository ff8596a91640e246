/** Tables as RFC 4180 writes them, with one thing more: no cell can be taken for a formula by the program that opens the file. */

export type CsvCell = string | number | boolean | null;

/** What a spreadsheet calculates (OWASP, CSV injection), also behind space that it passes over; a tab and a line end begin a new cell for some. */
const FORMULA = /^[\s\p{Cf}]*[=+\-@|%\t\r\uFF1D\uFF0B\uFF0D\uFF20]/u;
const NUL = /\0/g;
const HALVES = /\p{Surrogate}/gu;

/** A line for the names, then one for each row; CRLF. @param columns in order */
export function formatCsv(columns: readonly string[], rows: readonly Readonly<Record<string, CsvCell>>[]): string {
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))];
  return lines.map((cells) => `${cells.map(formatCell).join(',')}\r\n`).join('');
}

/** Numbers are ours and stay numbers, negative ones too; text that looks like a formula gets an apostrophe before it. */
function formatCell(cell: CsvCell): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const text = cell.replace(NUL, '').replace(HALVES, '\uFFFD');
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
