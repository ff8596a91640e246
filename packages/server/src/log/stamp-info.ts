/** What a time-stamping authority is asked, and what its stamp says (RFC 3161, sections 2.4.1 and 2.4.2). Reading believes nothing yet. */
import { readItems, readSequence, type DerItem } from '@gatehouse/credential';
import { boolean, integer, octetString, oid, sequence } from '../platform/der.ts';
import { end, open, readAlgorithm, readName, TAG, take } from './stamp-der.ts';
import { StampFault } from './stamp-schema.ts';

const SHA256_OID = '2.16.840.1.101.3.4.2.1';
const NULL = Buffer.from([0x05, 0x00]);

export interface StampRequest {
  /** SHA-256 of what is to be stamped. */
  readonly digest: Uint8Array;
  /** A positive number, its first byte from 1 to 127. */
  readonly nonce: Uint8Array;
  readonly policy?: string | undefined;
}

/** TimeStampReq, version 1, with the certificates of the signer asked for. */
export function encodeStampRequest({ digest, nonce, policy }: StampRequest): Buffer {
  const imprint = sequence(sequence(oid(SHA256_OID), NULL), octetString(digest));
  return sequence(integer(Uint8Array.of(1)), imprint, ...(policy === undefined ? [] : [oid(policy)]), integer(nonce), boolean(true));
}

/** The token of a TimeStampResp. @throws {StampFault} `rejected` unless it was granted */
export function readStampResponse(response: Uint8Array): Uint8Array {
  const [info, token, ...rest] = readSequence(response);
  end(rest);
  const [status] = open(info, TAG.sequence);
  // granted, grantedWithMods: what was changed is checked like everything else.
  if (!['00', '01'].includes(Buffer.from(take(status, TAG.integer).content).toString('hex'))) throw new StampFault('rejected');
  return take(token, TAG.sequence).raw;
}

export interface StampInfo {
  readonly policy: string;
  /** Of SHA-256. */
  readonly digest: Uint8Array;
  /** Hexadecimal. */
  readonly serial: string;
  readonly at: Date;
  readonly nonce: Uint8Array | undefined;
}

/** TSTInfo, version 1. @throws {StampFault} `malformed`, `algorithm` */
export function readStampInfo(der: Uint8Array): StampInfo {
  const [version, policy, imprint, serial, time, ...optional] = readSequence(der);
  if (Buffer.from(take(version, TAG.integer).content).toString('hex') !== '01') throw new StampFault('malformed');
  const extensions = readOptional(optional, TAG.one);
  // An extension that must be understood, and is not.
  if (extensions !== undefined && open(extensions, TAG.one).some(isCritical)) throw new StampFault('algorithm');
  return {
    policy: readName(policy),
    digest: readImprint(imprint),
    serial: Buffer.from(take(serial, TAG.integer).content).toString('hex'),
    at: readTime(take(time, TAG.time).content),
    nonce: readOptional(optional, TAG.integer)?.content,
  };
}

/** Accuracy, ordering, nonce, name, extensions: each at most once, in this order. */
const ORDER: readonly number[] = [TAG.sequence, TAG.boolean, TAG.integer, TAG.zero, TAG.one];

function readOptional(items: readonly DerItem[], wanted: number): DerItem | undefined {
  const places = items.map(({ tag }) => ORDER.indexOf(tag));
  if (places.some((place, i) => place < 0 || place <= (places[i - 1] ?? -1))) throw new StampFault('malformed');
  return items.find(({ tag }) => tag === wanted);
}

function isCritical({ content }: DerItem): boolean {
  return readItems(content).some(({ tag, content: flag }) => tag === TAG.boolean && flag[0] !== 0);
}

function readImprint(imprint: DerItem | undefined): Uint8Array {
  const [algorithm, digest, ...rest] = open(imprint, TAG.sequence);
  end(rest);
  if (readAlgorithm(algorithm) !== SHA256_OID) throw new StampFault('algorithm');
  return take(digest, TAG.octets).content;
}

/** GeneralizedTime in UTC, perhaps with a fraction of a second. */
function readTime(content: Uint8Array): Date {
  const text = Buffer.from(content).toString('latin1');
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(text);
  if (parts === null) throw new StampFault('malformed');
  const [, year, month, day, hour, minute, second, fraction = ''] = parts;
  const at = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`);
  if (Number.isNaN(at.getTime())) throw new StampFault('malformed');
  return at;
}
