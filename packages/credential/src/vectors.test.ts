import { createECDH, createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CredentialError } from './errors.ts';
import {
  anchorId,
  annexCTranscript,
  createTrustStore,
  dcApiTranscript,
  decodeCbor,
  EU_AGE,
  encodeDeviceRequest,
  openAnnexC,
  openid4vpTranscript,
  readCertificate,
  readTaggedCose,
  type Tagged,
  verifyMdoc,
  verifySdJwt,
  verifySign1,
  type CborMap,
  type MdocExpectation,
  type TrustAnchor,
} from './index.ts';
import { readMso } from './mso.ts';

/** Vectors of others: see fixtures/credential/MANIFEST.json for source, commit, licence and what each must yield. More sets are in vector-sets.test.ts. */
const FIXTURES = new URL('../../../fixtures/credential/', import.meta.url);
const read = (path: string): Buffer => readFileSync(new URL(path, FIXTURES));
const readJson = (path: string): Record<string, string> => JSON.parse(read(path).toString('utf8')) as Record<string, string>;
const hex = (text = ''): Buffer => Buffer.from(text, 'hex');
const fromPem = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
const MDL = 'org.iso.18013.5.1.mDL';

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'accepted';
  } catch (error) {
    return error instanceof CredentialError ? error.code : `another error: ${String(error)}`;
  }
};

function anchor(certificate: Uint8Array): TrustAnchor {
  return { id: anchorId(certificate), certificate, documentTypes: 'any', source: 'vectors' };
}

function privateKeyOf(scalar: Buffer): KeyObject {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)].map((part) => part.toString('base64url'));
  const d = Buffer.concat([Buffer.alloc(32 - scalar.length), scalar]).toString('base64url');
  return createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x: x ?? '', y: y ?? '', d }, format: 'jwk' });
}

function documentOf(deviceResponse: Uint8Array): CborMap {
  return ((decodeCbor(deviceResponse) as CborMap).get('documents') as readonly CborMap[])[0] ?? new Map();
}

/** Everything that is disclosed: these presentations answered other questions than ours. */
function elementsOf(deviceResponse: Uint8Array): MdocExpectation['elements'] {
  const nameSpaces = (documentOf(deviceResponse).get('issuerSigned') as CborMap).get('nameSpaces') as CborMap;
  return [...nameSpaces].flatMap(([namespace, items]) =>
    (items as readonly Tagged[]).map(({ value }) => ({
      namespace: String(namespace),
      name: String((decodeCbor(value as Uint8Array) as CborMap).get('elementIdentifier')),
    })),
  );
}

describe('auth0-lab/mdl', () => {
  const issuer = fromPem(read('auth0-mdl/issuer.pem').toString('utf8'));
  const expectationOf = (vector: Record<string, string>): MdocExpectation => ({
    transcript: (decodeCbor(hex(vector['encodedSessionTranscript'])) as Tagged).value as Uint8Array,
    documentType: MDL,
    elements: elementsOf(hex(vector['deviceResponse'])),
    trust: createTrustStore([anchor(issuer)]),
    now: new Date('2024-01-01'),
    allowSamePayload: true,
  });

  it.each(['example1', 'example2'])('%s is authentic; its device signature brings its payload, which we do not take', (name) => {
    const vector = readJson(`auth0-mdl/${name}.json`);
    const response = hex(vector['deviceResponse']);
    const expected = expectationOf(vector);
    expect(codeOf(() => verifyMdoc(response, expected))).toBe('accepted');
    expect(codeOf(() => verifyMdoc(response, { ...expected, allowSamePayload: false }))).toBe('device_payload_attached');
    // Replayed into another session.
    const other = openid4vpTranscript({ clientId: 'x', nonce: 'y', responseUri: 'https://z.example' });
    expect(codeOf(() => verifyMdoc(response, { ...expected, transcript: other }))).toBe('device_payload_attached');
    expect(codeOf(() => verifyMdoc(response, { ...expected, trust: createTrustStore([]) }))).toBe('chain_untrusted');
    expect(codeOf(() => verifyMdoc(response, { ...expected, elements: expected.elements.slice(1) }))).toBe('element_not_requested');
  });

  it('any changed byte is refused', () => {
    const vector = readJson('auth0-mdl/example2.json');
    const response = hex(vector['deviceResponse']);
    const expected = expectationOf(vector);
    for (let at = 0; at < response.length; at += 7) {
      const changed = Buffer.from(response);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const code = codeOf(() => verifyMdoc(changed, expected));
      // The unprotected header of the signature holds a key id that nothing rests on.
      if (code === 'accepted') expect(response.subarray(at - 4, at + 4).toString('latin1')).toContain('11');
      else expect(code).not.toMatch(/^another/);
    }
  });
});

