/** Compact JWS over Ed25519 (RFC 7515, RFC 8037): what Gatehouse signs with. */
import { fromBase64Url, parseJson, toBytes, toRecord, toText } from './bytes.ts';
import { GatehouseClientError } from './errors.ts';

const ALGORITHM = 'EdDSA';
const KEY_BYTES = 32;
const KEYS_MAX = 100;

export type JwsKeys = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
export type JwsFault = 'malformed' | 'unknown_key' | 'bad_signature';
export type OpenedJws = { readonly kind: 'opened'; readonly payload: unknown } | { readonly kind: 'refused'; readonly reason: JwsFault };

/** Never throws for what the text is. */
export async function openJws(text: string, how: { readonly type: string; readonly keys: JwsKeys; readonly lengthMax: number }): Promise<OpenedJws> {
  const parts = text.length <= how.lengthMax ? text.split('.') : [];
  const [head = '', body = '', tag = ''] = parts;
  const kid = parts.length === 3 ? readKid(head, how.type) : undefined;
  const signature = fromBase64Url(tag);
  if (kid === undefined || signature === undefined) return { kind: 'refused', reason: 'malformed' };
  const key = how.keys.get(kid);
  if (key === undefined) return { kind: 'refused', reason: 'unknown_key' };
  if (!(await isSigned(key, signature, toBytes(`${head}.${body}`)))) return { kind: 'refused', reason: 'bad_signature' };
  return { kind: 'opened', payload: decodeJson(body) };
}

async function isSigned(key: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, signed);
}

/** @throws {GatehouseClientError} `result_invalid` when the key set is none */
export function readKeys(jwks: unknown): JwsKeys {
  const list = toRecord(jwks)?.['keys'];
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const one of Array.isArray(list) ? list.slice(0, KEYS_MAX) : []) {
    const { kty, crv, x, kid } = { ...toRecord(one) };
    const bytes = kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string' ? fromBase64Url(x) : undefined;
    if (bytes?.length === KEY_BYTES && typeof kid === 'string') keys.set(kid, bytes);
  }
  if (keys.size > 0) return keys;
  throw new GatehouseClientError('result_invalid', 'The key set has no Ed25519 key.');
}

function readKid(head: string, type: string): string | undefined {
  const { alg, typ, kid, crit } = { ...toRecord(decodeJson(head)) };
  return alg === ALGORITHM && typ === type && crit === undefined && typeof kid === 'string' ? kid : undefined;
}

function decodeJson(text: string): unknown {
  const bytes = fromBase64Url(text);
  try {
    return bytes === undefined ? undefined : parseJson(toText(bytes));
  } catch {
    return undefined;
  }
}
