/** A table of recommendations, read by a mapping. Every row is whole or a fault with its line; no word is guessed. */
import { parseCsv, type CsvTableRow } from '../../platform/csv-rules.ts';
import { ChangeSchema, type ProposedPart, type Source } from '../model/schema.ts';
import type { Mapping, TableField } from './schema.ts';

export interface ReadParts {
  readonly register: string | null;
  readonly parts: readonly ProposedPart[];
  readonly faults: readonly { readonly at: string; readonly message: string }[];
}

/** @throws {GatehouseError} `invalid_request` when the text is no table */
export function readTable(text: string, mapping: Mapping): ReadParts {
  const { columns, rows, faults: broken } = parseCsv(text);
  const faults = broken.map((message) => ({ at: 'table', message }));
  for (const [field, column] of Object.entries(mapping.columns))
    if (!columns.includes(column)) faults.push({ at: 'mapping', message: `The table has no column “${column}” (${field}).` });
  for (const field of ['number', 'title', 'text', 'addressees'] as const)
    if (mapping.columns[field] === undefined && mapping.constants[field] === undefined)
      faults.push({ at: 'mapping', message: `The mapping names no column for ${field}, and no constant.` });
  const parts: ProposedPart[] = [{ ref: 'register', change: { kind: 'register', body: mapping.register } }];
  if (faults.some(({ at }) => at === 'mapping')) return { register: mapping.register.id, parts, faults };
  for (const row of rows) {
    const read = readRow(row, mapping);
    parts.push(...read.parts);
    faults.push(...read.faults.map((message) => ({ at: `line ${row.line}`, message })));
  }
  return { register: mapping.register.id, parts, faults };
}

interface ReadRow {
  readonly parts: readonly ProposedPart[];
  readonly faults: readonly string[];
}

function readRow(row: CsvTableRow, mapping: Mapping): ReadRow {
  const cell = (field: TableField): string => {
    const column = mapping.columns[field];
    const value = column === undefined ? '' : (row.cells[column] ?? '');
    return value === '' ? (mapping.constants[field] ?? '') : value;
  };
  const faults: string[] = [];
  const parts: ProposedPart[] = [];
  const take = (name: string, change: unknown): void => {
    const parsed = ChangeSchema.safeParse(change);
    if (parsed.success) parts.push({ ref: `line ${row.line}${name}`, change: parsed.data });
    else faults.push(...parsed.error.issues.map(({ path, message }) => `${path.filter((one) => one !== 'body').join('.') || 'row'}: ${message}`));
  };
  const list = (field: TableField): string[] =>
    cell(field)
      .split(mapping.separator)
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const recommendation = `${mapping.register.id}/${cell('number')}`;
  take('', {
    kind: 'recommendation',
    body: {
      register: mapping.register.id,
      number: cell('number'),
      title: cell('title'),
      text: cell('text'),
      isVerbatim: mapping.isVerbatim,
      addressees: list('addressees'),
      themes: list('themes').map(toSlug),
      gatehouse: null,
      relatedTo: list('relatedTo'),
    },
  });
  const reader = { cell, mapping, recommendation, faults };
  const response = readResponse(reader);
  if (response !== undefined) take(' response', response);
  const status = readStatus(reader);
  if (status !== undefined) take(' status', status);
  return { parts, faults };
}

interface RowReader {
  readonly cell: (field: TableField) => string;
  readonly mapping: Mapping;
  readonly recommendation: string;
  readonly faults: string[];
}

/** For the schema of changes to judge. */
type Candidate = Readonly<Record<string, unknown>>;

function readResponse({ cell, mapping, recommendation, faults }: RowReader): Candidate | undefined {
  const word = cell('responseClass');
  const text = cell('responseText');
  if (word === '' && text === '') return undefined;
  const kind = word === '' ? 'not_classified' : findWord(mapping.values.responseClass, word);
  if (kind === undefined) faults.push(`The word “${word}” is not among the values of responseClass in the mapping.`);
  return {
    kind: 'response',
    recommendation,
    body: {
      by: cell('responseBy') || mapping.constants.addressees || cell('addressees'),
      date: readDate(cell('responseDate'), mapping),
      class: kind ?? 'not_classified',
      classAsPublished: word === '' ? null : word,
      text: text === '' ? word : text,
      source: toSource(cell('responseUrl'), mapping),
    },
  };
}

function readStatus({ cell, mapping, recommendation, faults }: RowReader): Candidate | undefined {
  const word = cell('status');
  if (word === '') return undefined;
  const status = findWord(mapping.values.status, word);
  if (status === undefined) faults.push(`The word “${word}” is not among the values of status in the mapping.`);
  return {
    kind: 'status',
    recommendation,
    body: {
      by: mapping.statusBy,
      claimant: cell('statusClaimant') || mapping.register.publisher,
      status: status ?? 'not_started',
      asOf: readDate(cell('statusAsOf'), mapping),
      text: cell('statusText') || `“${word}”, in the table of the publisher.`,
      basis: [],
    },
  };
}

/** Without regard to case and space. */
function findWord<Value extends string>(words: Readonly<Record<string, Value>>, word: string): Value | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim();
  return Object.entries(words).find(([given]) => plain(given) === plain(word))?.[1];
}

/** What is no date stays as it is, for the schema to refuse. */
function readDate(text: string, { dates }: Mapping): string {
  const parts = dates === 'day/month/year' ? /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text) : null;
  if (parts === null) return text;
  const [, day = '', month = '', year = ''] = parts;
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}

/** The document of a row, or that of the register. */
function toSource(url: string, { register }: Mapping): Source {
  return url === '' ? register.source : { ...register.source, url, sha256: null, archivedUrl: null, quote: null };
}

function toSlug(text: string): string {
  return text
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
}
