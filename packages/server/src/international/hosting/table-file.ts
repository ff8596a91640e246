/** What text files of ranges have in common: lines with numbers, values that many ranges share, and the tables at the end. */
import type { Address, AddressRange } from './address-rules.ts';
import type { Located } from './country-rules.ts';
import { createRangeBuilder, RangeFault, type RangeBuilder } from './range-table.ts';

/** A file that is not used; its message says where and why. */
export class FileFault extends Error {
  override readonly name = 'FileFault';
}

export interface Tables {
  readonly entries: number;
  readonly bytes: number;
  locate(address: Address): Located | undefined;
  locateAsn(asn: number): Located | undefined;
}

export interface TablesBuilder {
  /** @param value null: nothing is known, the range is left out @param line for messages */
  add(range: AddressRange, value: Located | null, line: number): void;
  addAsns(first: number, last: number, value: Located): void;
  /** @throws {FileFault} */
  build(): Tables;
}

const ENTRIES_MAX = 8_000_000;
const LINE_BYTES_MAX = 4096;
/** Lines between two breaths, so that requests go on meanwhile. */
const SLICE = 1_000;

/** @throws {FileFault} for a line that is too long, and what `handle` throws */
export async function readLines(bytes: Buffer, breathe: () => Promise<void>, handle: (line: string, number: number) => void): Promise<void> {
  let at = bytes.subarray(0, 3).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
  for (let number = 1; at < bytes.length; number++) {
    const found = bytes.indexOf(10, at);
    const end = found < 0 ? bytes.length : found;
    if (end - at > LINE_BYTES_MAX) throw new FileFault(`line ${number}: longer than ${LINE_BYTES_MAX} bytes`);
    handle(bytes.toString('utf8', at, end).trim(), number);
    at = end + 1;
    if (number % SLICE === 0) await breathe();
  }
}

export function createTables(): TablesBuilder {
  const builders = { ipv4: createRangeBuilder(1), ipv6: createRangeBuilder(4), asn: createRangeBuilder(1) };
  const values: Located[] = [];
  const numbers = new Map<string, number>();
  const toNumber = (value: Located): number => {
    const key = `${value.country} ${value.asn} ${value.network}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, values.length);
    values.push(value);
    return values.length - 1;
  };
  const count = (): number => builders.ipv4.size + builders.ipv6.size + builders.asn.size;
  return {
    add({ first, last }, value, line) {
      if (value === null) return;
      if (count() >= ENTRIES_MAX) throw new FileFault(`more than ${ENTRIES_MAX} ranges`);
      addTo(first.family === 4 ? builders.ipv4 : builders.ipv6, { first: first.words, last: last.words, value: toNumber(value), line });
    },
    addAsns: (first, last, value) => builders.asn.add(Uint32Array.of(first), Uint32Array.of(last), toNumber(value)),
    build() {
      const entries = count();
      const [ipv4, ipv6, asn] = [builders.ipv4, builders.ipv6, builders.asn].map(buildOrRefuse);
      return {
        entries,
        bytes: [ipv4, ipv6, asn].reduce((sum, table) => sum + (table?.bytes ?? 0), 0),
        locate: ({ family, words }) => values[(family === 4 ? ipv4 : ipv6)?.find(words) ?? -1],
        locateAsn: (number) => values[asn?.find(Uint32Array.of(number)) ?? -1],
      };
    },
  };
}

interface Row {
  readonly first: Uint32Array;
  readonly last: Uint32Array;
  readonly value: number;
  readonly line: number;
}

function addTo(builder: RangeBuilder, { first, last, value, line }: Row): void {
  try {
    builder.add(first, last, value);
  } catch (error) {
    throw error instanceof RangeFault ? new FileFault(`line ${line}: ${error.message}`) : error;
  }
}

function buildOrRefuse(builder: RangeBuilder): ReturnType<RangeBuilder['build']> {
  try {
    return builder.build();
  } catch (error) {
    throw error instanceof RangeFault ? new FileFault(error.message) : error;
  }
}
