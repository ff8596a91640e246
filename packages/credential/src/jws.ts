/** Compact JWS, taken apart strictly. Signatures are verified by whoever knows the key. */
import { CredentialError, type RefusalCode } from './errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Jws {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signature: Uint8Array;
  /** What is signed. */
  readonly signingInput: string;
}

const PART = /^[A-Za-z0-9_-]+$/;

/** @throws {CredentialError} with `code` */
export function readJws(text: string, code: RefusalCode): Jws {
  const parts = text.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined || !parts.every((part) => PART.test(part)))
    throw new CredentialError(code);
  const read = { header: readObject(parseJson(header, code), code), payload: readObject(parseJson(payload, code), code) };
  // RFC 7515 section 4.1.11; and payloads that are not encoded (RFC 7797).
  if (Object.hasOwn(read.header, 'crit') || Object.hasOwn(read.header, 'b64')) throw new CredentialError(code);
  return { ...read, signature: Buffer.from(signature, 'base64url'), signingInput: `${header}.${payload}` };
}

/** JSON out of base64url. A key that is there twice refuses: two readers must not read two things. */
export function parseJson(encoded: string, code: RefusalCode): unknown {
  const text = Buffer.from(encoded, 'base64url').toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (countKeys(text) !== countOwnKeys(value)) throw new CredentialError(code);
    return value;
  } catch (cause) {
    throw cause instanceof CredentialError ? cause : new CredentialError(code, { cause });
  }
}

/** Keys in valid JSON text: strings that are followed by a colon. */
function countKeys(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter((match) => match[1] !== undefined).length;
}

function countOwnKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const values: unknown[] = Object.values(value);
  return (Array.isArray(value) ? 0 : values.length) + values.reduce<number>((sum, inner) => sum + countOwnKeys(inner), 0);
}

export function readObject(value: unknown, code: RefusalCode): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new CredentialError(code);
  return value as JsonObject;
}
