/** Selective disclosure (RFC 9901 section 7.1): digests in the signed payload are replaced by what was disclosed for them. */
import { createHash } from 'node:crypto';
import { CredentialError } from './errors.ts';
import { type JsonObject, parseJson } from './jws.ts';

interface Disclosure {
  /** Undefined for an element of an array. */
  readonly name: string | undefined;
  readonly value: unknown;
}

const DEPTH_MAX = 12;
const DISCLOSURES_MAX = 200;
const RESERVED = new Set(['_sd', '...', '_sd_alg']);
/** Claims that must never be disclosed selectively: they decide whether the rest may be believed (SD-JWT VC draft, section 2.2.2.3). */
const ALWAYS_SIGNED = new Set(['iss', 'nbf', 'exp', 'cnf', 'vct', 'vct#integrity', 'status']);

const HASHES: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' };

/** The payload with everything that was disclosed in its place, and without what was not. @throws {CredentialError} */
export function resolveDisclosures(payload: JsonObject, disclosures: readonly string[]): JsonObject {
  const algorithm = HASHES[String(payload['_sd_alg'] ?? 'sha-256')];
  if (algorithm === undefined) throw new CredentialError('sd_jwt_hash_algorithm');
  if (disclosures.length > DISCLOSURES_MAX) throw new CredentialError('disclosure_malformed');
  const byDigest = new Map<string, Disclosure>();
  for (const text of disclosures) {
    const digest = createHash(algorithm).update(text).digest('base64url');
    if (byDigest.has(digest)) throw new CredentialError('disclosure_repeated');
    byDigest.set(digest, readDisclosure(text));
  }
  const resolver = new Resolver(byDigest);
  const claims = resolver.resolveObject(payload, 0);
  if (resolver.used.size !== byDigest.size) throw new CredentialError('disclosure_unreferenced');
  return claims;
}

function readDisclosure(text: string): Disclosure {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw new CredentialError('disclosure_malformed');
  const parts = parseJson(text, 'disclosure_malformed');
  if (!Array.isArray(parts) || typeof parts[0] !== 'string') throw new CredentialError('disclosure_malformed');
  const items: readonly unknown[] = parts;
  if (items.length === 2) return { name: undefined, value: items[1] };
  const [, name, value] = items;
  if (items.length !== 3 || typeof name !== 'string' || RESERVED.has(name)) throw new CredentialError('disclosure_malformed');
  return { name, value };
}

class Resolver {
  readonly used = new Set<string>();
  readonly #seen = new Set<string>();
  readonly #byDigest: ReadonlyMap<string, Disclosure>;

  constructor(byDigest: ReadonlyMap<string, Disclosure>) {
    this.#byDigest = byDigest;
  }

  resolveObject(object: JsonObject, depth: number): JsonObject {
    if (depth > DEPTH_MAX) throw new CredentialError('sd_jwt_malformed');
    const claims = new Map<string, unknown>();
    for (const [name, value] of Object.entries(object)) {
      if (name === '...') throw new CredentialError('sd_jwt_malformed');
      if (name !== '_sd' && !(name === '_sd_alg' && depth === 0)) claims.set(name, this.#resolve(value, depth + 1));
    }
    for (const digest of readDigests(object['_sd'])) this.#disclose(digest, claims, depth);
    return Object.fromEntries(claims);
  }

  #disclose(digest: string, claims: Map<string, unknown>, depth: number): void {
    const disclosure = this.#take(digest);
    if (disclosure === undefined) return;
    if (disclosure.name === undefined) throw new CredentialError('disclosure_malformed');
    if (claims.has(disclosure.name) || (depth === 0 && ALWAYS_SIGNED.has(disclosure.name))) throw new CredentialError('disclosure_conflict');
    claims.set(disclosure.name, this.#resolve(disclosure.value, depth + 1));
  }

  #resolve(value: unknown, depth: number): unknown {
    if (Array.isArray(value)) return this.#resolveArray(value, depth);
    return typeof value === 'object' && value !== null ? this.resolveObject(value as JsonObject, depth) : value;
  }

  #resolveArray(values: readonly unknown[], depth: number): unknown[] {
    return values.flatMap((value) => {
      const digest = readPlaceholder(value);
      if (digest === undefined) return [this.#resolve(value, depth + 1)];
      const disclosure = this.#take(digest);
      if (disclosure === undefined) return [];
      if (disclosure.name !== undefined) throw new CredentialError('disclosure_malformed');
      return [this.#resolve(disclosure.value, depth + 1)];
    });
  }

  #take(digest: string): Disclosure | undefined {
    if (this.#seen.has(digest)) throw new CredentialError('disclosure_repeated');
    this.#seen.add(digest);
    const disclosure = this.#byDigest.get(digest);
    if (disclosure !== undefined) this.used.add(digest);
    return disclosure;
  }
}

function readDigests(value: unknown): readonly string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item): item is string => typeof item === 'string')) throw new CredentialError('sd_jwt_malformed');
  return value;
}

/** `{ "...": digest }` */
function readPlaceholder(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '...')) return undefined;
  const digest: unknown = Reflect.get(value, '...');
  if (typeof digest !== 'string' || Object.keys(value).length !== 1) throw new CredentialError('sd_jwt_malformed');
  return digest;
}
