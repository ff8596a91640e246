import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';

/**
 * The only source of randomness (DESIGN.md, import rule 4).
 */

/** A string type that cannot be confused with another one: `Branded<'UploadId'>`. */
export type Branded<Name extends string> = string & { readonly __brand: Name };

/** `bytes` random bytes from the operating system, as lower-case hexadecimal. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

const REQUEST_ID_BYTES = 8;
/** Bytes of many request ids at once: asking the operating system costs more than the rest of the id. They are not secret and used once. */
const supply = { bytes: Buffer.alloc(0), used: 0 };

/** Names one request, in its answer and in the log. */
export function newRequestId(): string {
  if (supply.used === supply.bytes.length) Object.assign(supply, { bytes: randomBytes(REQUEST_ID_BYTES * 512), used: 0 });
  supply.used += REQUEST_ID_BYTES;
  return supply.bytes.toString('hex', supply.used - REQUEST_ID_BYTES, supply.used);
}

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * A sortable id: `<prefix>_` + 10 characters of time (48-bit milliseconds) + 16 random characters (80 bits), Crockford base32,
 * as in ULID. Ids made later sort later, so that a list by id is a list by time.
 */
export function newId<Name extends string>(prefix: string, clock: Clock): Branded<Name> {
  let time = clock.now().getTime();
  let head = '';
  for (let i = 0; i < 10; i++) {
    head = (CROCKFORD[time % 32] ?? '0') + head;
    time = Math.floor(time / 32);
  }
  let tail = '';
  for (const byte of randomBytes(16)) tail += CROCKFORD[byte & 31] ?? '0';
  return `${prefix}_${head}${tail}` as Branded<Name>;
}
