/** A wallet that answers every protocol we speak, for tests and for the demonstration. It does what it is asked by whoever asks; real wallets ask their owner. */
import { randomBytes } from 'node:crypto';
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import { CompactEncrypt, decodeJwt, importJWK, type JWK } from 'jose';
import { type CborMap, type CborValue, decodeCbor, encodeCbor, type Tagged } from '../cbor.ts';
import { jwkThumbprint } from '../openid4vp.ts';
import { annexCTranscript, dcApiTranscript, openid4vpTranscript } from '../transcript.ts';
import type { Mdoc } from './mdoc-issuer.ts';
import { presentMdoc, type PresentationTwist } from './mdoc-wallet.ts';
import { presentSdJwt, type SdJwt, type SdJwtPresentation } from './sd-jwt-issuer.ts';

export interface HeldSdJwt extends SdJwt {
  readonly type: string;
}

export interface WalletTwist {
  readonly mdoc?: PresentationTwist;
  readonly sdJwt?: SdJwtPresentation['twist'];
  /** Before it is encrypted or posted. */
  readonly answer?: (answer: Record<string, unknown>) => void;
  /** Signs for other values than those of the request. */
  readonly session?: Partial<Asked>;
}

/** What a request asks, as far as this wallet looks. */
interface Asked {
  readonly clientId: string;
  readonly nonce: string;
  readonly responseUri: string;
  readonly origin: string;
}

export interface WalletOptions {
  readonly mdocs?: readonly Mdoc[];
  readonly sdJwts?: readonly HeldSdJwt[];
  readonly now: () => Date;
  readonly twist?: WalletTwist;
}

type Json = Record<string, unknown>;

interface Query {
  readonly id: string;
  readonly format: string;
  readonly meta: { readonly doctype_value?: string; readonly vct_values?: readonly string[] };
  readonly claims?: readonly { readonly path: readonly string[] }[];
}

export interface FormPost {
  readonly url: string;
  readonly form: Readonly<Record<string, string>>;
}

export class SimulatedWallet {
  readonly #options: WalletOptions;

  constructor(options: WalletOptions) {
    this.#options = options;
  }

  /** Answers a link: `av://` by value, or `openid4vp://` whose request object is fetched first. The result is to be posted. */
  async answerLink(link: string, fetchRequest: (url: string, walletNonce: string) => Promise<string>): Promise<FormPost> {
    const parameters = new URL(link).searchParams;
    const requestUri = parameters.get('request_uri');
    if (requestUri !== null) return this.answerRequest(decodeJwt(await fetchRequest(requestUri, randomBytes(16).toString('base64url'))));
    const request: Json = Object.fromEntries([...parameters].map(([name, value]) => [name, value.startsWith('{') ? (JSON.parse(value) as unknown) : value]));
    return this.answerRequest(request);
  }

  async answerRequest(request: Json): Promise<FormPost> {
    const responseUri = String(request['response_uri']);
    const key = readKey(request);
    const asked = { clientId: String(request['client_id']), nonce: String(request['nonce']), responseUri, origin: '', ...this.#options.twist?.session };
    const transcript = openid4vpTranscript({ ...asked, jwkThumbprint: key === undefined ? undefined : jwkThumbprint(key as never) });
    const answer: Json = { vp_token: this.#present(request, { transcript, audience: asked.clientId, nonce: asked.nonce }), state: request['state'] };
    this.#options.twist?.answer?.(answer);
    if (request['response_mode'] !== 'direct_post.jwt') {
      const fields = Object.entries(answer).filter(([, value]) => value !== undefined);
      return { url: responseUri, form: Object.fromEntries(fields.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])) };
    }
    return { url: responseUri, form: { response: await encrypt(answer, key) } };
  }

