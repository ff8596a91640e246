/**
 * What the differential test asks: the published corpus, good presentations made anew in every run, and the vectors of others; each with our verdict, and in the form in which
 * bench/oracles puts it to other verifiers.
 */
import { createECDH, createPrivateKey, randomBytes, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import {
  anchorId,
  annexCTranscript,
  createTrustStore,
  CredentialError,
  dcApiTranscript,
  decodeCbor,
  encodeEncryptionInfo,
  EU_AGE,
  jwkThumbprint,
  MDL,
  openAnnexC,
  openid4vpTranscript,
  verifyMdoc,
  verifyPresentation,
  verifySdJwt,
  type CborMap,
  type MdocExpectation,
  type PostSession,
  type PrivateJwk,
  type Tagged,
  type TrustAnchor,
} from '@gatehouse/credential';
import { createKeyPair, createTestAuthority, issueMdoc, issueSdJwt, presentMdoc, presentSdJwt, type TestAuthority } from '@gatehouse/credential/simulator';

const FIXTURES = new URL('../../../../fixtures/credential/', import.meta.url);
const read = (path: string): Buffer => readFileSync(new URL(path, FIXTURES));
const readJson = (path: string): unknown => JSON.parse(read(path).toString('utf8'));
const readTexts = (path: string): Readonly<Record<string, string>> => readJson(path) as Record<string, string>;
const readTokens = (path: string): Readonly<Record<string, readonly string[]>> => readJson(path) as Record<string, readonly string[]>;
const hex = (text = ''): Buffer => Buffer.from(text, 'hex');
const fromPem = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');

export interface Question {
  readonly format: 'mdoc' | 'sd-jwt';
  readonly presentation: string;
  readonly now: string;
  /** DER, base64. */
  readonly anchors: readonly string[];
  readonly handover: { readonly kind: 'openid4vp' | 'dc_api' | 'bytes'; readonly [name: string]: unknown };
  readonly transcript: string;
  readonly documentType: string;
  /** For a library that holds the answer against a request. */
  readonly asked: readonly { readonly namespace: string; readonly name: string }[];
  readonly audience: string;
  readonly nonce: string;
  readonly readerKey?: object;
}

export interface Input {
  readonly id: string;
  readonly kind: 'hostile' | 'good' | 'vector';
  /** `accepted`, or the code of the refusal. */
  readonly expect: string;
  judge(): Promise<string>;
  /** Or why it cannot be put to a library. */
  readonly question: Question | string;
}

async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'accepted';
  } catch (error) {
    return error instanceof CredentialError ? error.code : `another error: ${String(error)}`;
  }
}

const toAnchor = (certificate: Uint8Array): TrustAnchor => ({ id: anchorId(certificate), certificate, documentTypes: 'any', source: 'test' });

interface FiledCase {
  readonly id: string;
  readonly expect: string;
  readonly now: string;
  readonly session: PostSession;
  readonly response: { readonly vp_token: unknown; readonly state: string };
  readonly trust_anchors: readonly {
    readonly certificate: string;
    readonly document_types: readonly string[] | 'any';
    readonly valid_from?: string;
    readonly valid_to?: string;
  }[];
}

export function readCorpus(): Input[] {
  return ['mdoc', 'sd-jwt', 'openid4vp'].flatMap((set) =>
    readdirSync(new URL(`hostile/${set}/`, FIXTURES)).map((file): Input => {
      const filed = readJson(`hostile/${set}/${file}`) as FiledCase;
      const { session, response, expect, now } = filed;
      const anchors = filed.trust_anchors.map(({ certificate, document_types: documentTypes, valid_from: from, valid_to: to }) => ({
        ...toAnchor(Buffer.from(certificate, 'base64')),
        documentTypes,
        ...(from === undefined ? {} : { validFrom: new Date(from) }),
        ...(to === undefined ? {} : { validTo: new Date(to) }),
      }));
      return {
        id: `${set}/${filed.id}`,
        kind: expect === 'accepted' ? 'good' : 'hostile',
        expect,
        judge: () =>
          codeOf(() =>
            verifyPresentation(
              session,
              { kind: 'direct_post', vpToken: response.vp_token, state: response.state },
              { trust: createTrustStore(anchors), now: new Date(now) },
            ),
          ),
        question: toQuestion(filed),
      };
    }),
  );
}

