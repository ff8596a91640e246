/** Presentations of mdoc credentials that no verifier may accept. */
import { createHash } from 'node:crypto';
import { decodeCbor, encodeCbor, MDL, Tagged, wrapCbor, type CborMap, type CborValue } from '../src/index.ts';
import { createCertificate, createTestAuthority, PURPOSES, type TestAuthority } from '../src/simulator/index.ts';
import { authority, createKeyPair, DAY_MS, mdocCase, NOW, otherAuthority, transcriptOf, type HostileCase } from './hostile-scene.ts';

type Edit = (map: Map<string, CborValue>) => void;
const set =
  (name: string, value: CborValue): Edit =>
  (map) =>
    void map.set(name, value);
const drop =
  (name: string): Edit =>
  (map) =>
    void map.delete(name);
const asMap = (value: CborValue): Map<string, CborValue> => value as Map<string, CborValue>;
const inIssuerSigned =
  (edit: Edit): Edit =>
  (document) =>
    edit(asMap(document.get('issuerSigned')));
const inDeviceSigned =
  (edit: Edit): Edit =>
  (document) =>
    edit(asMap(document.get('deviceSigned')));
const time = (text: string): Tagged => new Tagged(0, text);
const validity =
  (signed: string, from: string, until: string): Edit =>
  (mso) =>
    void mso.set(
      'validityInfo',
      new Map([
        ['signed', time(signed)],
        ['validFrom', time(from)],
        ['validUntil', time(until)],
      ]),
    );

/** A certificate below the root with one thing wrong; credentials are signed with its key. */
function withSigner(change: Parameters<typeof createTestAuthority>[0]['signer']): TestAuthority['signer'] {
  const from = new Date(NOW.getTime() - 365 * DAY_MS);
  const base = {
    subject: 'Simulated document signer (not real)',
    key: createKeyPair(),
    validFrom: from,
    validTo: new Date(NOW.getTime() + 400 * DAY_MS),
    purposes: [PURPOSES.ageVerification],
  };
  return createCertificate({ ...base, ...change }, authority.root);
}

function withRoot(root: Parameters<typeof createTestAuthority>[0]['root']): Parameters<typeof mdocCase>[3] {
  const made = createTestAuthority({ now: NOW, root: root ?? {} });
  return { issue: { signer: made.signer }, anchors: [made.anchor] };
}

function sessionCases(): HostileCase[] {
  return [
    mdocCase('fine', 'Nothing is wrong with this one.', 'accepted'),
    mdocCase('fine-false', '"Not over 18" is an answer, not an error.', 'accepted', { issue: { elements: { age_over_18: false } } }),
    mdocCase('fine-p384', 'A signer and a device with P-384 keys.', 'accepted', {
      issue: { signer: withSigner({ key: createKeyPair('P-384') }), deviceKey: createKeyPair('P-384') },
    }),
    mdocCase('wrong-nonce', 'Signed for another nonce.', 'device_signature', {
      present: { transcript: transcriptOf({ nonce: 'another nonce that we never sent' }) },
    }),
    mdocCase('wrong-client-id', 'Signed for another verifier.', 'device_signature', {
      present: { transcript: transcriptOf({ clientId: 'redirect_uri:https://evil.example/' }) },
    }),
    mdocCase('client-id-without-prefix', 'Signed for our client id without its prefix.', 'device_signature', {
      present: { transcript: transcriptOf({ clientId: 'https://age.example/age/wallet/response/1' }) },
    }),
    mdocCase('wrong-response-uri', 'Signed for another response address.', 'device_signature', {
      present: { transcript: transcriptOf({ responseUri: 'https://evil.example/' }) },
    }),
    mdocCase('thumbprint-where-none', 'Signed with the thumbprint of an encryption key, where the answer is not encrypted.', 'device_signature', {
      present: { transcript: transcriptOf({ jwkThumbprint: createHash('sha256').update('key').digest() }) },
    }),
    mdocCase('empty-transcript', 'Signed over an empty transcript.', 'device_signature', { present: { transcript: encodeCbor([null, null, null]) } }),
    mdocCase(
      'draft-handover',
      'Signed over the handover of OpenID4VP draft 18 (hashes of client id and response address with a wallet nonce).',
      'device_signature',
      {
        present: { transcript: encodeCbor([null, null, [createHash('sha256').update('a').digest(), createHash('sha256').update('b').digest(), 'nonce']]) },
      },
    ),
    mdocCase('attached-payload-replay', 'Recorded in another session; the signature carries the payload that it was made over.', 'device_payload_attached', {
      present: { transcript: transcriptOf({ nonce: 'of an earlier session' }), twist: { isAttached: true } },
    }),
    mdocCase('attached-payload', 'Made for this session, but the payload is attached.', 'device_payload_attached', {
      present: { twist: { isAttached: true } },
    }),
    mdocCase('attached-empty-payload', 'An empty payload is attached.', 'device_payload_attached', {
      present: {
        twist: {
          deviceAuth: (auth) =>
            void auth.set(
              'deviceSignature',
              (auth.get('deviceSignature') as readonly CborValue[]).map((part, at) => (at === 2 ? new Uint8Array(0) : part)),
            ),
        },
      },
    }),
  ];
}

