/** Token Status Lists (draft-ietf-oauth-status-list): JWT and CWT, verified when they are taken in. Nothing is fetched here. */
import { inflateSync } from 'node:zlib';
import { type CborMap, type CborValue, decodeCbor } from './cbor.ts';
import { readChain, readTaggedCose, verifySign1 } from './cose.ts';
import { CredentialError } from './errors.ts';
import { type JsonObject, readJws, readObject } from './jws.ts';
import { isSigned, readX5c } from './sd-jwt.ts';
import { DEFAULT_SKEW_S, type TrustStore } from './trust.ts';

export interface StatusListOptions {
  readonly trust: TrustStore;
  readonly now: Date;
  /** Where it was fetched: `sub` must be exactly this. */
  readonly uri: string;
  /** Of the inflated list. Default 16 MiB. */
  readonly maxBytes?: number;
  readonly maxSkewS?: number;
}

export interface StatusList {
  readonly uri: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date | undefined;
  /** For how long the issuer lets it be kept. */
  readonly ttlS: number | undefined;
  readonly size: number;
  /** Inflated, in memory. */
  readonly sizeBytes: number;
  /** @throws {CredentialError} `status_list_index` */
  valueAt(index: number): number;
  /** 0 is valid, 1 invalid, 2 suspended; everything else is for the application, and here not valid. */
  statusAt(index: number): 'valid' | 'invalid' | 'suspended';
}

const MAX_BYTES = 16 * 1_048_576;

/** A token as it was served: text for a JWT, bytes for a CWT. @throws {CredentialError} */
export function parseStatusList(token: string | Uint8Array, options: StatusListOptions): StatusList {
  return typeof token === 'string' ? parseJwt(token.trim(), options) : parseCwt(token, options);
}

function parseJwt(token: string, options: StatusListOptions): StatusList {
  const jws = readJws(token, 'status_list_malformed');
  if (jws.header['typ'] !== 'statuslist+jwt') throw new CredentialError('status_list_type');
  const { leafKey } = options.trust.verifyChain(readX5c(jws), { ...options, purpose: 'status-list' });
  if (!isSigned(jws, leafKey)) throw new CredentialError('issuer_signature');
  const list = readObject(jws.payload['status_list'], 'status_list_malformed');
  const text = list['lst'];
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+$/.test(text)) throw new CredentialError('status_list_malformed');
  return create({ bits: list['bits'], compressed: Buffer.from(text, 'base64url'), claims: jws.payload }, options);
}

const CLAIM = { sub: 2, exp: 4, iat: 6, statusList: 65_533, ttl: 65_534 } as const;
const TYPE_HEADER = 16;
const CWT_TYPES: readonly CborValue[] = ['application/statuslist+cwt'];

function parseCwt(token: Uint8Array, options: StatusListOptions): StatusList {
  const message = readTaggedCose(decodeCbor(token, { maxBytes: options.maxBytes ?? MAX_BYTES }));
  if (!CWT_TYPES.includes(message.protectedHeader.get(TYPE_HEADER))) throw new CredentialError('status_list_type');
  if (message.payload === null) throw new CredentialError('status_list_malformed');
  const { leafKey } = options.trust.verifyChain(readChain(message), { ...options, purpose: 'status-list' });
  if (!verifySign1(message, leafKey, message.payload)) throw new CredentialError('issuer_signature');
  const claims = asMap(decodeCbor(message.payload, { maxBytes: options.maxBytes ?? MAX_BYTES }));
  const list = asMap(claims.get(CLAIM.statusList));
  const compressed = list.get('lst');
  if (!(compressed instanceof Uint8Array)) throw new CredentialError('status_list_malformed');
  const named = { sub: claims.get(CLAIM.sub), exp: claims.get(CLAIM.exp), iat: claims.get(CLAIM.iat), ttl: claims.get(CLAIM.ttl) };
  return create({ bits: list.get('bits'), compressed, claims: named }, options);
}

function asMap(value: CborValue): CborMap {
  if (!(value instanceof Map)) throw new CredentialError('status_list_malformed');
  return value as CborMap;
}

interface Read {
  readonly bits: unknown;
  readonly compressed: Uint8Array;
  readonly claims: JsonObject;
}

function create({ bits, compressed, claims }: Read, { now, uri, maxBytes = MAX_BYTES, maxSkewS = DEFAULT_SKEW_S }: StatusListOptions): StatusList {
  if (claims['sub'] !== uri) throw new CredentialError('status_list_uri');
  const [issued, expires, ttlS] = [readNumber(claims['iat']), readNumber(claims['exp']), readNumber(claims['ttl'])];
  if (issued === undefined) throw new CredentialError('status_list_malformed');
  const nowS = now.getTime() / 1000;
  if (issued > nowS + maxSkewS) throw new CredentialError('status_list_not_yet_valid');
  if (expires !== undefined && expires <= nowS - maxSkewS) throw new CredentialError('status_list_expired');
  return {
    uri,
    issuedAt: new Date(issued * 1000),
    expiresAt: expires === undefined ? undefined : new Date(expires * 1000),
    ttlS,
    ...readList(bits, compressed, maxBytes),
  };
}

function readNumber(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new CredentialError('status_list_malformed');
  return value;
}

/** The list itself: `bits` is 1, 2, 4 or 8; the first entry stands in the lowest bits of the first byte. */
export function readList(bits: unknown, compressed: Uint8Array, maxBytes: number = MAX_BYTES): Pick<StatusList, 'size' | 'sizeBytes' | 'valueAt' | 'statusAt'> {
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) throw new CredentialError('status_list_malformed');
  const bytes = inflate(compressed, maxBytes);
  const perByte = 8 / bits;
  const size = bytes.length * perByte;
  const valueAt = (index: number): number => {
    if (!Number.isInteger(index) || index < 0 || index >= size) throw new CredentialError('status_list_index');
    return ((bytes[Math.floor(index / perByte)] ?? 0) >> ((index % perByte) * bits)) & ((1 << bits) - 1);
  };
  return {
    size,
    sizeBytes: bytes.length,
    valueAt,
    statusAt(index) {
      const value = valueAt(index);
      return value === 0 ? 'valid' : value === 2 ? 'suspended' : 'invalid';
    },
  };
}

function inflate(compressed: Uint8Array, maxBytes: number): Uint8Array {
  try {
    return inflateSync(compressed, { maxOutputLength: maxBytes });
  } catch (cause) {
    const isTooLarge = Reflect.get(Object(cause), 'code') === 'ERR_BUFFER_TOO_LARGE';
    throw new CredentialError(isTooLarge ? 'status_list_too_large' : 'status_list_malformed', { cause });
  }
}
