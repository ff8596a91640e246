/**
 * Header, 16 bytes: "GHSG", version 1, kind, bytes of a record, 0, number of records (u32 LE), 0 (u32). Then the records:
 * entries: value and entry number (u32 LE), sorted by value, each value once; withdrawn, restored: entry numbers, ascending;
 * inactive: entry number and flags (one byte), ascending.
 */
import { writeNumber } from './digest-records.ts';
import type { SegmentKind } from './store.ts';

export const HEADER_BYTES = 16;
const MAGIC = Buffer.from('GHSG');
const FORMAT_VERSION = 1;
const KINDS: readonly SegmentKind[] = ['entries', 'withdrawn', 'restored', 'inactive'];
const COUNT_AT = 8;

export interface SegmentHeader {
  readonly kind: SegmentKind;
  readonly recordBytes: number;
  readonly count: number;
}

export function encodeHeader({ kind, recordBytes, count }: SegmentHeader): Uint8Array {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header[4] = FORMAT_VERSION;
  header[5] = KINDS.indexOf(kind);
  header[6] = recordBytes;
  writeNumber(header, COUNT_AT, count);
  return header;
}

export function isHeaderOf(bytes: Uint8Array, header: SegmentHeader): boolean {
  return Buffer.compare(encodeHeader(header), bytes.subarray(0, HEADER_BYTES)) === 0;
}