function deviceCases(): HostileCase[] {
  const signature = (edit: (parts: CborValue[]) => void): NonNullable<Parameters<typeof mdocCase>[3]> => ({
    present: {
      twist: {
        deviceAuth(auth) {
          const parts = [...(auth.get('deviceSignature') as readonly CborValue[])];
          edit(parts);
          auth.set('deviceSignature', parts);
        },
      },
    },
  });
  return [
    mdocCase('no-device-signed', 'There is no deviceSigned: issuer data alone.', 'device_auth_missing', {
      present: { twist: { document: drop('deviceSigned') } },
    }),
    mdocCase('no-device-auth', 'deviceAuth is empty.', 'device_auth_malformed', { present: { twist: { deviceAuth: drop('deviceSignature') } } }),
    mdocCase('other-device-key', 'Signed with a key that the issuer did not bind.', 'device_signature', {
      present: { twist: { deviceKey: createKeyPair().privateKey } },
    }),
    mdocCase('issuer-key-as-device', "Signed with the issuer's key.", 'device_signature', {
      present: { twist: { deviceKey: authority.signer.key.privateKey } },
    }),
    mdocCase(
      'zero-signature',
      'A device signature of zeros.',
      'device_signature',
      signature((parts) => void (parts[3] = new Uint8Array(64))),
    ),
    mdocCase(
      'empty-signature',
      'An empty device signature.',
      'device_signature',
      signature((parts) => void (parts[3] = new Uint8Array(0))),
    ),
    mdocCase(
      'der-signature',
      'A device signature in DER.',
      'device_signature',
      signature((parts) => void (parts[3] = Buffer.from('3006020101020101', 'hex'))),
    ),
    mdocCase(
      'signature-algorithm-none',
      'The device signature names no algorithm.',
      'algorithm_not_allowed',
      signature((parts) => void (parts[0] = new Uint8Array(0))),
    ),
    mdocCase('signature-algorithm-other', 'The device signature names ES384 with a P-256 key.', 'algorithm_not_allowed', {
      present: { twist: { algorithm: -35 } },
    }),
    mdocCase(
      'signature-algorithm-unprotected',
      'The algorithm stands where nothing protects it.',
      'algorithm_not_allowed',
      signature((parts) => {
        parts[0] = new Uint8Array(0);
        parts[1] = new Map([[1, -7]]);
      }),
    ),
    mdocCase(
      'signature-critical',
      'The device signature has a critical header.',
      'cose_malformed',
      signature(
        (parts) =>
          void (parts[0] = encodeCbor(
            new Map<number, CborValue>([
              [1, -7],
              [2, [99]],
              [99, 1],
            ]),
          )),
      ),
    ),
    mdocCase(
      'header-twice',
      'The algorithm stands in both headers.',
      'cose_malformed',
      signature((parts) => void (parts[1] = new Map([[1, -7]]))),
    ),
    mdocCase(
      'signature-three-parts',
      'A COSE structure with a part missing.',
      'cose_malformed',
      signature((parts) => void parts.pop()),
    ),
    mdocCase('mac-over-openid4vp', 'A MAC, to which there is no key in this protocol.', 'device_mac_not_possible', {
      present: { readerKey: createKeyPair().publicKey },
    }),
    mdocCase('mac-and-signature', 'A MAC and a signature.', 'device_auth_malformed', {
      present: { twist: { deviceAuth: (auth) => void auth.set('deviceMac', auth.get('deviceSignature') ?? null) } },
    }),
    mdocCase('device-key-missing', 'The issuer bound no key.', 'device_key_malformed', { issue: { twist: { mso: set('deviceKeyInfo', new Map()) } } }),
    mdocCase('device-key-private', 'The bound key comes with its private part.', 'device_key_malformed', {
      issue: {
        twist: {
          mso: (mso) => void (asMap(asMap(mso.get('deviceKeyInfo')).get('deviceKey')) as unknown as Map<number, CborValue>).set(-4, new Uint8Array(32)),
        },
      },
    }),
    mdocCase('device-key-off-curve', 'The bound key is not on its curve.', 'device_key_malformed', {
      issue: {
        twist: {
          mso: (mso) => void (asMap(asMap(mso.get('deviceKeyInfo')).get('deviceKey')) as unknown as Map<number, CborValue>).set(-3, new Uint8Array(32).fill(1)),
        },
      },
    }),
    mdocCase('device-signed-age', 'The device says an age in its own name, without being allowed to.', 'device_key_not_authorised', {
      present: { twist: { deviceNameSpaces: new Map([['eu.europa.ec.av.1', new Map([['age_over_18', true]])]]) } },
    }),
    mdocCase('device-signed-only', 'The age is said by the device and by nobody else.', 'age_missing', {
      issue: {
        elements: { age_over_18: false },
        twist: { mso: (mso) => void asMap(mso.get('deviceKeyInfo')).set('keyAuthorizations', new Map([['nameSpaces', ['eu.europa.ec.av.1']]])) },
      },
      present: {
        elements: [],
        twist: { document: inIssuerSigned(set('nameSpaces', new Map())), deviceNameSpaces: new Map([['eu.europa.ec.av.1', new Map([['age_over_18', true]])]]) },
      },
    }),
    mdocCase('device-namespaces-changed', 'What stands there as signed by the device is not what it signed.', 'device_signature', {
      issue: { twist: { mso: (mso) => void asMap(mso.get('deviceKeyInfo')).set('keyAuthorizations', new Map([['nameSpaces', ['x']]])) } },
      present: { twist: { document: inDeviceSigned(set('nameSpaces', new Tagged(24, encodeCbor(new Map([['x', new Map([['a', 1]])]]))))) } },
    }),
  ];
}

