/**
 * The client's half of RSABSSA-SHA384-PSS-Deterministic (RFC 9474, sections 4.2 and 4.4): blind a message, unblind and check the signature.
 *
 * BigInt is not constant-time. What it computes with here are one-time random numbers on the person's own machine, and no other party measures
 * how long it takes. The hash is WebCrypto's.
 */
import { concat, drawBytes, isSameBytes, type Bytes } from './age-bytes.ts';

export interface RsaPublicKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
  /** k, the length of the modulus. */
  readonly byteLength: number;
}

export interface Blinded {
  readonly blindedMessage: Bytes;
  /** Takes the blinding away again. Kept by whoever blinded and by nobody else. */
  readonly inverse: bigint;
}

/** Random in use; given in tests with other people's vectors. */
export interface BlindingRandom {
  readonly salt: Bytes;
  readonly factor: bigint;
}

const HASH = 'SHA-384';
const HASH_BYTES = 48;
const SALT_BYTES = 48;

/** RFC 9474, section 4.2. */
export async function blind(key: RsaPublicKey, message: Bytes, random: BlindingRandom = drawBlinding(key)): Promise<Blinded> {
  const encoded = toInteger(await encodePss(message, { bits: bitLength(key.modulus) - 1, salt: random.salt }));
  // Fails only when somebody can factor the modulus.
  if (invert(encoded, key.modulus) === undefined) throw new Error('The message cannot be blinded with this key.');
  const inverse = invert(random.factor, key.modulus);
  if (inverse === undefined) throw new Error('This blinding factor cannot be undone.');
  const blinded = (encoded * power(random.factor, key.exponent, key.modulus)) % key.modulus;
  return { blindedMessage: toBytes(blinded, key.byteLength), inverse };
}

/** RFC 9474, section 4.4. @throws when the signer did not sign with this key: such a token could mark its holder */
export async function finalize(key: RsaPublicKey, message: Bytes, signed: { readonly blindSignature: Bytes; readonly inverse: bigint }): Promise<Bytes> {
  const value = toInteger(signed.blindSignature);
  if (signed.blindSignature.byteLength !== key.byteLength || value >= key.modulus) throw new Error('The blind signature has the wrong size.');
  const signature = (value * signed.inverse) % key.modulus;
  const encoded = toBytes(power(signature, key.exponent, key.modulus), Math.ceil((bitLength(key.modulus) - 1) / 8));
  if (!(await isPss(message, bitLength(key.modulus) - 1, encoded))) throw new Error('The signature is not one of the published key.');
  return toBytes(signature, key.byteLength);
}

function drawBlinding(key: RsaPublicKey): BlindingRandom {
  return { salt: drawBytes(SALT_BYTES), factor: drawBelow(key) };
}

/** Uniform from 1 to the modulus: larger ones are drawn again. */
function drawBelow(key: RsaPublicKey): bigint {
  for (;;) {
    const value = toInteger(drawBytes(key.byteLength));
    if (value > 0n && value < key.modulus) return value;
  }
}

interface PssOptions {
  /** Of the encoded message: one less than the modulus has. */
  readonly bits: number;
  readonly salt: Bytes;
  /** Another one only in tests with other people's vectors. */
  readonly hashName?: string;
}

/** EMSA-PSS-ENCODE (RFC 8017, section 9.1.1). */
export async function encodePss(message: Bytes, { bits, salt, hashName = HASH }: PssOptions): Promise<Bytes> {
  const length = Math.ceil(bits / 8);
  const digest = await hash(concat(new Uint8Array(8), await hash(message, hashName), salt), hashName);
  const block = concat(new Uint8Array(length - salt.byteLength - digest.byteLength - 2), Uint8Array.of(1), salt);
  const masked = xor(block, await expand(digest, block.byteLength, hashName));
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * length - bits));
  return concat(masked, digest, Uint8Array.of(0xbc));
}

/** EMSA-PSS-VERIFY (RFC 8017, section 9.1.2): with the salt that stands in it, it must come out the same. */
async function isPss(message: Bytes, bits: number, encoded: Bytes): Promise<boolean> {
  const maskedBytes = encoded.byteLength - HASH_BYTES - 1;
  const mask = await expand(encoded.slice(maskedBytes, -1), maskedBytes, HASH);
  const salt = xor(encoded.slice(0, maskedBytes), mask).slice(-SALT_BYTES);
  return isSameBytes(encoded, await encodePss(message, { bits, salt }));
}

/** MGF1 (RFC 8017, appendix B.2.1). */
async function expand(seed: Bytes, length: number, hashName: string): Promise<Bytes> {
  let mask = new Uint8Array(0);
  for (let counter = 0; mask.byteLength < length; counter++) {
    mask = concat(mask, await hash(concat(seed, toBytes(BigInt(counter), 4)), hashName));
  }
  return mask.slice(0, length);
}

async function hash(bytes: Bytes, hashName: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(hashName, bytes));
}

function xor(a: Bytes, b: Bytes): Bytes {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

export function toInteger(bytes: Uint8Array): bigint {
  let digits = '';
  for (const byte of bytes) digits += byte.toString(16).padStart(2, '0');
  return BigInt(`0x0${digits}`);
}

export function toBytes(value: bigint, length: number): Bytes {
  const digits = value.toString(16).padStart(length * 2, '0');
  return Uint8Array.from({ length }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** The extended algorithm of Euclid; undefined when the two have a common divisor. */
export function invert(value: bigint, modulus: bigint): bigint | undefined {
  let [remainder, next] = [modulus, value % modulus];
  let [coefficient, nextCoefficient] = [0n, 1n];
  while (next !== 0n) {
    const quotient = remainder / next;
    [remainder, next] = [next, remainder - quotient * next];
    [coefficient, nextCoefficient] = [nextCoefficient, coefficient - quotient * nextCoefficient];
  }
  if (remainder !== 1n) return undefined;
  return ((coefficient % modulus) + modulus) % modulus;
}
