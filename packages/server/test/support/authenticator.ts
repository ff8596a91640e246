/** An authenticator and its browser in software, for WebAuthn: answers as they do, and twists any step of it where a test asks. */
import { createHash, generateKeyPairSync, randomBytes, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { Assertion, CreationOptions, Registration, RequestOptions } from '../../src/age/passkeys/schema.ts';

export type Kind = 'es256' | 'edDsa' | 'rs256';

export interface Twist {
  readonly origin?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  readonly clientData?: Readonly<Record<string, unknown>>;
  readonly format?: string;
  readonly statement?: ReadonlyMap<unknown, unknown>;
  readonly coseKey?: (key: Map<unknown, unknown>) => void;
  readonly credentialId?: Buffer;
  readonly idLength?: number;
  readonly extensions?: ReadonlyMap<unknown, unknown>;
  /** Behind the authenticator data. */
  readonly tail?: Buffer;
  readonly signature?: (signature: Buffer) => Buffer;
}

const ALGORITHM: Readonly<Record<Kind, number>> = { es256: -7, edDsa: -8, rs256: -257 };
const FLAGS = { present: 1, verified: 4, attested: 0x40, extensions: 0x80 };

export class SoftAuthenticator {
  readonly credentialId = randomBytes(32);
  counter = 0;
  readonly #kind: Kind;
  readonly #origin: string;
  readonly #privateKey: KeyObject;
  readonly #jwk: JsonWebKey;

  constructor(origin: string, kind: Kind = 'es256') {
    this.#origin = origin;
    this.#kind = kind;
    const { privateKey, publicKey } = generate(kind);
    this.#privateKey = privateKey;
    this.#jwk = publicKey.export({ format: 'jwk' });
  }

  create(options: CreationOptions, twist: Twist = {}): Registration {
    const coseKey = this.#toCose();
    twist.coseKey?.(coseKey);
    const id = twist.credentialId ?? this.credentialId;
    const length = Buffer.alloc(2);
    length.writeUInt16BE(twist.idLength ?? id.byteLength);
    const attested = Buffer.concat([Buffer.alloc(16), length, id, encodeCbor(coseKey)]);
    const data = this.#writeData(options.rp.id, FLAGS.attested, attested, twist);
    const object = new Map<unknown, unknown>([
      ['fmt', twist.format ?? 'none'],
      ['attStmt', twist.statement ?? new Map()],
      ['authData', data],
    ]);
    return {
      id: this.credentialId.toString('base64url'),
      type: 'public-key',
      response: {
        clientDataJSON: this.#writeClientData('webauthn.create', options.challenge, twist).toString('base64url'),
        attestationObject: encodeCbor(object).toString('base64url'),
      },
    };
  }

  get(options: RequestOptions, twist: Twist = {}): Assertion {
    const clientData = this.#writeClientData('webauthn.get', options.challenge, twist);
    const data = this.#writeData(options.rpId, 0, Buffer.alloc(0), twist);
    const signed = Buffer.concat([data, createHash('sha256').update(clientData).digest()]);
    const signature = sign(this.#kind === 'edDsa' ? null : 'sha256', signed, this.#privateKey);
    return {
      id: (twist.credentialId ?? this.credentialId).toString('base64url'),
      type: 'public-key',
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: data.toString('base64url'),
        signature: (twist.signature?.(signature) ?? signature).toString('base64url'),
      },
    };
  }

  #writeClientData(type: string, challenge: string, twist: Twist): Buffer {
    const data = { type: twist.type ?? type, challenge: twist.challenge ?? challenge, origin: twist.origin ?? this.#origin, crossOrigin: false };
    return Buffer.from(JSON.stringify({ ...data, ...twist.clientData }));
  }

  #writeData(rpId: string, flag: number, attested: Buffer, twist: Twist): Buffer {
    const head = Buffer.alloc(5);
    const extensions = twist.extensions === undefined ? 0 : FLAGS.extensions;
    head.writeUInt8((twist.flags ?? FLAGS.present | FLAGS.verified | flag) | extensions);
    head.writeUInt32BE(twist.counter ?? this.counter, 1);
    const hash = createHash('sha256')
      .update(twist.rpId ?? rpId)
      .digest();
    const behind = twist.extensions === undefined ? Buffer.alloc(0) : encodeCbor(twist.extensions);
    return Buffer.concat([hash, head, attested, behind, twist.tail ?? Buffer.alloc(0)]);
  }

  #toCose(): Map<unknown, unknown> {
    const part = (name: 'x' | 'y' | 'n' | 'e'): Buffer => Buffer.from(this.#jwk[name] ?? '', 'base64url');
    const algorithm = ALGORITHM[this.#kind];
    if (this.#kind === 'es256')
      return new Map<unknown, unknown>([
        [1, 2],
        [3, algorithm],
        [-1, 1],
        [-2, part('x')],
        [-3, part('y')],
      ]);
    if (this.#kind === 'edDsa')
      return new Map<unknown, unknown>([
        [1, 1],
        [3, algorithm],
        [-1, 6],
        [-2, part('x')],
      ]);
    return new Map<unknown, unknown>([
      [1, 3],
      [3, algorithm],
      [-1, part('n')],
      [-2, part('e')],
    ]);
  }
}

function generate(kind: Kind): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (kind === 'es256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return kind === 'edDsa' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength: 2048 });
}

/** As authenticators write it: the kinds of item that occur in WebAuthn. */
export function encodeCbor(value: unknown): Buffer {
  if (typeof value === 'number') return value >= 0 ? writeHead(0, value) : writeHead(1, -1 - value);
  if (value instanceof Uint8Array) return Buffer.concat([writeHead(2, value.byteLength), value]);
  if (typeof value === 'string') return Buffer.concat([writeHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([writeHead(4, value.length), ...value.map(encodeCbor)]);
  if (value instanceof Map) return Buffer.concat([writeHead(5, value.size), ...[...value].flatMap(([key, item]) => [encodeCbor(key), encodeCbor(item)])]);
  throw new TypeError('not an item of WebAuthn');
}

function writeHead(major: number, value: number): Buffer {
  const type = major << 5;
  if (value < 24) return Buffer.of(type | value);
  if (value < 256) return Buffer.of(type | 24, value);
  return Buffer.of(type | 25, value >> 8, value & 255);
}
