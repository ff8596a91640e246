/**
 * Opens what was sealed to a key with HPKE (RFC 9180): base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, one message. That is what ISO/IEC
 * 18013-7 annex C uses and nothing else, by `node:crypto`: a quarter of the processor time of a library that goes through WebCrypto. The simulated wallet seals with
 * that library, so that two implementations meet in every test.
 */
import { createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import type { PrivateJwk } from './annex-c.ts';

const VERSION = Buffer.from('HPKE-v1');
/** RFC 9180, section 7: DHKEM(P-256, HKDF-SHA256) is 0x0010, HKDF-SHA256 0x0001, AES-128-GCM 0x0001. */
const KEM_SUITE = Buffer.concat([Buffer.from('KEM'), Buffer.of(0x00, 0x10)]);
const SUITE = Buffer.concat([Buffer.from('HPKE'), Buffer.of(0x00, 0x10, 0x00, 0x01, 0x00, 0x01)]);
const MODE_BASE = 0x00;
const SECRET_BYTES = 32;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const COORDINATE_BYTES = 32;
const UNCOMPRESSED = 0x04;
const NOTHING = Buffer.alloc(0);

export interface Sealed {
  /** The ephemeral public key: 65 bytes, uncompressed. */
  readonly enc: Uint8Array;
  /** With its tag. */
  readonly cipherText: Uint8Array;
  readonly info: Uint8Array;
}

/** @throws {Error} of any kind when it does not open: another key, another info, anything changed */
export function openHpke({ enc, cipherText, info }: Sealed, key: PrivateJwk): Buffer {
  const { secretKey, nonce } = scheduleKeys(decapsulate(enc, key), info);
  const split = cipherText.length - TAG_BYTES;
  if (split < 0) throw new RangeError('there is no tag');
  const decipher = createDecipheriv('aes-128-gcm', secretKey, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(cipherText.subarray(split));
  return Buffer.concat([decipher.update(cipherText.subarray(0, split)), decipher.final()]);
}

/** Section 4.1, Decap. A point that is not on the curve is refused by `createPublicKey`. */
function decapsulate(enc: Uint8Array, key: PrivateJwk): Buffer {
  if (enc.length !== 1 + 2 * COORDINATE_BYTES || enc[0] !== UNCOMPRESSED) throw new RangeError('the ephemeral key is not an uncompressed point of P-256');
  const [x, y] = [enc.subarray(1, 1 + COORDINATE_BYTES), enc.subarray(1 + COORDINATE_BYTES)].map((half) => Buffer.from(half).toString('base64url'));
  const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '' }, format: 'jwk' });
  const shared = diffieHellman({ privateKey: createPrivateKey({ key: { ...key }, format: 'jwk' }), publicKey });
  const recipient = Buffer.concat([Buffer.of(UNCOMPRESSED), toCoordinate(key.x), toCoordinate(key.y)]);
  const extracted = extract({ suite: KEM_SUITE, salt: NOTHING, label: 'eae_prk', input: shared });
  return expand(extracted, { suite: KEM_SUITE, label: 'shared_secret', info: Buffer.concat([enc, recipient]), bytes: SECRET_BYTES });
}

function toCoordinate(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  return Buffer.concat([Buffer.alloc(COORDINATE_BYTES - bytes.length), bytes]);
}

/** Section 5.1, KeySchedule, without a pre-shared key. */
function scheduleKeys(shared: Buffer, info: Uint8Array): { readonly secretKey: Buffer; readonly nonce: Buffer } {
  const pskIdHash = extract({ suite: SUITE, salt: NOTHING, label: 'psk_id_hash', input: NOTHING });
  const infoHash = extract({ suite: SUITE, salt: NOTHING, label: 'info_hash', input: info });
  const context = Buffer.concat([Buffer.of(MODE_BASE), pskIdHash, infoHash]);
  const secret = extract({ suite: SUITE, salt: shared, label: 'secret', input: NOTHING });
  return {
    secretKey: expand(secret, { suite: SUITE, label: 'key', info: context, bytes: KEY_BYTES }),
    nonce: expand(secret, { suite: SUITE, label: 'base_nonce', info: context, bytes: NONCE_BYTES }),
  };
}

interface Extraction {
  readonly suite: Uint8Array;
  readonly salt: Uint8Array;
  readonly label: string;
  readonly input: Uint8Array;
}

/** Section 4, LabeledExtract. */
function extract({ suite, salt, label, input }: Extraction): Buffer {
  return createHmac('sha256', salt).update(VERSION).update(suite).update(label).update(input).digest();
}

interface Expansion {
  readonly suite: Uint8Array;
  readonly label: string;
  readonly info: Uint8Array;
  /** At most 32: one block. */
  readonly bytes: number;
}

/** Section 4, LabeledExpand. */
function expand(prk: Uint8Array, { suite, label, info, bytes }: Expansion): Buffer {
  return createHmac('sha256', prk)
    .update(Buffer.of(0, bytes))
    .update(VERSION)
    .update(suite)
    .update(label)
    .update(info)
    .update(Buffer.of(1))
    .digest()
    .subarray(0, bytes);
}
