/**
 * @owf/mdoc: `Verifier.verifyDeviceResponse` with its own transcripts for OpenID4VP and the Digital Credentials API, and a device request, so that the answer is held
 * against what was asked. Cryptography and certificates are its caller's: here those of Node, with the chain check that its own tests use.
 */
import { createHash, createHmac, createPublicKey, diffieHellman, createPrivateKey, hkdfSync, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { CoseKey, DeviceRequest, DeviceResponse, DocRequest, EReaderKey, ItemsRequest, SessionTranscript, Verifier } from '@owf/mdoc';
import { createChainCheck } from './chain.mjs';
import { NotApplicable, serve, toPem } from './child.mjs';

const HASHES = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };
const SIGNATURE_HASHES = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', EdDSA: null };

serve(
  (anchors) => {
    const context = createContext(createChainCheck(anchors));
    return async (input) => {
      const deviceResponse = DeviceResponse.decode(new Uint8Array(Buffer.from(input.presentation, 'base64url')));
      await Verifier.verifyDeviceResponse(
        {
          deviceRequest: toRequest(input),
          deviceResponse,
          sessionTranscript: await toTranscript(input, context),
          trustedCertificates: anchors.map((anchor) => new Uint8Array(anchor)),
          now: new Date(),
          ...(input.readerKey === undefined ? {} : { ephemeralReaderKey: EReaderKey.fromJwk(input.readerKey) }),
        },
        context,
      );
      const items = (deviceResponse.documents ?? []).flatMap(({ issuerSigned }) => [...issuerSigned.issuerNamespaces.issuerNamespaces.values()].flat());
      return items.map(({ elementIdentifier, elementValue }) => [elementIdentifier, elementValue]);
    };
  },
  {
    library: '@owf/mdoc',
    call: 'Verifier.verifyDeviceResponse({ deviceRequest, deviceResponse, sessionTranscript, trustedCertificates, now }, context)',
  },
);

function toRequest({ documentType, asked }) {
  const namespaces = {};
  for (const { namespace, name } of asked) (namespaces[namespace] ??= {})[name] = false;
  return DeviceRequest.create({ docRequests: [DocRequest.create({ itemsRequest: ItemsRequest.create({ docType: documentType, namespaces }) })] });
}

function toTranscript({ handover, transcript }, context) {
  const jwkThumbprint = handover.thumbprint === undefined ? undefined : new Uint8Array(Buffer.from(handover.thumbprint, 'base64url'));
  if (handover.kind === 'openid4vp') return SessionTranscript.forOid4Vp({ ...handover, jwkThumbprint }, context);
  if (handover.kind === 'dc_api') return SessionTranscript.forOid4VpDcApi({ ...handover, jwkThumbprint }, context);
  try {
    return SessionTranscript.decode(new Uint8Array(Buffer.from(transcript, 'base64url')));
  } catch (cause) {
    throw new NotApplicable('this version has no handover of that kind', { cause });
  }
}

function createContext(checkChain) {
  return {
    crypto: {
      digest: ({ digestAlgorithm, bytes }) => new Uint8Array(createHash(HASHES[digestAlgorithm]).update(bytes).digest()),
      random: () => {
        throw new Error('nothing is issued here');
      },
      calculateEphemeralMacKey: ({ privateKey, publicKey, sessionTranscriptBytes, info }) => {
        const salt = createHash('sha256').update(sessionTranscriptBytes).digest();
        return toMacKey(hkdfSync('sha256', shareSecret(privateKey, publicKey), salt, info, 32));
      },
    },
    cose: {
      sign1: {
        verify: ({ sign1, key }) => {
          const hash = SIGNATURE_HASHES[sign1.signatureAlgorithmName];
          if (hash === undefined) throw new Error(`algorithm ${sign1.signatureAlgorithmName}`);
          const publicKey = key.keyObject ?? createPublicKey({ key: toJwk(key), format: 'jwk' });
          return verify(hash, sign1.toBeSigned, { key: publicKey, dsaEncoding: 'ieee-p1363' }, sign1.signature);
        },
      },
      mac0: {
        verify: ({ mac0, key }) => {
          const mac = createHmac('sha256', key.privateKey).update(mac0.toBeAuthenticated).digest();
          return mac.length === mac0.tag.length && timingSafeEqual(mac, mac0.tag);
        },
      },
    },
    x509: {
      getIssuerNameField: ({ certificate, field }) => readName(new X509Certificate(certificate).issuer, field),
      // The key as Node has it: turning it into a COSE key and back for every signature is no part of the comparison.
      getPublicKey: ({ certificate }) => ({ keyObject: new X509Certificate(certificate).publicKey }),
      verifyCertificateChain: ({ x5chain }) => checkChain(x5chain),
      getCertificateData: ({ certificate }) => {
        const { issuer, subject, serialNumber, fingerprint256, validFrom, validTo } = new X509Certificate(certificate);
        const dates = { notBefore: new Date(validFrom), notAfter: new Date(validTo) };
        return { issuerName: issuer, subjectName: subject, serialNumber, thumbprint: fingerprint256, ...dates, pem: toPem(certificate) };
      },
    },
  };
}

/** Its own `jwk` writes P-384 in a way that Node does not know. */
function toJwk({ curve, x, y }) {
  const crv = { 1: 'P-256', 2: 'P-384', 3: 'P-521' }[curve];
  return { kty: 'EC', crv, x: Buffer.from(x).toString('base64url'), y: Buffer.from(y).toString('base64url') };
}

function readName(name, field) {
  return name
    .split('\n')
    .filter((line) => line.startsWith(`${field}=`))
    .map((line) => line.slice(field.length + 1));
}

function shareSecret(privateKey, publicKey) {
  const [x, y] = [publicKey.subarray(1, 33), publicKey.subarray(33)].map((part) => Buffer.from(part).toString('base64url'));
  const point = { kty: 'EC', crv: 'P-256', x, y };
  // Node takes the public part of a private JWK as it is; only the scalar counts for the agreement.
  return diffieHellman({
    privateKey: createPrivateKey({ key: { ...point, d: Buffer.from(privateKey).toString('base64url') }, format: 'jwk' }),
    publicKey: createPublicKey({ key: point, format: 'jwk' }),
  });
}

function toMacKey(bytes) {
  return CoseKey.fromJwk({ kty: 'oct', k: Buffer.from(bytes).toString('base64url') });
}
