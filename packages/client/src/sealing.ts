/**
 * What this package gives to a browser to keep: JSON under AES-256-GCM (NIST SP 800-38D). The browser can neither read nor change it. What it is for (kind,
 * service, site, account) is authenticated with it and not part of it: under any other, it does not open.
 *
 * Keys come from the cookie secret by HKDF-SHA-256 (RFC 5869), one for each kind. Nonces are 96 random bits, so one key should seal less than 2^32 times
 * (SP 800-38D, section 8.3).
 */
import { fromBase64Url, parseJson, toBase64Url, toBytes, toText } from './bytes.ts';
import { drawBytes } from './outside.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** RFC 6265, section 6.1: what browsers keep. */
const SEALED_LENGTH_MAX = 4096;
const LABEL = 'gatehouse-client 1';

export type SealedKind = 'pass' | 'pending' | 'ask';

/** Everything that must be the same again. `account` is null where nothing is bound to one. */
export interface SealContext {
  readonly service: string;
  readonly site: string;
  readonly account: string | null;
}

export interface Sealer {
  seal(kind: SealedKind, value: unknown, context: SealContext): Promise<string>;
  /** Undefined unless it was sealed with one of the secrets, as this kind, for this context. Never throws for what the text is. */
  open(kind: SealedKind, text: string | undefined, context: SealContext): Promise<unknown>;
}

/** @param secrets the first seals, all open: that is how they are changed */
export function createSealer(secrets: readonly string[]): Sealer {
  const rings = secrets.map((secret) => createKeyRing(secret));
  return {
    async seal(kind, value, context) {
      const [ring] = rings;
      if (ring === undefined) throw new TypeError('a sealer needs a secret');
      const iv = drawBytes(NONCE_BYTES);
      const algorithm = { name: 'AES-GCM', iv, additionalData: describe(kind, context) };
      const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, await ring(kind), toBytes(JSON.stringify(value))));
      const bytes = new Uint8Array(NONCE_BYTES + sealed.length);
      bytes.set(iv);
      bytes.set(sealed, NONCE_BYTES);
      return toBase64Url(bytes);
    },
    async open(kind, text, context) {
      const bytes = text === undefined || text.length > SEALED_LENGTH_MAX ? undefined : fromBase64Url(text);
      if (bytes === undefined || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const algorithm = { name: 'AES-GCM', iv: bytes.subarray(0, NONCE_BYTES), additionalData: describe(kind, context) };
      for (const ring of rings) {
        const key = await ring(kind);
        const opened = await crypto.subtle.decrypt(algorithm, key, bytes.subarray(NONCE_BYTES)).catch(() => undefined);
        if (opened !== undefined) return parseJson(toText(new Uint8Array(opened)));
      }
      return undefined;
    },
  };
}

/** JSON, so that no two contexts are the same bytes. */
function describe(kind: SealedKind, { service, site, account }: SealContext): Uint8Array<ArrayBuffer> {
  return toBytes(JSON.stringify([LABEL, kind, service, site, account]));
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

function createKeyRing(secret: string): (kind: SealedKind) => Promise<Key> {
  const keys = new Map<SealedKind, Promise<Key>>();
  return async (kind) => {
    const known = keys.get(kind) ?? deriveKey(secret, kind);
    keys.set(kind, known);
    return known;
  };
}

async function deriveKey(secret: string, kind: SealedKind): Promise<Key> {
  const material = await crypto.subtle.importKey('raw', toBytes(secret), 'HKDF', false, ['deriveKey']);
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: toBytes(`${LABEL} ${kind}`) };
  return crypto.subtle.deriveKey(hkdf, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
