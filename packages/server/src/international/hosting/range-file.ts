/**
 * Range files: CSV with `start,end,country`, `prefix,country` (also RFC 8805, geofeed) or `…,number of the network,name`, with or without a line of headings.
 * One wrong line refuses the file: half a dataset would give wrong countries without anybody seeing it.
 */
import { parseAddress, parsePrefix, type AddressRange } from './address-rules.ts';
import { toAsn, toCountry, toNetworkName, type Located } from './country-rules.ts';
import { createTables, readLines, FileFault, type Tables } from './table-file.ts';

interface Columns {
  readonly start: number;
  /** Undefined: `start` is a prefix. */
  readonly end: number | undefined;
  readonly country: number | undefined;
  readonly asn: number | undefined;
  readonly network: number | undefined;
}

const HEADINGS: Readonly<Record<keyof Columns, readonly string[]>> = {
  start: ['start', 'start_ip', 'ip_range_start', 'network', 'prefix', 'cidr'],
  end: ['end', 'end_ip', 'ip_range_end'],
  country: ['country_code', 'country'],
  asn: ['asn', 'autonomous_system_number'],
  network: ['as_name', 'autonomous_system_organization'],
};

/** @throws {FileFault} with the number of the line */
export async function readRangeFile(bytes: Buffer, breathe: () => Promise<void>): Promise<Tables> {
  const builder = createTables();
  let columns: Columns | undefined;
  await readLines(bytes, breathe, (line, number) => {
    if (line === '' || line.startsWith('#')) return;
    const cells = splitCells(line);
    if (columns === undefined) {
      columns = readHeadings(cells);
      if (columns !== undefined) return;
      columns = guessColumns(cells);
      if (columns === undefined) throw new FileFault(`line ${number}: neither a range nor headings`);
    }
    const range = readRange(cells, columns);
    if (range === undefined) throw new FileFault(`line ${number}: not a range of addresses`);
    const value = toValue(cells, columns);
    if (value === undefined) throw new FileFault(`line ${number}: neither a country nor the number of a network`);
    builder.add(range, value, number);
  });
  return builder.build();
}

/** Quotes as in RFC 4180; a comma inside of them divides nothing. */
function splitCells(line: string): string[] {
  if (!line.includes('"')) return line.split(',').map((cell) => cell.trim());
  return [...line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain ?? '').trim());
}

function readHeadings(cells: readonly string[]): Columns | undefined {
  const names = cells.map((cell) => cell.toLowerCase().replaceAll(' ', '_'));
  const find = (key: keyof Columns): number | undefined => {
    const known = HEADINGS[key].map((name) => names.indexOf(name)).find((index) => index >= 0);
    return known;
  };
  const start = find('start');
  return start === undefined ? undefined : { start, end: find('end'), country: find('country'), asn: find('asn'), network: find('network') };
}

function guessColumns(cells: readonly string[]): Columns | undefined {
  const isPrefix = cells[0]?.includes('/') === true;
  if (!isPrefix && parseAddress(cells[1] ?? '') === undefined) return undefined;
  const next = isPrefix ? 1 : 2;
  const isNumber = /^(AS)?\d+$/i.test(cells[next] ?? '');
  return {
    start: 0,
    end: isPrefix ? undefined : 1,
    country: isNumber ? undefined : next,
    asn: isNumber ? next : undefined,
    network: isNumber ? next + 1 : undefined,
  };
}

function readRange(cells: readonly string[], { start, end }: Columns): AddressRange | undefined {
  const from = cells[start] ?? '';
  if (end === undefined) return from.includes('/') ? parsePrefix(from) : asRange(from, from);
  return asRange(from, cells[end] ?? '');
}

function asRange(from: string, to: string): AddressRange | undefined {
  const [first, last] = [parseAddress(from), parseAddress(to)];
  return first === undefined || last === undefined || first.family !== last.family ? undefined : { first, last };
}

/** @returns undefined when a cell holds something else than its column: a file that was cut off ends so */
function toValue(cells: readonly string[], { country, asn, network }: Columns): Located | null | undefined {
  const read = (column: number | undefined): string => (column === undefined ? '' : (cells[column] ?? ''));
  if (!/^([A-Z]{2}|-?)$/i.test(read(country)) || !/^((AS)?\d{1,10}|-?)$/i.test(read(asn))) return undefined;
  const value = { country: toCountry(read(country)), asn: toAsn(read(asn)), network: toNetworkName(read(network)), isAnycast: false };
  return value.country === null && value.asn === null ? null : value;
}