describe('ISO/IEC 18013-5, annex D', () => {
  const vector = readJson('iso18013-5-annex-d/annex_d.json');
  const response = hex(vector['ISO_18013_5_ANNEX_D_DEVICE_RESPONSE']);
  const expected: MdocExpectation = {
    transcript: (decodeCbor(hex(vector['ISO_18013_5_ANNEX_D_SESSION_TRANSCRIPT_BYTES'])) as Tagged).value as Uint8Array,
    documentType: MDL,
    elements: elementsOf(response),
    trust: createTrustStore([anchor(hex(vector['ISO_18013_5_ANNEX_D_DS_CERT']))]),
    now: new Date('2020-10-05'),
    readerKey: privateKeyOf(hex(vector['ISO_18013_5_ANNEX_D_EPHEMERAL_READER_KEY_D'])),
  };

  it('the MAC of the device is right, for this reader and session only', () => {
    expect(codeOf(() => verifyMdoc(response, expected))).toBe('accepted');
    expect(codeOf(() => verifyMdoc(response, { ...expected, readerKey: privateKeyOf(Buffer.alloc(32, 7)) }))).toBe('device_mac');
    expect(codeOf(() => verifyMdoc(response, { ...expected, transcript: new Uint8Array([0xf6]) }))).toBe('device_mac');
    expect(codeOf(() => verifyMdoc(response, { ...expected, now: new Date('2021-10-05') }))).toMatch(/expired$/);
  });

  it('over OpenID4VP there is no MAC', () => {
    expect(codeOf(() => verifyMdoc(response, { ...expected, readerKey: undefined }))).toBe('device_mac_not_possible');
  });
});

describe('annex C', () => {
  interface AnnexC {
    readonly origin: string;
    readonly encryptionInfoB64: string;
    readonly encryptedResponseB64: string;
    readonly recipientPrivateKeyHex: string;
    readonly expected: { readonly sessionTranscriptCborSha256Hex: string; readonly deviceResponseCborSha256Hex: string };
  }
  const load = (name: string): AnnexC => JSON.parse(read(`annex-c/${name}.json`).toString('utf8')) as AnnexC;
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const open = (vector: AnnexC, origin = vector.origin): ReturnType<typeof openAnnexC> =>
    openAnnexC(vector.encryptedResponseB64, {
      encryptionInfo: vector.encryptionInfoB64,
      origin,
      privateKey: privateKeyOf(hex(vector.recipientPrivateKeyHex)).export({ format: 'jwk' }) as never,
    });

  it.each(['ANNEXC-REAL-001', 'ANNEXC-DETERMINISTIC-001'])('%s: the transcript', (name) => {
    const vector = load(name);
    expect(sha256(annexCTranscript({ encryptionInfo: vector.encryptionInfoB64, origin: vector.origin }))).toBe(vector.expected.sessionTranscriptCborSha256Hex);
  });

  it('the deterministic one opens, for its origin; what is in it is no presentation', () => {
    const vector = load('ANNEXC-DETERMINISTIC-001');
    const { deviceResponse, transcript } = open(vector);
    expect(sha256(deviceResponse)).toBe(vector.expected.deviceResponseCborSha256Hex);
    expect(codeOf(() => open(vector, 'https://evil.example'))).toBe('response_decryption');
    expect(codeOf(() => verifyMdoc(deviceResponse, { transcript, documentType: MDL, elements: [], trust: createTrustStore([]), now: new Date() }))).toMatch(
      /^(cbor|mdoc)_/,
    );
  });

  it('the real one was for another key', () => {
    expect(codeOf(() => open(load('ANNEXC-REAL-001')))).toBe('response_decryption');
  });
});

