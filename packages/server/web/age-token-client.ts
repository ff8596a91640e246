/**
 * Privacy Pass, type 2, as a client (RFC 9577, RFC 9578 section 6): makes the request for one token and the token out of the answer.
 *
 * The challenge is not taken from the server but worked out here from what everybody can see: the site's name, the question and the epoch. A
 * server could otherwise put a mark for one person into it, and know that person again at redemption.
 */
import { blind, finalize, toInteger, type Blinded, type BlindingRandom, type RsaPublicKey } from './age-blind-rsa.ts';
import { concat, drawBytes, isSameBytes, type Bytes } from './age-bytes.ts';

export interface TokenClass {
  readonly threshold: number;
  readonly direction: 'over' | 'under';
  readonly band: number;
  readonly epoch: number;
}

export interface PendingToken {
  readonly request: Bytes;
  /** @throws when the answer is not a signature of the key */
  finish(response: Bytes): Promise<Bytes>;
}

export interface TokenRandom extends BlindingRandom {
  readonly nonce: Bytes;
}

const TYPE = Uint8Array.of(0, 2);
const MODULUS_BYTES = 256;
/** Id-RSASSA-PSS with SHA-384 and 48 bytes of salt (RFC 9578, section 6.5), up to the 256 bytes of the modulus. */
const PREFIX =
  '30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a2030201300382010f003082010a0282010100';
/** The exponent 65537. */
const SUFFIX = '0203010001';
const LABEL = 'gatehouse age token 1';

/** @throws when it is not a public key for tokens of type 2 */
export function readTokenKey(publicKey: Bytes): RsaPublicKey {
  const [prefix, suffix] = [fromHex(PREFIX), fromHex(SUFFIX)];
  const start = prefix.byteLength;
  const end = start + MODULUS_BYTES;
  const isKey = publicKey.byteLength === end + suffix.byteLength && isSameBytes(publicKey.slice(0, start), prefix) && isSameBytes(publicKey.slice(end), suffix);
  const modulus = toInteger(publicKey.slice(start, end));
  if (!isKey || modulus >> 2047n !== 1n) throw new Error('This is not a key for tokens of type 2.');
  return { modulus, exponent: 65_537n, byteLength: MODULUS_BYTES };
}

/** The same for everybody who asks the same question in the same epoch. */
export async function makeChallenge(host: string, { threshold, direction, band, epoch }: TokenClass): Promise<Bytes> {
  const context = await sha256(new TextEncoder().encode([LABEL, direction, threshold, band, epoch].join('\n')));
  const name = new TextEncoder().encode(host);
  const length = Uint8Array.of(name.byteLength >> 8, name.byteLength & 255);
  return concat(TYPE, length, name, Uint8Array.of(context.byteLength), context, length, name);
}

/** @param random only in tests */
export async function requestToken(publicKey: Bytes, challenge: Bytes, random?: TokenRandom): Promise<PendingToken> {
  const key = readTokenKey(publicKey);
  const keyId = await sha256(publicKey);
  const nonce = random?.nonce ?? drawBytes(32);
  const input = concat(TYPE, nonce, await sha256(challenge), keyId);
  const { blindedMessage, inverse }: Blinded = await blind(key, input, random);
  return {
    request: concat(TYPE, keyId.slice(-1), blindedMessage),
    finish: async (response) => concat(input, await finalize(key, input, { blindSignature: response, inverse })),
  };
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function fromHex(digits: string): Bytes {
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) => Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16));
}
