/** The bytes of a receipt, from Gatehouse: for services to whose server a page sends receipts and no bytes. */
import { fromBase64Url, parseJson, toRecord } from '../bytes.ts';
import { GatehouseClientError } from '../errors.ts';
import { fetchBytes, type Connection } from './gatehouse.ts';
import { RECEIPT_LENGTH_MAX, type ReceiptClaims, type ReceiptVerdict } from './receipts.ts';

export const UPLOAD_ID: RegExp = /^upl_[0-9a-z]{26}$/;

export type Released =
  | {
      readonly isValid: true;
      readonly claims: ReceiptClaims;
      readonly content: Uint8Array<ArrayBuffer>;
      /** What the bytes are, as Gatehouse found. */
      readonly mediaType: string;
    }
  | (ReceiptVerdict & { readonly isValid: false })
  /** Of a scan, or the upload is not released any more. */
  | { readonly isValid: false; readonly reason: 'no_content' };

export interface Fetching {
  readonly connection: Connection;
  readonly maxBytes: number;
  /** Signature and times, for the digest and size that the receipt itself names. */
  readonly check: (receipt: string, said: { readonly sha256: string; readonly size: number }) => Promise<ReceiptVerdict>;
  /** Whole, for the bytes that came. */
  readonly verify: (receipt: string, content: Uint8Array) => Promise<ReceiptVerdict>;
}

/** Nothing is fetched for what Gatehouse did not sign, and what was fetched counts only when the receipt is valid for exactly these bytes. @throws {GatehouseClientError} */
export async function fetchReleased({ connection, maxBytes, check, verify }: Fetching, receipt: string): Promise<Released> {
  const first = await check(receipt, readSaid(receipt));
  if (!first.isValid) return first;
  const { sub, size } = first.claims;
  if (size > maxBytes) throw new GatehouseClientError('too_large', `The receipt is for ${size} bytes.`);
  const fetched = UPLOAD_ID.test(sub) ? await fetchBytes(connection, `/v1/uploads/${sub}/content`, size) : undefined;
  if (fetched === undefined) return { isValid: false, reason: 'no_content' };
  const verdict = await verify(receipt, fetched.content);
  return verdict.isValid ? { ...verdict, ...fetched } : verdict;
}

/** Of a receipt that nobody has verified yet. */
function readSaid(receipt: unknown): { readonly sha256: string; readonly size: number } {
  const text = typeof receipt === 'string' && receipt.length <= RECEIPT_LENGTH_MAX ? receipt : '';
  const bytes = fromBase64Url(text.split('.')[1] ?? '');
  const { sha256, size } = { ...toRecord(parseJson(new TextDecoder().decode(bytes))) };
  return { sha256: typeof sha256 === 'string' ? sha256 : '', size: typeof size === 'number' ? size : -1 };
}
