/** Authenticator data (WebAuthn, section 6.1): bytes that the authenticator signs. */

/** Of the credential package: strict CBOR. Throws for whatever is not exactly one well-formed item. */
export type DecodeCbor = (bytes: Uint8Array) => unknown;

export interface AuthenticatorData {
  readonly rpIdHash: Buffer;
  readonly isPresent: boolean;
  readonly isVerified: boolean;
  readonly signCount: number;
  /** Only at registration. */
  readonly attested: { readonly credentialId: Buffer; readonly coseKey: unknown } | undefined;
}

const FLAG = { present: 0x01, verified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40, extensions: 0x80 } as const;
const HEAD_BYTES = 37;
const AAGUID_BYTES = 16;
/** WebAuthn, section 6.5.1. */
const CREDENTIAL_ID_BYTES_MAX = 1023;
/** The head of a CBOR array of two. */
const ARRAY_OF_TWO = 0x82;

/** Undefined when it is malformed: too short, something behind its end, flags that contradict each other. */
export function parseAuthenticatorData(bytes: Uint8Array, decodeCbor: DecodeCbor): AuthenticatorData | undefined {
  const data = Buffer.from(bytes);
  if (data.byteLength < HEAD_BYTES) return undefined;
  const flags = data.readUInt8(32);
  const has = (flag: number): boolean => (flags & flag) !== 0;
  // Section 6.1.3: what cannot be backed up is not backed up.
  if (has(FLAG.backedUp) && !has(FLAG.backupEligible)) return undefined;
  const rest = readRest(data.subarray(HEAD_BYTES), { isAttested: has(FLAG.attested), hasExtensions: has(FLAG.extensions), decodeCbor });
  if (rest === undefined) return undefined;
  return {
    rpIdHash: data.subarray(0, 32),
    isPresent: has(FLAG.present),
    isVerified: has(FLAG.verified),
    signCount: data.readUInt32BE(33),
    attested: rest.attested,
  };
}

interface RestOptions {
  readonly isAttested: boolean;
  readonly hasExtensions: boolean;
  readonly decodeCbor: DecodeCbor;
}

function readRest(rest: Buffer, options: RestOptions): Pick<AuthenticatorData, 'attested'> | undefined {
  if (!options.isAttested) {
    if (!options.hasExtensions) return rest.byteLength === 0 ? { attested: undefined } : undefined;
    return tryDecode(options.decodeCbor, rest) instanceof Map ? { attested: undefined } : undefined;
  }
  if (rest.byteLength < AAGUID_BYTES + 2) return undefined;
  const idBytes = rest.readUInt16BE(AAGUID_BYTES);
  const idEnd = AAGUID_BYTES + 2 + idBytes;
  if (idBytes === 0 || idBytes > CREDENTIAL_ID_BYTES_MAX || rest.byteLength <= idEnd) return undefined;
  const coseKey = readKey(rest.subarray(idEnd), options);
  return coseKey === undefined ? undefined : { attested: { credentialId: rest.subarray(AAGUID_BYTES + 2, idEnd), coseKey } };
}

/**
 * The key's length stands nowhere. With extensions behind it (browsers ask for credProtect on their own) the two are read as what they would be
 * as an array, by the one strict decoder.
 */
function readKey(bytes: Buffer, { hasExtensions, decodeCbor }: RestOptions): unknown {
  if (!hasExtensions) return tryDecode(decodeCbor, bytes);
  const both = tryDecode(decodeCbor, Buffer.concat([Buffer.of(ARRAY_OF_TWO), bytes]));
  return Array.isArray(both) && both[1] instanceof Map ? (both[0] as unknown) : undefined;
}

export function tryDecode(decodeCbor: DecodeCbor, bytes: Uint8Array): unknown {
  try {
    return decodeCbor(bytes);
  } catch {
    return undefined;
  }
}
