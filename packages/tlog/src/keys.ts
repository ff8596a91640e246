/** Keys of notes: an Ed25519 key with a name, for one of two uses (C2SP signed-note, tlog-cosignature). WebCrypto signs and verifies. */
import { concat, fromBase64, toBase64, toUtf8 } from './bytes.ts';
import { TlogError } from './errors.ts';
import { sha256 } from './sha256.ts';

/** Signature types of the C2SP registry. */
const TYPES = { ed25519: 0x01, cosignature: 0x04 } as const;
export type KeyUse = keyof typeof TYPES;

const PUBLIC_BYTES = 32;
const ID_BYTES = 4;
/** RFC 8410: what stands before the 32 bytes of a private key in PKCS#8. */
const PKCS8_PREFIX = Uint8Array.of(0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20);

/** Whose signature is believed. */
export interface VerifierKey {
  readonly name: string;
  readonly use: KeyUse;
  /** The first four bytes of a hash over name, use and key: which line of a note to look at. */
  readonly id: number;
  readonly publicKey: Uint8Array;
}

export interface SignerKey extends VerifierKey {
  /** Ed25519 over the message. @returns 64 bytes */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** @throws {TlogError} `bad_key` */
export function createVerifierKey(name: string, publicKey: Uint8Array, use: KeyUse = 'ed25519'): VerifierKey {
  if (!isKeyName(name)) throw new TlogError('bad_key', 'The name of a key is not empty and holds neither spaces nor a plus sign nor control characters.');
  if (publicKey.length !== PUBLIC_BYTES) throw new TlogError('bad_key', `An Ed25519 public key has ${PUBLIC_BYTES} bytes, not ${publicKey.length}.`);
  return { name, use, id: computeKeyId(name, publicKey, use), publicKey };
}

export function isKeyName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- they are what must not be there
  return name !== '' && !/[\s+\u0000-\u001f\u007f\u0085]/u.test(name);
}

function computeKeyId(name: string, publicKey: Uint8Array, use: KeyUse): number {
  const hash = sha256(concat(toUtf8(`${name}\n`), Uint8Array.of(TYPES[use]), publicKey));
  return new DataView(hash.buffer, hash.byteOffset).getUint32(0);
}

export function idToBytes(id: number): Uint8Array {
  const bytes = new Uint8Array(ID_BYTES);
  new DataView(bytes.buffer).setUint32(0, id);
  return bytes;
}

/** `<name>+<8 hexadecimal digits>+<base64 of type and key>`. */
export function formatVerifierKey({ name, use, id, publicKey }: VerifierKey): string {
  return `${name}+${id.toString(16).padStart(8, '0')}+${toBase64(concat(Uint8Array.of(TYPES[use]), publicKey))}`;
}

/** @throws {TlogError} `bad_key` */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = fromBase64(encoded);
  const use = (Object.keys(TYPES) as KeyUse[]).find((one) => TYPES[one] === bytes?.[0]);
  if (bytes === undefined || use === undefined)
    throw new TlogError('bad_key', 'This is not the key of a verifier: name+id+key, of type 1 (Ed25519) or 4 (cosignature).');
  const key = createVerifierKey(name, bytes.subarray(1), use);
  if (key.id !== Number.parseInt(id, 16)) throw new TlogError('bad_key', 'The id of the key is not the one of its name and bytes.');
  return key;
}

/** @param seed the 32 bytes of an Ed25519 private key (RFC 8032). @throws {TlogError} `bad_key` */
export async function createSignerKey(name: string, seed: Uint8Array, use: KeyUse = 'ed25519'): Promise<SignerKey> {
  if (seed.length !== PUBLIC_BYTES) throw new TlogError('bad_key', `An Ed25519 private key has ${PUBLIC_BYTES} bytes, not ${seed.length}.`);
  const pkcs8 = concat(PKCS8_PREFIX, seed);
  const { subtle } = globalThis.crypto;
  const exportable = await subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const { x = '' } = await subtle.exportKey('jwk', exportable);
  const publicKey = fromBase64(`${x.replaceAll('-', '+').replaceAll('_', '/')}=`);
  const key = await subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);
  return {
    ...createVerifierKey(name, publicKey ?? new Uint8Array(0), use),
    sign: async (message) => new Uint8Array(await subtle.sign('Ed25519', key, concat(message))),
  };
}

export async function isSignedBy({ publicKey }: VerifierKey, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const { subtle } = globalThis.crypto;
  try {
    const key = await subtle.importKey('raw', concat(publicKey), 'Ed25519', false, ['verify']);
    return await subtle.verify('Ed25519', key, concat(signature), concat(message));
  } catch (cause) {
    throw new TlogError('bad_key', 'The key could not be used here: it is no point of the curve, or this platform has no Ed25519.', { cause });
  }
}