/** A library gets the presentation alone: what is wrong around it, only its caller can see. */
function toQuestion({ session, response, now, trust_anchors: anchors }: FiledCase): Question | string {
  if (session.kind !== 'direct_post') return 'an answer in the clear, where encryption was asked for';
  if (response.state !== session.state) return 'the state of the response is not that of the session';
  const { wanted, presentation } = findPresentation(response.vp_token, session);
  if (wanted === undefined || presentation === undefined) return 'the vp_token is not one presentation under a query of the session';
  const isMdoc = wanted.format === 'mso_mdoc';
  if (isMdoc && !presentation.includes('~') && !/^[A-Za-z0-9_-]*$/.test(presentation)) return 'the presentation is not base64url';
  const { clientId, nonce, responseUri } = session;
  return {
    format: isMdoc ? 'mdoc' : 'sd-jwt',
    presentation,
    now,
    anchors: anchors.map(({ certificate }) => certificate),
    handover: { kind: 'openid4vp', clientId, nonce, responseUri },
    transcript: toText(openid4vpTranscript(session)),
    documentType: isMdoc ? wanted.documentType : '',
    asked: isMdoc ? [{ namespace: wanted.namespace, name: 'age_over_18' }] : [],
    audience: clientId,
    nonce,
  };
}

function findPresentation(
  token: unknown,
  { wanted }: PostSession,
): { readonly wanted?: PostSession['wanted'][number] | undefined; readonly presentation?: string } {
  if (typeof token !== 'object' || token === null || Array.isArray(token)) return {};
  const [entry, ...more] = Object.entries(token);
  if (entry === undefined || more.length > 0 || !Array.isArray(entry[1]) || entry[1].length !== 1) return {};
  const presentation: unknown = entry[1][0];
  return typeof presentation === 'string' ? { wanted: wanted.find(({ id }) => id === entry[0]), presentation } : {};
}

const NOW = new Date('2026-11-25T12:00:00Z');
const SD_JWT_TYPE = 'urn:example:age:1';
const ORIGIN = 'https://age.example';
const RESPONSE_URI = `${ORIGIN}/age/wallet/response/1`;
const CLIENT_ID = 'x509_hash:Uvo3HtuIxuhC92rShpgqcT3YXwrqRxWEviRiA0OZszk';

interface Way {
  readonly handover: Question['handover'];
  readonly transcript: Uint8Array;
  readonly audience: string;
}

function openWays(nonce: string): Record<'direct_post' | 'direct_post-jwt' | 'dc-api' | 'annex-c', Way> {
  const key = createPrivateKeyJwk();
  const thumbprint = jwkThumbprint(key);
  const encryptionInfo = encodeEncryptionInfo(Buffer.from(nonce, 'base64url'), key);
  const post = { clientId: CLIENT_ID, nonce, responseUri: RESPONSE_URI };
  return {
    direct_post: { handover: { kind: 'openid4vp', ...post }, transcript: openid4vpTranscript(post), audience: CLIENT_ID },
    'direct_post-jwt': {
      handover: { kind: 'openid4vp', ...post, thumbprint: toText(thumbprint) },
      transcript: openid4vpTranscript({ ...post, jwkThumbprint: thumbprint }),
      audience: CLIENT_ID,
    },
    'dc-api': {
      handover: { kind: 'dc_api', origin: ORIGIN, nonce, thumbprint: toText(thumbprint) },
      transcript: dcApiTranscript({ origin: ORIGIN, nonce, jwkThumbprint: thumbprint }),
      audience: `origin:${ORIGIN}`,
    },
    'annex-c': { handover: { kind: 'bytes' }, transcript: annexCTranscript({ encryptionInfo, origin: ORIGIN }), audience: '' },
  };
}

