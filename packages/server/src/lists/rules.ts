/** What list files may say and how it is understood. Pure: no time, no randomness, no I/O. */
import { SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from './schema.ts';

/** What a column of a CSV file can be. A column named after a signal type holds values of that type. */
export const COLUMN_ROLES = ['value', 'type', 'reference', ...SIGNAL_TYPES] as const;
export type ColumnRole = (typeof COLUMN_ROLES)[number];

/** Which column (1, 2, … or its name in the header) has which role. */
export type ColumnMap = Readonly<Partial<Record<ColumnRole, number | string>>>;

/** Header words with everything but letters and digits taken out: `Hash_Value` -> `hashvalue`. */
const HEADER_WORDS: Readonly<Record<ColumnRole, readonly string[]>> = {
  value: ['value', 'hash', 'hashvalue', 'signal', 'signalvalue', 'fingerprint', 'digest', 'contenthash'],
  type: ['type', 'signaltype', 'hashtype', 'algorithm', 'hashalgorithm', 'kind'],
  reference: ['reference', 'ref', 'id', 'entryid', 'externalid', 'sourceid', 'recordid', 'mediaid', 'uuid', 'guid'],
  pdq: ['pdq', 'pdqhash', 'hashpdq', 'imagepdq'],
  md5: ['md5', 'md5hash', 'hashmd5', 'videomd5', 'md5sum'],
  sha1: ['sha1', 'sha1hash', 'hashsha1', 'sha1sum'],
  sha256: ['sha256', 'sha256hash', 'hashsha256', 'sha256sum'],
};

const TYPE_WORDS: Readonly<Record<string, SignalType>> = {
  pdq: 'pdq',
  imagepdq: 'pdq',
  md5: 'md5',
  videomd5: 'md5',
  imagemd5: 'md5',
  sha1: 'sha1',
  videosha1: 'sha1',
  imagesha1: 'sha1',
  sha256: 'sha256',
};

function normalise(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** `PDQ`, `sha-256`, `video_md5` -> the signal type; undefined for anything else. */
export function readTypeWord(word: string): SignalType | undefined {
  return Object.hasOwn(TYPE_WORDS, normalise(word)) ? TYPE_WORDS[normalise(word)] : undefined;
}

export function readHeaderWord(word: string): ColumnRole | undefined {
  const found = normalise(word);
  return COLUMN_ROLES.find((role) => HEADER_WORDS[role].includes(found));
}

/** A known word, and no hash: the `md5` of a row of values is not a header. */
function isHeaderRow(cells: readonly string[]): boolean {
  return cells.some((cell) => readHeaderWord(cell) !== undefined) && !cells.some(looksLikeHash);
}

function looksLikeHash(cell: string): boolean {
  return /^[0-9a-f]+$/i.test(cell.trim()) && guessType(cell.trim().length) !== undefined;
}

/** 0-based columns by role; -1 where there is none. */
export type Columns = Readonly<Record<ColumnRole, number>>;

export type ColumnsResult = { readonly ok: true; readonly columns: Columns; readonly isHeader: boolean } | { readonly ok: false; readonly problem: string };

/** Finds the columns from the first row of a file, which may or may not be a header. */
export function resolveColumns(firstRow: readonly string[], map: ColumnMap | undefined): ColumnsResult {
  const columns: Record<ColumnRole, number> = { value: -1, type: -1, reference: -1, pdq: -1, md5: -1, sha1: -1, sha256: -1 };
  if (map !== undefined && Object.keys(map).length > 0) return resolveMap(firstRow, map, columns);
  if (!isHeaderRow(firstRow)) return guessColumns(firstRow, columns);
  const roles = firstRow.map(readHeaderWord);
  for (const [index, role] of roles.entries()) if (role !== undefined && columns[role] === -1) columns[role] = index;
  return finish(columns, true);
}

function resolveMap(firstRow: readonly string[], map: ColumnMap, columns: Record<ColumnRole, number>): ColumnsResult {
  let isHeader = false;
  for (const role of COLUMN_ROLES) {
    const wanted = map[role];
    if (wanted === undefined) continue;
    if (typeof wanted === 'number') {
      columns[role] = wanted - 1;
      continue;
    }
    isHeader = true;
    columns[role] = firstRow.findIndex((cell) => normalise(cell) === normalise(wanted));
    if (columns[role] === -1)
      return { ok: false, problem: `The map names a column "${wanted}" that the first line does not have. Columns may also be given by number, from 1.` };
  }
  // With numbers only, the first line tells by itself whether it is a header.
  isHeader ||= isHeaderRow(COLUMN_ROLES.map((role) => firstRow[columns[role]] ?? ''));
  return finish(columns, isHeader);
}

/** No header: a cell with as many hexadecimal digits as a digest is the value, a type's name is the type, one other cell is the reference. */
function guessColumns(firstRow: readonly string[], columns: Record<ColumnRole, number>): ColumnsResult {
  const rest: number[] = [];
  for (const [index, cell] of firstRow.entries()) {
    const text = cell.trim();
    if (columns.value === -1 && looksLikeHash(text)) columns.value = index;
    else if (columns.type === -1 && readTypeWord(text) !== undefined) columns.type = index;
    else rest.push(index);
  }
  if (rest.length === 1) columns.reference = rest[0] ?? -1;
  return finish(columns, false);
}

function finish(columns: Columns, isHeader: boolean): ColumnsResult {
  if (columns.value === -1 && SIGNAL_TYPES.every((type) => columns[type] === -1)) {
    return { ok: false, problem: 'No column with hashes was found in the first line. Say which one it is with a map, such as value=2,type=1 or pdq=Hash.' };
  }
  return { ok: true, columns, isHeader };
}

/** By the number of hexadecimal digits; 64 can be PDQ or SHA-256. */
export function guessType(digits: number): SignalType | 'ambiguous' | undefined {
  if (digits === 32) return 'md5';
  if (digits === 40) return 'sha1';
  return digits === 64 ? 'ambiguous' : undefined;
}

/** `value=2,type=1` or `pdq=Hash` as a map; undefined when it cannot be read. */
export function parseColumnMap(text: string): ColumnMap | undefined {
  const map: Partial<Record<ColumnRole, number | string>> = {};
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const role = COLUMN_ROLES.find((known) => known === part.slice(0, at).trim().toLowerCase());
    const column = part.slice(at + 1).trim();
    if (at === -1 || role === undefined || column === '' || column === '0') return undefined;
    map[role] = /^\d{1,4}$/.test(column) ? Number(column) : column;
  }
  return map;
}

/** Digests of nothing: as an entry they would match every empty file. */
const DIGESTS_OF_NOTHING: ReadonlySet<string> = new Set([
  'd41d8cd98f00b204e9800998ecf8427e',
  'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
]);
/** A PDQ hash of a picture has 128 ones (the threshold is the median, section 3 rule 8); flat pictures and fillers are far from it. */
const ONES_MIN = 64;
const ONES_MAX = 192;

/** Values that are well formed and yet cannot be what was meant: fillers, flat pictures, digests of nothing. They are kept and counted. */
export function isSuspicious(type: SignalType, value: Uint8Array): boolean {
  let ones = 0;
  for (const byte of value) ones += popcount(byte);
  if (type === 'pdq') return ones < ONES_MIN || ones > ONES_MAX;
  if (ones === 0 || ones === value.length * 8) return true;
  const first = value[0];
  return (first === 0xd4 || first === 0xda || first === 0xe3) && DIGESTS_OF_NOTHING.has(toHex(value));
}

function popcount(byte: number): number {
  let rest = byte;
  let ones = 0;
  for (; rest !== 0; rest &= rest - 1) ones += 1;
  return ones;
}

export function toHex(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex');
}

/** A value given in full, as bytes; undefined unless it is hexadecimal and of the type's length. */
export function readValue(type: SignalType, text: string): Uint8Array | undefined {
  const digits = text.trim();
  return digits.length === SIGNAL_BYTES[type] * 2 && /^[0-9a-f]+$/i.test(digits) ? new Uint8Array(Buffer.from(digits, 'hex')) : undefined;
}

/** Enough to recognise a value that one already knows, too little to use it (promise 7): the first 4 of 32 to 64 digits. */
export function maskValue(value: Uint8Array): string {
  return `${toHex(value.subarray(0, 2))}…`;
}
