/** Issues and presents SD-JWT credentials. Every part can be twisted. */
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { createKeyPair, type Issued, type KeyPair } from './authority.ts';

type Json = Record<string, unknown>;

export interface SdJwtOptions {
  readonly signer: Issued;
  readonly type: string;
  /** Disclosed selectively. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly now: Date;
  readonly validDays?: number;
  readonly holder?: KeyPair;
  readonly status?: unknown;
  readonly twist?: {
    readonly header?: (header: Json) => void;
    readonly payload?: (payload: Json) => void;
    readonly key?: KeyObject;
  };
}

export interface SdJwt {
  readonly jwt: string;
  /** By claim. */
  readonly disclosures: ReadonlyMap<string, string>;
  readonly holder: KeyPair;
}

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

export function signJws(header: Json, payload: Json, key: KeyObject): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

export function issueSdJwt({ signer, type, claims, now, validDays = 30, holder = createKeyPair(), status, twist = {} }: SdJwtOptions): SdJwt {
  const disclosures = new Map(Object.entries(claims).map(([name, value]) => [name, encode([randomBytes(16).toString('base64url'), name, value])] as const));
  const nowS = Math.floor(now.getTime() / 1000);
  const { kty, crv, x, y } = holder.publicKey.export({ format: 'jwk' });
  const payload: Json = {
    vct: type,
    iss: 'https://issuer.example',
    iat: nowS,
    exp: nowS + validDays * 86_400,
    _sd_alg: 'sha-256',
    _sd: [...disclosures.values()].map(digest).toSorted(),
    cnf: { jwk: { kty, crv, x, y } },
    ...(status === undefined ? {} : { status }),
  };
  const header: Json = { alg: 'ES256', typ: 'dc+sd-jwt', x5c: [Buffer.from(signer.certificate).toString('base64')] };
  twist.payload?.(payload);
  twist.header?.(header);
  return { jwt: signJws(header, payload, twist.key ?? signer.key.privateKey), disclosures, holder };
}

export interface SdJwtPresentation {
  readonly audience: string;
  readonly nonce: string;
  readonly now: Date;
  /** Claims to disclose. */
  readonly disclose: readonly string[];
  readonly twist?: {
    readonly disclosures?: (disclosures: string[]) => readonly string[];
    readonly header?: (header: Json) => void;
    readonly payload?: (payload: Json) => void;
    readonly key?: KeyObject;
    /** After the key binding was made. */
    readonly text?: (presentation: string) => string;
  };
}

export function presentSdJwt(credential: SdJwt, { audience, nonce, now, disclose, twist = {} }: SdJwtPresentation): string {
  const chosen = disclose.flatMap((name) => credential.disclosures.get(name) ?? []);
  const signedPart = [credential.jwt, ...(twist.disclosures?.(chosen) ?? chosen), ''].join('~');
  const header: Json = { alg: 'ES256', typ: 'kb+jwt' };
  const payload: Json = { aud: audience, nonce, iat: Math.floor(now.getTime() / 1000), sd_hash: digest(signedPart) };
  twist.header?.(header);
  twist.payload?.(payload);
  const presentation = signedPart + signJws(header, payload, twist.key ?? credential.holder.privateKey);
  return twist.text?.(presentation) ?? presentation;
}
