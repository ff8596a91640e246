/** Walking through the DER of time stamps: each step says what must be there. */
import { readItems, readOid, type DerItem } from '@gatehouse/credential';
import { StampFault } from './stamp-schema.ts';

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[0]` and `[1]`, constructed. */
  zero: 0xa0,
  one: 0xa1,
} as const;

/** @throws {StampFault} `malformed` unless it is there and has the tag */
export function take(item: DerItem | undefined, tag: number): DerItem {
  if (item?.tag !== tag) throw new StampFault('malformed');
  return item;
}

/** The items inside it. @throws {StampFault} `malformed` */
export function open(item: DerItem | undefined, tag: number): DerItem[] {
  return readItems(take(item, tag).content);
}

/** The one item inside it, or the one that is left. @throws {StampFault} `malformed` when there are none or more */
export function single(items: readonly DerItem[], tag: number): DerItem {
  if (items.length !== 1) throw new StampFault('malformed');
  return take(items[0], tag);
}

/** An object identifier. @throws {StampFault} `malformed` */
export function readName(item: DerItem | undefined): string {
  return readOid(take(item, TAG.oid).content);
}

/** The name of an AlgorithmIdentifier. @throws {StampFault} `malformed` */
export function readAlgorithm(item: DerItem | undefined): string {
  return readName(open(item, TAG.sequence)[0]);
}

/** @throws {StampFault} `malformed` when more follows */
export function end(rest: readonly DerItem[]): void {
  if (rest.length > 0) throw new StampFault('malformed');
}