function createPrivateKeyJwk(): PrivateJwk {
  return createKeyPair().privateKey.export({ format: 'jwk' }) as PrivateJwk;
}

/** Good presentations in every way and with every key that a library may see; keys, salts and nonces are new in each run. */
export function makeGood(): Input[] {
  const ways = openWays(toText(randomBytes(16)));
  const post = ways.direct_post;
  return [
    ...(['direct_post', 'direct_post-jwt', 'dc-api', 'annex-c'] as const).map((name) => goodMdoc(`mdoc-${name}`, ways[name])),
    goodMdoc('mdoc-p384', post, withKeys('P-384')),
    goodMdoc('mdoc-p521', post, withKeys('P-521')),
    goodMdoc('mdoc-sha512', post, { digestAlgorithm: 'SHA-512' }),
    goodMdoc('mdoc-driving-licence', post, { documentType: MDL, namespace: 'org.iso.18013.5.1' }),
    goodMdoc('mdoc-two-ages', post, { elements: { age_over_18: true, age_over_21: false } }),
    goodMdoc('mdoc-nearest-age', post, { elements: { age_over_21: true } }),
    ...(['direct_post', 'dc-api'] as const).map((name) => goodSdJwt(`sd-jwt-${name}`, ways[name])),
    goodSdJwt('sd-jwt-two-ages', post, { age_over_18: true, age_over_21: false }),
    goodSdJwt('sd-jwt-nested', post, { age_equal_or_over: { '18': true } }),
  ];
}

const good = (id: string): Head => ({ id: `good/${id}`, kind: 'good', expect: 'accepted' });
type MdocOptions = Parameters<typeof issueMdoc>[0];

function withKeys(curve: 'P-384' | 'P-521'): Pick<MdocOptions, 'deviceKey'> & { readonly authority: TestAuthority } {
  return { deviceKey: createKeyPair(curve), authority: createTestAuthority({ now: NOW, signer: { key: createKeyPair(curve) } }) };
}

function goodMdoc(id: string, way: Way, change: Partial<MdocOptions> & { readonly authority?: TestAuthority } = {}): Input {
  const { authority = createTestAuthority({ now: NOW }), ...options } = change;
  const proof = issueMdoc({
    signer: authority.signer,
    documentType: EU_AGE,
    namespace: EU_AGE,
    elements: { age_over_18: true },
    now: NOW,
    ...options,
  });
  const { documentType, namespace, items } = proof;
  const names = [...items.keys()];
  return toMdocInput(good(id), presentMdoc(proof, { transcript: way.transcript, elements: names }), {
    ...way,
    documentType,
    elements: names.map((name) => ({ namespace, name })),
    // Always this one: a wallet may answer with the nearest age that it has.
    asked: [{ namespace, name: 'age_over_18' }],
    anchors: [authority.root.certificate],
    now: NOW,
  });
}

function goodSdJwt(id: string, way: Way, claims: Readonly<Record<string, unknown>> = { age_over_18: true }): Input {
  const authority = createTestAuthority({ now: NOW });
  const nonce = toText(randomBytes(16));
  const credential = issueSdJwt({ signer: authority.signer, type: SD_JWT_TYPE, claims, now: NOW });
  const presentation = presentSdJwt(credential, { audience: way.audience, nonce, now: NOW, disclose: Object.keys(claims) });
  return toSdJwtInput(good(id), presentation, { ...way, nonce, type: SD_JWT_TYPE, anchors: [authority.root.certificate], now: NOW });
}

type Head = Pick<Input, 'id' | 'kind' | 'expect'>;

