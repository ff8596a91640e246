/** @auth0/mdl: `Verifier.verify`, as its README shows it. Its only transcripts are those of drafts: it is given ours. */
import mdl from '@auth0/mdl';
import { serve, toPem } from './child.mjs';

serve(
  (anchors) => {
    const verifier = new mdl.Verifier(anchors.map(toPem));
    return async ({ presentation, transcript, readerKey, isChainUnchecked }) => {
      const { documents } = await verifier.verify(Buffer.from(presentation, 'base64url'), {
        encodedSessionTranscript: wrap(Buffer.from(transcript, 'base64url')),
        ...(readerKey === undefined ? {} : { ephemeralReaderKey: toCoseKey(readerKey) }),
        // For the bench, where chains are remembered on all sides but here.
        ...(isChainUnchecked === true ? { disableCertificateChainValidation: true } : {}),
      });
      const items = documents.flatMap(({ issuerSigned }) => Object.values(issuerSigned.nameSpaces).flat());
      return items.map(({ elementIdentifier, elementValue }) => [elementIdentifier, elementValue]);
    };
  },
  { library: '@auth0/mdl', call: 'new Verifier(roots).verify(deviceResponse, { encodedSessionTranscript })' },
);

/** Tag 24 and the head of a byte string (RFC 8949, section 3). */
function wrap(bytes) {
  const head = bytes.length < 24 ? [0x40 + bytes.length] : bytes.length < 256 ? [0x58, bytes.length] : [0x59, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([0xd8, 0x18, ...head]), bytes]);
}

/** COSE_Key of P-256 (RFC 9053, section 7.1). */
function toCoseKey({ x, y, d }) {
  const part = (label, text) => Buffer.concat([Buffer.from([label, 0x58, 0x20]), Buffer.from(text, 'base64url')]);
  return Buffer.concat([Buffer.from([0xa5, 0x01, 0x02, 0x20, 0x01]), part(0x21, x), part(0x22, y), part(0x23, d)]);
}
