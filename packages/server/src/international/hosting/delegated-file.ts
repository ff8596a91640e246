/**
 * Statistics of the registries on what they gave out (NRO, "RIR Statistics Exchange Format", version 2 and the extended one): the country of the holder, which
 * is not where the machines are. It is shown beside the others, and counts only where no dataset knows a place.
 */
import { parseAddress, rangeOfPrefix, type Address, type AddressRange } from './address-rules.ts';
import { toAsn, toCountry, type Located } from './country-rules.ts';
import { createTables, FileFault, readLines, type Tables, type TablesBuilder } from './table-file.ts';

export interface DelegatedFile {
  readonly tables: Tables;
  /** Last day that the file is about. */
  readonly date: string | null;
}

const VERSION_LINE = /^2(\.\d+)?\|[a-z]+\|/;

export function isDelegated(start: string): boolean {
  return VERSION_LINE.test(start.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '');
}

/** @throws {FileFault} with the number of the line */
export async function readDelegatedFile(bytes: Buffer, breathe: () => Promise<void>): Promise<DelegatedFile> {
  const builder = createTables();
  let date: string | null = null;
  await readLines(bytes, breathe, (line, number) => {
    if (line === '' || line.startsWith('#')) return;
    const cells = line.split('|');
    if (VERSION_LINE.test(line)) date = toDate(cells[5] ?? '');
    else if (cells[5] !== 'summary') addRecord(builder, cells, number);
  });
  return { tables: builder.build(), date };
}

function toDate(text: string): string | null {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text);
  return match === null ? null : `${match[1]}-${match[2]}-${match[3]}`;
}

/** `registry|cc|type|start|value|date|status|…`; what is free or reserved has no holder. */
function addRecord(builder: TablesBuilder, cells: readonly string[], line: number): void {
  const [, cc, type, start = '', value = '', , status = ''] = cells;
  if (cells.length < 7 || !/^\d{1,10}$/.test(value)) throw new FileFault(`line ${line}: not a record of a registry`);
  const country = toCountry(cc);
  if (country === null || !/^(allocated|assigned)$/.test(status)) return;
  const located: Located = { country, asn: null, network: null, isAnycast: false };
  if (type === 'asn') addAsns(builder, { start, count: Number(value), located, line });
  else builder.add(readRange(start, { type: type ?? '', value: Number(value), line }), located, line);
}

function addAsns(
  builder: TablesBuilder,
  { start, count, located, line }: { readonly start: string; readonly count: number; readonly located: Located; readonly line: number },
): void {
  const first = toAsn(start);
  const last = first === null ? null : toAsn(first + count - 1);
  if (first === null || last === null || count < 1) throw new FileFault(`line ${line}: not numbers of networks`);
  builder.addAsns(first, last, located);
}

function readRange(start: string, { type, value, line }: { readonly type: string; readonly value: number; readonly line: number }): AddressRange {
  const first = parseAddress(start);
  const range = first === undefined ? undefined : type === 'ipv4' && first.family === 4 ? countFrom(first, value) : rangeOfType(first, type, value);
  if (range === undefined) throw new FileFault(`line ${line}: not a range of addresses`);
  return range;
}

/** IPv4 records give a number of addresses, which need not be a power of two. */
function countFrom(first: Address, count: number): AddressRange | undefined {
  const last = (first.words[0] ?? 0) + count - 1;
  return count < 1 || last > 0xffffffff ? undefined : { first, last: { family: 4, words: Uint32Array.of(last) } };
}

/** IPv6 records give the length of the prefix. */
function rangeOfType(first: Address, type: string, bits: number): AddressRange | undefined {
  return type === 'ipv6' && first.family === 6 ? rangeOfPrefix(first, bits) : undefined;
}