  /** Answers `navigator.credentials.get()` with the first protocol that it can. */
  async answerDcApi(
    requests: readonly { readonly protocol: string; readonly data: Json }[],
    origin: string,
  ): Promise<{ readonly protocol: string; readonly data: Json }> {
    const mdoc = requests.find(({ protocol }) => protocol === 'org-iso-mdoc');
    if (mdoc !== undefined && (this.#options.mdocs ?? []).length > 0) return { protocol: mdoc.protocol, data: await this.#answerAnnexC(mdoc.data, origin) };
    const openid = requests.find(({ protocol }) => protocol.startsWith('openid4vp-v1-'));
    if (openid === undefined) throw new Error('no protocol that this wallet speaks');
    const request: Json = typeof openid.data['request'] === 'string' ? decodeJwt(openid.data['request']) : openid.data;
    const key = readKey(request);
    const asked = { nonce: String(request['nonce']), origin, ...this.#options.twist?.session };
    const transcript = dcApiTranscript({ ...asked, jwkThumbprint: key === undefined ? undefined : jwkThumbprint(key as never) });
    const audience = openid.protocol === 'openid4vp-v1-signed' ? String(request['client_id']) : `origin:${asked.origin}`;
    const answer: Json = { vp_token: this.#present(request, { transcript, audience, nonce: asked.nonce }) };
    this.#options.twist?.answer?.(answer);
    return { protocol: openid.protocol, data: { response: await encrypt(answer, key) } };
  }

  async #answerAnnexC(data: Json, origin: string): Promise<Json> {
    const encryptionInfo = String(data['encryptionInfo']);
    const transcript = annexCTranscript({ encryptionInfo, origin: this.#options.twist?.session?.origin ?? origin });
    const { mdoc, elements } = this.#choose(readDeviceRequest(String(data['deviceRequest'])));
    const deviceResponse = presentMdoc(mdoc, { transcript, elements, twist: this.#options.twist?.mdoc ?? {} });
    return { response: await seal(deviceResponse, encryptionInfo, transcript) };
  }

  #choose(wanted: readonly { readonly documentType: string; readonly elements: readonly string[] }[]): {
    readonly mdoc: Mdoc;
    readonly elements: readonly string[];
  } {
    for (const { documentType, elements } of wanted) {
      const mdoc = this.#options.mdocs?.find((held) => held.documentType === documentType);
      if (mdoc !== undefined) return { mdoc, elements: nearest([...mdoc.items.keys()], elements) };
    }
    throw new Error('nothing that was asked for is in this wallet');
  }

  #present(request: Json, binding: Binding): Json {
    const { credentials } = request['dcql_query'] as { readonly credentials: readonly Query[] };
    for (const query of credentials) {
      const presentation = query.format === 'mso_mdoc' ? this.#presentMdoc(query, binding) : this.#presentSdJwt(query, binding);
      if (presentation !== undefined) return { [query.id]: [presentation] };
    }
    throw new Error('nothing that was asked for is in this wallet');
  }

  #presentMdoc({ meta, claims = [] }: Query, { transcript }: Binding): string | undefined {
    const mdoc = this.#options.mdocs?.find((held) => held.documentType === meta.doctype_value);
    if (mdoc === undefined) return undefined;
    const elements = nearest([...mdoc.items.keys()], claims.map(toName));
    return Buffer.from(presentMdoc(mdoc, { transcript, elements, twist: this.#options.twist?.mdoc ?? {} })).toString('base64url');
  }

  #presentSdJwt({ meta, claims = [] }: Query, { audience, nonce }: Binding): string | undefined {
    const sdJwt = this.#options.sdJwts?.find((held) => meta.vct_values?.includes(held.type));
    if (sdJwt === undefined) return undefined;
    const disclose = nearest([...sdJwt.disclosures.keys()], claims.map(toName));
    return presentSdJwt(sdJwt, { audience, nonce, now: this.#options.now(), disclose, twist: this.#options.twist?.sdJwt ?? {} });
  }
}

interface Binding {
  readonly transcript: Uint8Array;
  readonly audience: string;
  readonly nonce: string;
}

function toName({ path }: { readonly path: readonly string[] }): string {
  return path.at(-1) ?? '';
}

/** The first of the names that is held; else the nearest age above that is true or below that is false is for the wallet to find: here, any age. */
function nearest(held: readonly string[], wanted: readonly string[]): readonly string[] {
  const exact = wanted.find((name) => held.includes(name));
  if (exact !== undefined) return [exact];
  return held.filter((name) => name.startsWith('age_over_')).slice(0, 2);
}

function readKey(request: Json): JWK | undefined {
  const metadata = request['client_metadata'] as { readonly jwks?: { readonly keys: readonly JWK[] } } | undefined;
  return metadata?.jwks?.keys[0];
}

async function encrypt(answer: Json, key: JWK | undefined): Promise<string> {
  if (key === undefined) throw new Error('the request has no key to encrypt to');
  return new CompactEncrypt(Buffer.from(JSON.stringify(answer)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128GCM', ...(key.kid === undefined ? {} : { kid: key.kid }) })
    .encrypt(await importJWK(key, 'ECDH-ES'));
}

function readDeviceRequest(text: string): readonly { readonly documentType: string; readonly elements: readonly string[] }[] {
  const request = decodeCbor(Buffer.from(text, 'base64url')) as CborMap;
  return (request.get('docRequests') as readonly CborMap[]).map((wanted) => {
    const items = decodeCbor((wanted.get('itemsRequest') as Tagged).value as Uint8Array) as CborMap;
    const nameSpaces = [...(items.get('nameSpaces') as CborMap).values()] as readonly CborMap[];
    return { documentType: String(items.get('docType')), elements: nameSpaces.flatMap((names) => [...names.keys()].map(String)) };
  });
}

async function seal(deviceResponse: Uint8Array, encryptionInfo: string, transcript: Uint8Array): Promise<string> {
  const [, info] = decodeCbor(Buffer.from(encryptionInfo, 'base64url')) as readonly [string, CborMap];
  const key = info.get('recipientPublicKey') as CborMap;
  const toText = (label: number): string => Buffer.from(key.get(label) as Uint8Array).toString('base64url');
  const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const recipientPublicKey = await suite.kem.importKey('jwk', { kty: 'EC', crv: 'P-256', x: toText(-2), y: toText(-3), key_ops: [] }, true);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: copy(transcript) }, copy(deviceResponse));
  const content = new Map<string, CborValue>([
    ['enc', new Uint8Array(enc)],
    ['cipherText', new Uint8Array(ct)],
  ]);
  return Buffer.from(encodeCbor(['dcapi', content])).toString('base64url');
}

/** An ArrayBuffer of its own, as WebCrypto wants it. */
function copy(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
