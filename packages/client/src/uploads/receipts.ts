/** Receipts without Gatehouse: signature, times, digest, size, with the keys of `/.well-known/gatehouse-receipts.json`. */
import { toRecord } from '../bytes.ts';
import { openJws, readKeys, type JwsFault } from '../jws.ts';
import { readTimeS } from '../outside.ts';

const TYPE = 'gatehouse-receipt+jwt';
export const RECEIPT_LENGTH_MAX = 8192;
/** Clocks may differ by this much (RFC 7519, section 4.1.5). */
const LEEWAY_S = 60;
/** At the end of `iss` in stub mode. */
const STUB_ISSUER = '#stub';

export interface ReceiptClaims {
  readonly iss: string;
  /** The upload or scan that was cleared. */
  readonly sub: string;
  readonly jti: string;
  readonly sha256: string;
  readonly size: number;
  readonly iat: number;
  readonly exp: number;
}

export type ReceiptFault =
  | JwsFault
  | 'wrong_issuer'
  | 'not_yet_valid'
  | 'expired'
  | 'digest_differs'
  | 'size_differs'
  | 'empty'
  | 'revoked'
  | 'callback_differs'
  | 'stub';
export type ReceiptVerdict = { readonly isValid: true; readonly claims: ReceiptClaims } | { readonly isValid: false; readonly reason: ReceiptFault };

export interface ReceiptExpected {
  /** The key set as Gatehouse serves it. */
  readonly jwks: unknown;
  /** Of the bytes that are about to be published: measured by you, never taken from the sender. */
  readonly sha256: string;
  readonly size: number;
  /** `iss` must be exactly this. */
  readonly issuer?: string | undefined;
  /** For a Gatehouse in stub mode, in tests. */
  readonly acceptsStub?: boolean;
  /** Seconds since 1970. For tests. */
  readonly nowS?: number;
}

/** Cannot know of a revocation. Never throws for what the receipt is. @throws {GatehouseClientError} `result_invalid` when the key set is none */
export async function verifyReceipt(receipt: string, expected: ReceiptExpected): Promise<ReceiptVerdict> {
  // A form or JSON can have anything in this place.
  const given: unknown = receipt;
  if (typeof given !== 'string') return { isValid: false, reason: 'malformed' };
  const opened = await openJws(given, { type: TYPE, keys: readKeys(expected.jwks), lengthMax: RECEIPT_LENGTH_MAX });
  if (opened.kind === 'refused') return { isValid: false, reason: opened.reason };
  const claims = readClaims(opened.payload);
  if (claims === undefined) return { isValid: false, reason: 'malformed' };
  const reason = findFault(claims, toRecord(opened.payload)?.['stub'] === true, expected);
  return reason === undefined ? { isValid: true, claims } : { isValid: false, reason };
}

function readClaims(payload: unknown): ReceiptClaims | undefined {
  const { iss, sub, jti, sha256, size, iat, exp, verdict } = { ...toRecord(payload) };
  if (verdict !== 'clear' || typeof iss !== 'string' || typeof sub !== 'string' || typeof jti !== 'string') return undefined;
  if (typeof sha256 !== 'string' || typeof size !== 'number' || typeof iat !== 'number' || typeof exp !== 'number') return undefined;
  // Nothing is cleared that is empty, and a stream that was read before looks like it.
  if (size < 1) return undefined;
  return { iss, sub, jti, sha256, size, iat, exp };
}

function findFault(claims: ReceiptClaims, isMarked: boolean, expected: ReceiptExpected): ReceiptFault | undefined {
  const { nowS = readTimeS(), issuer = claims.iss, acceptsStub = false } = expected;
  const faults: readonly (readonly [ReceiptFault, boolean])[] = [
    ['stub', (isMarked || claims.iss.endsWith(STUB_ISSUER)) && !acceptsStub],
    ['wrong_issuer', claims.iss !== issuer],
    ['not_yet_valid', claims.iat > nowS + LEEWAY_S],
    ['expired', nowS >= claims.exp],
    ['digest_differs', claims.sha256 !== expected.sha256],
    ['size_differs', claims.size !== expected.size],
  ];
  return faults.find(([, isFound]) => isFound)?.[0];
}