interface MdocContent extends Omit<Way, 'audience'> {
  readonly documentType: string;
  readonly elements: MdocExpectation['elements'];
  readonly asked?: MdocExpectation['elements'];
  readonly anchors: readonly Uint8Array[];
  readonly now: Date;
  readonly readerKey?: KeyObject;
}

function toMdocInput(head: Head, bytes: Uint8Array, content: MdocContent): Input {
  const { handover, transcript, documentType, elements, asked = elements, anchors, now, readerKey } = content;
  const trust = createTrustStore(anchors.map(toAnchor));
  return {
    ...head,
    judge: () => codeOf(() => verifyMdoc(bytes, { transcript, documentType, elements, trust, now, readerKey })),
    question: {
      format: 'mdoc',
      presentation: toText(bytes),
      now: now.toISOString(),
      anchors: anchors.map((anchor) => Buffer.from(anchor).toString('base64')),
      handover,
      transcript: toText(transcript),
      documentType,
      asked,
      audience: '',
      nonce: '',
      ...(readerKey === undefined ? {} : { readerKey: readerKey.export({ format: 'jwk' }) }),
    },
  };
}

interface SdJwtContent extends Way {
  readonly nonce: string;
  readonly type: string;
  readonly anchors: readonly Uint8Array[];
  readonly now: Date;
}

function toSdJwtInput(head: Head, presentation: string, { handover, audience, nonce, type, anchors, now }: SdJwtContent): Input {
  const trust = createTrustStore(anchors.map(toAnchor));
  return {
    ...head,
    judge: () => codeOf(() => verifySdJwt(presentation, { audience, nonce, types: [type], trust, now })),
    question: {
      format: 'sd-jwt',
      presentation,
      now: now.toISOString(),
      anchors: anchors.map((anchor) => Buffer.from(anchor).toString('base64')),
      handover,
      transcript: '',
      documentType: '',
      asked: [],
      audience,
      nonce,
    },
  };
}

/** Everything that is disclosed: these presentations answered other questions than ours. */
function elementsOf(deviceResponse: Uint8Array): MdocExpectation['elements'] {
  const [document = new Map()] = (decodeCbor(deviceResponse) as CborMap).get('documents') as readonly CborMap[];
  const nameSpaces = (document.get('issuerSigned') as CborMap).get('nameSpaces') as CborMap;
  return [...nameSpaces].flatMap(([namespace, items]) =>
    (items as readonly Tagged[]).map(({ value }) => ({
      namespace: String(namespace),
      name: String((decodeCbor(value as Uint8Array) as CborMap).get('elementIdentifier')),
    })),
  );
}

function privateKeyOf(scalar: Buffer): KeyObject {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const [x = '', y = ''] = [point.subarray(1, 33), point.subarray(33)].map(toText);
  return createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d: toText(Buffer.concat([Buffer.alloc(32 - scalar.length), scalar])) }, format: 'jwk' });
}