function issuerCases(): HostileCase[] {
  const otherSigner = otherAuthority.signer;
  return [
    mdocCase('unknown-issuer', 'Signed by an issuer that is on no list.', 'chain_untrusted', { issue: { signer: otherSigner } }),
    mdocCase('root-sent-along', 'An unknown issuer sends its own root along.', 'chain_untrusted', {
      issue: { signer: otherSigner, twist: { chain: (chain) => [...chain, otherAuthority.root.certificate] } },
    }),
    mdocCase('trusted-root-appended', 'An unknown signer with the trusted root behind it.', 'chain_untrusted', {
      issue: { signer: otherSigner, twist: { chain: (chain) => [...chain, authority.root.certificate] } },
    }),
    mdocCase('trusted-root-first', 'The trusted root is named as the signer.', 'chain_key_usage', {
      issue: { signer: otherSigner, twist: { chain: () => [authority.root.certificate] } },
    }),
    mdocCase('certificate-of-another', 'The certificate of a trusted signer, the signature of somebody else.', 'issuer_signature', {
      issue: { twist: { key: createKeyPair().privateKey } },
    }),
    mdocCase('self-signed-same-name', 'A self-signed certificate with the name of the trusted root.', 'chain_untrusted', {
      issue: {
        signer: createCertificate({
          subject: authority.root.subject,
          key: createKeyPair(),
          validFrom: new Date('2026-01-01'),
          validTo: new Date('2028-01-01'),
          purposes: [PURPOSES.ageVerification],
        }),
      },
    }),
    mdocCase('no-chain', 'No certificate at all.', 'chain_missing', { issue: { twist: { chain: () => [] } } }),
    mdocCase('chain-not-bytes', 'The chain is text.', 'chain_malformed', { issue: { twist: { unprotected: (header) => void header.set(33, 'certificate') } } }),
    mdocCase('chain-garbage', 'The certificate is not one.', 'chain_malformed', { issue: { twist: { chain: () => [new Uint8Array(40).fill(0x30)] } } }),
    mdocCase('chain-too-long', 'Five certificates.', 'chain_malformed', {
      issue: { twist: { chain: (chain) => [...chain, ...chain, ...chain, ...chain, ...chain] } },
    }),
    mdocCase('certificate-expired', "The signer's certificate has expired.", 'chain_expired', {
      issue: { signer: withSigner({ validTo: new Date(NOW.getTime() - DAY_MS) }) },
    }),
    mdocCase('certificate-to-come', "The signer's certificate is not valid yet.", 'chain_not_yet_valid', {
      issue: { signer: withSigner({ validFrom: new Date(NOW.getTime() + DAY_MS) }) },
    }),
    mdocCase('root-expired', 'The trusted root has expired.', 'chain_expired', withRoot({ validTo: new Date(NOW.getTime() - DAY_MS) })),
    mdocCase('anchor-of-other-type', 'The issuer is trusted for driving licences only.', 'anchor_document_type', {
      anchors: [{ ...authority.anchor, documentTypes: [MDL] }],
    }),
    mdocCase('anchor-withdrawn', 'The list says that the issuer was trusted until yesterday.', 'chain_expired', {
      anchors: [{ ...authority.anchor, validTo: new Date(NOW.getTime() - DAY_MS) }],
    }),
    mdocCase('anchor-to-come', 'The list trusts the issuer from tomorrow on.', 'chain_not_yet_valid', {
      anchors: [{ ...authority.anchor, validFrom: new Date(NOW.getTime() + DAY_MS) }],
    }),
    mdocCase('wrong-purpose', 'The certificate is for web servers.', 'chain_purpose', { issue: { signer: withSigner({ purposes: ['1.3.6.1.5.5.7.3.1'] }) } }),
    mdocCase('no-purpose', 'The certificate says no purpose.', 'chain_purpose', {
      issue: {
        signer: createCertificate({ subject: 'x', key: createKeyPair(), validFrom: new Date('2026-01-01'), validTo: new Date('2028-01-01') }, authority.root),
      },
    }),
    mdocCase('reader-purpose', 'The certificate is for readers, not for issuers.', 'chain_purpose', {
      issue: { signer: withSigner({ purposes: ['1.0.18013.5.1.6'] }) },
    }),
    mdocCase('no-signing-usage', 'The certificate may not sign.', 'chain_key_usage', { issue: { signer: withSigner({ usage: 0x08 }) } }),
    mdocCase('signer-is-authority', 'The signer is an authority below the root.', 'chain_is_ca', { issue: { signer: withSigner({ isCa: true }) } }),
    mdocCase('root-signs', 'The root signed the credential itself, and sends itself.', 'chain_key_usage', { issue: { signer: authority.root } }),
    mdocCase('root-is-no-authority', 'The trusted root is not marked as an authority.', 'chain_not_ca', withRoot({ isCa: false })),
    mdocCase('root-may-not-certify', 'The trusted root may not sign certificates.', 'chain_key_usage', withRoot({ usage: 0x02 })),
    mdocCase(
      'signer-below-signer',
      'A signer certifies another signer.',
      'chain_not_ca',
      (() => {
        const below = createCertificate(
          { subject: 'below', key: createKeyPair(), validFrom: new Date('2026-01-01'), validTo: new Date('2028-01-01'), purposes: [PURPOSES.ageVerification] },
          authority.signer,
        );
        return { issue: { signer: below, twist: { chain: (chain: readonly Uint8Array[]) => [...chain, authority.signer.certificate] } } };
      })(),
    ),
    mdocCase(
      'path-too-long',
      'An authority below a root that allows none.',
      'chain_path_length',
      (() => {
        const middle = createCertificate(
          { subject: 'middle', key: createKeyPair(), validFrom: new Date('2026-01-01'), validTo: new Date('2028-01-01'), isCa: true },
          authority.root,
        );
        const below = createCertificate(
          { subject: 'below', key: createKeyPair(), validFrom: new Date('2026-01-01'), validTo: new Date('2028-01-01'), purposes: [PURPOSES.ageVerification] },
          middle,
        );
        return { issue: { signer: below, twist: { chain: (chain: readonly Uint8Array[]) => [...chain, middle.certificate] } } };
      })(),
    ),
    mdocCase('chain-shuffled', 'The chain is not in order.', 'chain_signature', {
      issue: { twist: { chain: (chain) => [...chain, otherAuthority.signer.certificate] } },
    }),
    mdocCase('critical-extension', 'A critical extension that nobody knows.', 'chain_critical_extension', {
      issue: { signer: withSigner({ criticalExtension: '1.2.3.4.5' }) },
    }),
    mdocCase('issuer-algorithm', "The issuer's signature names ES512 with a P-256 key.", 'algorithm_not_allowed', { issue: { twist: { algorithm: -36 } } }),
    mdocCase('issuer-algorithm-rs1', "The issuer's signature names RSA with SHA-1.", 'algorithm_not_allowed', { issue: { twist: { algorithm: -65535 } } }),
    mdocCase('issuer-payload-detached', 'The signed object is missing.', 'mso_malformed', { issue: { twist: { payload: () => null } } }),
    mdocCase('issuer-payload-changed', 'One byte of the signed object was changed.', 'issuer_signature', {
      issue: {
        twist: {
          payload(payload) {
            const changed = Buffer.from(payload);
            const at = changed.indexOf('validUntil');
            changed[at + 15] = 0x39;
            return changed;
          },
        },
      },
    }),
  ];
}