describe('EU age verification profile, annex A', () => {
  it('our device request is the one of the example', () => {
    const { deviceRequest } = readJson('eu-av/annex_a_dcapi_example.json');
    expect(encodeDeviceRequest([{ id: 'eu', format: 'mso_mdoc', documentType: EU_AGE, namespace: EU_AGE, elements: ['age_over_18'] }])).toBe(deviceRequest);
  });

  it('its response was for another key', () => {
    const { encryptionInfo = '', response } = readJson('eu-av/annex_a_dcapi_example.json');
    const privateKey = privateKeyOf(Buffer.alloc(32, 5)).export({ format: 'jwk' }) as never;
    expect(() => openAnnexC(response, { encryptionInfo, origin: 'https://verifier.example', privateKey })).toThrow(CredentialError);
  });

  it('its document signers say what they are for', () => {
    const { dsCerts } = JSON.parse(read('eu-av/annex_a_certs_and_mso.json').toString('utf8')) as { dsCerts: readonly string[] };
    for (const certificate of dsCerts) expect(readCertificate(hex(certificate)).purposes).toContain('1.3.130.2.0.0.1.2');
  });
});

describe('issuer data that are no presentations', () => {
  it('BDr: signed by the issuer, and refused', () => {
    const { certificates } = JSON.parse(read('mdoc-ts/bdr/params.json').toString('utf8')) as { certificates: readonly string[] };
    const bytes = read('mdoc-ts/bdr/issuerSigned.cbor');
    const issuerSigned = decodeCbor(bytes) as CborMap;
    const issuerAuth = readTaggedCose(issuerSigned.get('issuerAuth'));
    const signer = readCertificate(fromPem(certificates[0] ?? ''));
    expect(verifySign1(issuerAuth, signer.x509.publicKey, issuerAuth.payload ?? new Uint8Array(0))).toBe(true);
    const { digests, digestAlgorithm } = readMso(issuerAuth.payload, MDL);
    expect(digestAlgorithm).toBe('SHA-256');
    for (const [namespace, items] of issuerSigned.get('nameSpaces') as CborMap) {
      for (const { value, raw } of items as readonly Tagged[]) {
        const id = Number((decodeCbor(value as Uint8Array) as CborMap).get('digestID'));
        expect(Buffer.from(digests.get(String(namespace))?.get(id) ?? []).toString('hex')).toBe(createHash('sha256').update(raw).digest('hex'));
      }
    }
    const trust = createTrustStore(certificates.map((pem) => anchor(fromPem(pem))));
    expect(codeOf(() => verifyMdoc(bytes, { transcript: new Uint8Array(0), documentType: MDL, elements: [], trust, now: new Date('2026-01-01') }))).toBe(
      'mdoc_version',
    );
  });

  it('EUDI verifier: several documents, unknown issuers, unknown sessions', () => {
    const trust = createTrustStore([]);
    const now = new Date('2026-01-01');
    const single = Buffer.from(read('eudi-verifier/MdlVP.b64u').toString('utf8').trim(), 'base64url');
    expect(codeOf(() => verifyMdoc(single, { transcript: new Uint8Array(0), documentType: MDL, elements: elementsOf(single), trust, now }))).toBe(
      'chain_untrusted',
    );
    const { eu_europa_ec_eudi_pid_1: several } = JSON.parse(read('eudi-verifier/06-pidPlusMdl-vpToken.json').toString('utf8')) as {
      eu_europa_ec_eudi_pid_1: readonly string[];
    };
    expect(
      codeOf(() =>
        verifyMdoc(Buffer.from(several[0] ?? '', 'base64url'), {
          transcript: new Uint8Array(0),
          documentType: 'eu.europa.ec.eudi.pid.1',
          elements: [],
          trust,
          now,
        }),
      ),
    ).not.toBe('accepted');
    const sdJwts = Object.values(JSON.parse(read('eudi-verifier/07-ehicSdJwtVc-vpToken.json').toString('utf8')) as Record<string, readonly string[]>);
    for (const presentation of sdJwts.flat())
      expect(codeOf(() => verifySdJwt(presentation, { audience: 'a', nonce: 'n', types: ['urn:eudi:ehic:1'], trust, now }))).not.toBe('accepted');
  });
});

describe('OpenID4VP 1.0 session transcripts (section B.2.6)', () => {
  // The specification's own example values.
  const nonce = 'exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA';
  const jwkThumbprint = hex('4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047');

  it('direct_post.jwt', () => {
    const transcript = openid4vpTranscript({ clientId: 'x509_san_dns:example.com', nonce, jwkThumbprint, responseUri: 'https://example.com/response' });
    expect(transcript.toString()).toBe(
      hex('83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac').toString(),
    );
  });

  it('Digital Credentials API', () => {
    const transcript = dcApiTranscript({ origin: 'https://example.com', nonce, jwkThumbprint });
    expect(Buffer.from(transcript).toString('hex')).toBe(
      '83f6f682764f70656e49443456504443415049'.concat('48616e646f7665725820fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a'),
    );
  });
});