/** What of the vectors is a presentation, or could be taken for one. */
export async function readVectors(): Promise<Input[]> {
  const unknown = { handover: { kind: 'openid4vp', clientId: 'x', nonce: 'y', responseUri: 'https://z.example' } } as const;
  const unknownWay = { ...unknown, transcript: openid4vpTranscript({ clientId: 'x', nonce: 'y', responseUri: 'https://z.example' }) };
  const trusted = fromPem(read('auth0-mdl/issuer.pem').toString('utf8'));
  const of = (path: string, expect: string): Head => ({ id: `vectors/${path}`, kind: 'vector', expect });
  const transcriptOf = (text = ''): Uint8Array => (decodeCbor(hex(text)) as Tagged).value as Uint8Array;

  const auth0 = ['example1', 'example2'].map((name) => {
    const vector = readTexts(`auth0-mdl/${name}.json`);
    const bytes = hex(vector['deviceResponse']);
    return toMdocInput(of(`auth0-mdl/${name}`, 'device_payload_attached'), bytes, {
      handover: { kind: 'bytes' },
      transcript: transcriptOf(vector['encodedSessionTranscript']),
      documentType: MDL,
      elements: elementsOf(bytes),
      anchors: [trusted],
      now: new Date('2024-01-01'),
    });
  });

  const annexD = readTexts('iso18013-5-annex-d/annex_d.json');
  const annexDResponse = hex(annexD['ISO_18013_5_ANNEX_D_DEVICE_RESPONSE']);
  const proximity = {
    handover: { kind: 'bytes' },
    transcript: transcriptOf(annexD['ISO_18013_5_ANNEX_D_SESSION_TRANSCRIPT_BYTES']),
    documentType: MDL,
    elements: elementsOf(annexDResponse),
    anchors: [hex(annexD['ISO_18013_5_ANNEX_D_DS_CERT'])],
    now: new Date('2020-10-05'),
  } as const;

  const bdr = readTokens('mdoc-ts/bdr/params.json');
  const single = Buffer.from(read('eudi-verifier/MdlVP.b64u').toString('utf8').trim(), 'base64url');
  const several = Object.entries(readTokens('eudi-verifier/06-pidPlusMdl-vpToken.json'));
  const sdJwts = Object.values(readTokens('eudi-verifier/07-ehicSdJwtVc-vpToken.json')).flat();
  const deterministic = readTexts('annex-c/ANNEXC-DETERMINISTIC-001.json');
  const opened = openAnnexC(deterministic['encryptedResponseB64'], {
    encryptionInfo: deterministic['encryptionInfoB64'] ?? '',
    origin: deterministic['origin'] ?? '',
    privateKey: privateKeyOf(hex(deterministic['recipientPrivateKeyHex'])).export({ format: 'jwk' }) as PrivateJwk,
  });
  const now = new Date('2026-01-01');
  return [
    ...auth0,
    toMdocInput(of('iso18013-5-annex-d/annex_d', 'accepted'), annexDResponse, {
      ...proximity,
      readerKey: privateKeyOf(hex(annexD['ISO_18013_5_ANNEX_D_EPHEMERAL_READER_KEY_D'])),
    }),
    toMdocInput(of('iso18013-5-annex-d/annex_d without a reader key', 'device_mac_not_possible'), annexDResponse, proximity),
    toMdocInput(of('mdoc-ts/bdr/issuerSigned', 'mdoc_version'), read('mdoc-ts/bdr/issuerSigned.cbor'), {
      ...unknownWay,
      documentType: MDL,
      elements: [],
      anchors: (bdr['certificates'] ?? []).map(fromPem),
      now,
    }),
    toMdocInput(of('eudi-verifier/MdlVP', 'chain_untrusted'), single, {
      ...unknownWay,
      documentType: MDL,
      elements: elementsOf(single),
      anchors: [trusted],
      now,
    }),
    ...several.map(([id, [presentation = '']]) => {
      const bytes = Buffer.from(presentation, 'base64url');
      const documentType = id.includes('pid') ? 'eu.europa.ec.eudi.pid.1' : MDL;
      return toMdocInput(of(`eudi-verifier/06-pidPlusMdl ${id}`, 'mdoc_documents'), bytes, {
        ...unknownWay,
        documentType,
        elements: elementsOf(bytes),
        anchors: [trusted],
        now,
      });
    }),
    ...sdJwts.map((presentation, at) =>
      toSdJwtInput(of(`eudi-verifier/07-ehicSdJwtVc ${at}`, 'chain_missing'), presentation, {
        ...unknown,
        transcript: new Uint8Array(0),
        audience: 'x',
        nonce: 'y',
        type: 'urn:credential:sample',
        anchors: [trusted],
        now,
      }),
    ),
    toMdocInput(of('annex-c/ANNEXC-DETERMINISTIC-001', 'mdoc_documents'), opened.deviceResponse, {
      handover: { kind: 'bytes' },
      transcript: opened.transcript,
      documentType: MDL,
      elements: [],
      anchors: [trusted],
      now,
    }),
  ];
}