function objectCases(): HostileCase[] {
  const reEncode =
    (edit: Edit) =>
    (response: Uint8Array): Uint8Array => {
      const map = new Map(decodeCbor(response) as CborMap) as Map<string, CborValue>;
      edit(map);
      return encodeCbor(map);
    };
  const tampered = (value: CborValue, random?: Uint8Array): Edit =>
    inIssuerSigned((signed) => {
      const [[namespace, items]] = [...asMap(signed.get('nameSpaces'))] as [[string, CborValue]];
      const [first] = items as readonly Tagged[];
      const item = new Map(decodeCbor(first?.value as Uint8Array) as CborMap) as Map<string, CborValue>;
      item.set('elementValue', value);
      if (random !== undefined) item.set('random', random);
      signed.set('nameSpaces', new Map([[namespace, [wrapCbor(item)]]]));
    });
  return [
    mdocCase('tampered-element', '"false" was changed to "true".', 'digest_differs', {
      issue: { elements: { age_over_18: false } },
      present: { twist: { document: tampered(true) } },
    }),
    mdocCase('element-of-another', 'An element out of another credential.', 'digest_differs', {
      present: { twist: { document: tampered(true, new Uint8Array(32)) } },
    }),
    mdocCase('element-text', 'An age that is text.', 'age_malformed', { issue: { elements: { age_over_18: 'true' } } }),
    mdocCase('element-number', 'An age that is a number.', 'age_malformed', { issue: { elements: { age_over_18: 1 } } }),
    mdocCase('contradiction', 'Over 21, and not over 18.', 'age_contradiction', { issue: { elements: { age_over_18: false, age_over_21: true } } }),
    mdocCase('contradiction-same', 'Two elements with digests of their own say of one age what cannot both be.', 'element_repeated', {
      issue: { elements: { age_over_18: true, age_over_21: true }, twist: { item: (item) => void item.set('elementIdentifier', 'age_over_18') } },
    }),
    mdocCase('nothing-disclosed', 'A presentation without any element.', 'age_missing', { present: { elements: [] } }),
    mdocCase('name-disclosed', 'A name was disclosed, which nobody asked for.', 'element_not_requested', {
      issue: { elements: { age_over_18: true, family_name: 'X' } },
    }),
    mdocCase('other-namespace', 'The age stands in another name space.', 'element_not_requested', { issue: { namespace: 'org.example.1' } }),
    mdocCase('digest-missing', 'The element has no digest.', 'digest_missing', {
      issue: { twist: { mso: set('valueDigests', new Map([['eu.europa.ec.av.1', new Map()]])) } },
    }),
    mdocCase('digest-of-other-namespace', 'The digest stands in another name space.', 'digest_missing', {
      issue: { twist: { mso: (mso) => void mso.set('valueDigests', new Map([['x', [...asMap(mso.get('valueDigests')).values()][0] ?? null]])) } },
    }),
    mdocCase('digest-id-twice', 'Two elements under one digest id.', 'digest_repeated', {
      issue: { elements: { age_over_18: true, age_over_21: true }, twist: { item: (item) => void item.set('digestID', 0), mso: (mso) => void mso } },
      present: { elements: ['age_over_18', 'age_over_21'] },
    }),
    mdocCase('random-too-short', 'A salt of eight bytes: the digests can be guessed open.', 'mdoc_malformed', {
      issue: { twist: { item: set('random', new Uint8Array(8)) } },
    }),
    mdocCase('digest-sha1', 'Digests by SHA-1.', 'digest_algorithm', { issue: { twist: { mso: set('digestAlgorithm', 'SHA-1') } } }),
    mdocCase('mso-of-other-type', 'The issuer signed a membership card.', 'doc_type_differs', {
      issue: { twist: { mso: set('docType', 'org.example.membership') } },
    }),
    mdocCase('document-of-other-type', 'The document calls itself a driving licence.', 'doc_type_differs', {
      present: { twist: { document: set('docType', MDL) } },
    }),
    mdocCase('type-with-space', 'The type has a space at its end.', 'doc_type_differs', {
      present: { twist: { document: set('docType', 'eu.europa.ec.av.1 ') } },
    }),
    mdocCase('device-type-differs', 'The device signed another type of document.', 'device_signature', { present: { twist: { deviceDocumentType: MDL } } }),
    mdocCase('mso-version', 'A signed object of version 2.', 'mso_version', { issue: { twist: { mso: set('version', '2.0') } } }),
    mdocCase('expired', 'The credential has expired.', 'expired', { now: new Date(NOW.getTime() + 31 * DAY_MS) }),
    mdocCase('not-yet-valid', 'The credential is valid from tomorrow on.', 'not_yet_valid', { issue: { now: new Date(NOW.getTime() + DAY_MS) } }),
    mdocCase('until-before-from', 'The credential ends before it begins.', 'validity_malformed', {
      issue: { twist: { mso: validity('2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z', '2026-11-01T00:00:00Z') } },
    }),
    mdocCase('signed-after-from', 'Signed a month after it became valid.', 'validity_malformed', {
      issue: { twist: { mso: validity('2026-11-20T00:00:00Z', '2026-10-20T00:00:00Z', '2026-12-20T00:00:00Z') } },
    }),
    mdocCase('validity-as-text', 'Times without their tag.', 'mso_malformed', {
      issue: {
        twist: {
          mso: set(
            'validityInfo',
            new Map([
              ['signed', '2026-11-01T00:00:00Z'],
              ['validFrom', '2026-11-01T00:00:00Z'],
              ['validUntil', '2027-11-01T00:00:00Z'],
            ]),
          ),
        },
      },
    }),
    mdocCase('validity-missing', 'No validity.', 'mso_malformed', { issue: { twist: { mso: drop('validityInfo') } } }),
    mdocCase('status-without-list', 'The credential names a status list that is not at hand.', 'status_unknown', {
      issue: {
        status: new Map([
          [
            'status_list',
            new Map<string, CborValue>([
              ['uri', 'https://issuer.example/1'],
              ['idx', 5],
            ]),
          ],
        ]),
      },
    }),
    mdocCase('status-malformed', 'A status that cannot be read.', 'status_malformed', {
      issue: {
        status: new Map([
          [
            'status_list',
            new Map<string, CborValue>([
              ['uri', 5],
              ['idx', -1],
            ]),
          ],
        ]),
      },
    }),
    mdocCase('no-documents', 'No document.', 'mdoc_documents', { present: { twist: { response: set('documents', []) } } }),
    mdocCase('documents-missing', 'Not even a list of documents.', 'mdoc_documents', { present: { twist: { response: drop('documents') } } }),
    mdocCase('two-documents', 'Two documents where one was asked for.', 'mdoc_documents', {
      present: {
        twist: {
          response: (response) =>
            void response.set('documents', [...(response.get('documents') as readonly CborValue[]), ...(response.get('documents') as readonly CborValue[])]),
        },
      },
    }),
    mdocCase('document-errors', 'Errors for a document beside the document.', 'mdoc_documents', {
      present: { twist: { response: set('documentErrors', [new Map([['x', 1]])]) } },
    }),
    mdocCase('errors-in-document', 'Errors for elements in the document.', 'mdoc_document_errors', {
      present: { twist: { document: set('errors', new Map()) } },
    }),
    mdocCase('status-10', 'The response says that an error happened.', 'mdoc_status', { present: { twist: { response: set('status', 10) } } }),
    mdocCase('status-missing', 'The response says nothing about its status.', 'mdoc_status', { present: { twist: { response: drop('status') } } }),
    mdocCase('response-version', 'A response of version 1.1.', 'mdoc_version', { present: { twist: { response: set('version', '1.1') } } }),
    mdocCase('response-is-array', 'The response is a list.', 'mdoc_malformed', { bytes: () => encodeCbor([1, 2]) }),
    mdocCase('issuer-signed-alone', 'Issuer data in place of a response.', 'mdoc_version', {
      bytes: (response) => encodeCbor(((decodeCbor(response) as CborMap).get('documents') as readonly CborMap[])[0]?.get('issuerSigned') ?? null),
    }),
    mdocCase('trailing-byte', 'A byte behind the response.', 'cbor_trailing', { bytes: (response) => Buffer.concat([response, Uint8Array.of(0)]) }),
    mdocCase('truncated', 'The last byte is missing.', 'cbor_malformed', { bytes: (response) => response.subarray(0, -1) }),
    mdocCase('duplicate-key', 'The response has its status twice.', 'cbor_duplicate_key', {
      bytes: (response) => Buffer.concat([Uint8Array.of(0xa4), response.subarray(1), Buffer.from('6673746174757300', 'hex')]),
    }),
    mdocCase('indefinite-map', 'A map without a length.', 'cbor_indefinite', {
      bytes: (response) => Buffer.concat([Uint8Array.of(0xbf), response.subarray(1), Uint8Array.of(0xff)]),
    }),
    mdocCase('too-deep', 'A thousand lists inside each other.', 'cbor_too_deep', { bytes: () => Buffer.concat([Buffer.alloc(1000, 0x81), Uint8Array.of(0)]) }),
    mdocCase('length-lies', 'A list that says it has four billion items.', 'cbor_malformed', { bytes: () => Buffer.from('9affffffff00', 'hex') }),
    mdocCase('text-not-utf8', 'Text that is not UTF-8.', 'cbor_malformed', { bytes: () => Buffer.from('62c328', 'hex') }),
    mdocCase('empty', 'Nothing.', 'vp_token_malformed', { bytes: () => new Uint8Array(0) }),
    mdocCase('item-not-wrapped', 'An element without its wrapping.', 'mdoc_malformed', {
      present: { twist: { document: inIssuerSigned(set('nameSpaces', new Map([['eu.europa.ec.av.1', [new Map([['age_over_18', true]])]]]))) } },
    }),
    mdocCase('extra-key-in-response', 'An unknown key in the response changes nothing.', 'accepted', { bytes: reEncodeKeepingRaw }),
    mdocCase('version-missing', 'The response has no version.', 'mdoc_version', { bytes: reEncode(drop('version')) }),
  ];
}

/** Adds a key at the end without touching what is signed. */
function reEncodeKeepingRaw(response: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0xa4), response.subarray(1), encodeCbor('x'), encodeCbor(1)]);
}

export function mdocCases(): HostileCase[] {
  return [...sessionCases(), ...deviceCases(), ...issuerCases(), ...objectCases()];
}
