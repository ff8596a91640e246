import { generateKeyPairSync } from 'node:crypto';
import dns from 'node:dns';
import { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { CredentialError } from './errors.ts';
import {
  createTrustStore,
  EU_AGE,
  euLink,
  openDcApiSession,
  openEuSession,
  openHaipSession,
  signRequest,
  toDcApiRequests,
  toRequest,
  verifyPresentation,
  type OpenedSession,
  type PrivateJwk,
  type VerifiedPresentation,
  type WalletResponse,
} from './index.ts';
import { createCertificate, createKeyPair, createTestAuthority, issueMdoc, issueSdJwt, SimulatedWallet, type WalletTwist } from './simulator/index.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const SD_JWT_TYPE = 'urn:example:age:1';
const authority = createTestAuthority({ now: NOW });
const trust = createTrustStore([authority.anchor]);
const verifierKey = createKeyPair();
const verifier = createCertificate({ subject: 'verifier', key: verifierKey, validFrom: new Date('2026-01-01'), validTo: new Date('2027-06-01') });
const signer = { key: verifierKey.privateKey, chain: [verifier.certificate] };
const RESPONSE_URI = 'https://age.example/age/wallet/response/1';
const ORIGIN = 'https://age.example';

function newKey(): PrivateJwk {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as PrivateJwk;
}

let sessions = 0;
const input = (nonce = Buffer.alloc(16, ++sessions).toString('base64url')) => ({
  question: { threshold: 18, direction: 'over' } as const,
  nonce,
  encryptionKey: newKey(),
  sdJwtTypes: [SD_JWT_TYPE],
  state: 'state-1',
  responseUri: RESPONSE_URI,
  origin: ORIGIN,
  signer,
});

function openWallet(
  ages: Readonly<Record<string, boolean>>,
  options: { readonly format?: 'mdoc' | 'sd-jwt'; readonly twist?: WalletTwist } = {},
): SimulatedWallet {
  const mdoc = issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements: ages, now: NOW });
  const sdJwt = { ...issueSdJwt({ signer: authority.signer, type: SD_JWT_TYPE, claims: ages, now: NOW }), type: SD_JWT_TYPE };
  return new SimulatedWallet({
    now: () => NOW,
    ...(options.format === 'sd-jwt' ? { sdJwts: [sdJwt] } : { mdocs: [mdoc] }),
    ...(options.twist === undefined ? {} : { twist: options.twist }),
  });
}

type Flow = (wallet: SimulatedWallet, nonce?: string) => Promise<{ readonly session: OpenedSession; readonly response: WalletResponse }>;

const FLOWS: Readonly<Record<string, Flow>> = {
  'EU profile, by value': async (wallet) => {
    const session = openEuSession(input());
    const { form, url } = await wallet.answerLink(euLink(toRequest(session)), () => Promise.reject(new Error('nothing to fetch')));
    expect(url).toBe(RESPONSE_URI);
    return { session, response: { kind: 'direct_post', vpToken: form['vp_token'], state: form['state'] } };
  },
  'HAIP, signed and encrypted': async (wallet) => {
    const session = openHaipSession(input());
    const link = `openid4vp://?client_id=${encodeURIComponent(session.clientId)}&request_uri=${encodeURIComponent('https://age.example/request')}`;
    const { form } = await wallet.answerLink(link, (_url, walletNonce) =>
      signRequest({ ...toRequest(session), wallet_nonce: walletNonce }, signer, { now: NOW, lifetimeS: 120 }),
    );
    return { session, response: { kind: 'direct_post.jwt', response: form['response'] } };
  },
  'DC API, org-iso-mdoc first': async (wallet) => {
    const session = openDcApiSession(input());
    const answer = await wallet.answerDcApi(await toDcApiRequests(session, signer, { now: NOW, lifetimeS: 120 }), ORIGIN);
    return { session, response: { kind: 'dc_api', ...answer } };
  },
  'DC API, openid4vp-v1-signed': async (wallet) => {
    const session = openDcApiSession(input());
    const requests = await toDcApiRequests(session, signer, { now: NOW, lifetimeS: 120 });
    const answer = await wallet.answerDcApi(
      requests.filter(({ protocol }) => protocol === 'openid4vp-v1-signed'),
      ORIGIN,
    );
    return { session, response: { kind: 'dc_api', ...answer } };
  },
  'DC API, openid4vp-v1-unsigned': async (wallet) => {
    const session = openDcApiSession(input());
    const requests = await toDcApiRequests(session, signer, { now: NOW, lifetimeS: 120 });
    const answer = await wallet.answerDcApi(
      requests.filter(({ protocol }) => protocol === 'openid4vp-v1-unsigned'),
      ORIGIN,
    );
    return { session, response: { kind: 'dc_api', ...answer } };
  },
};

const verify = async ({ session, response }: Awaited<ReturnType<Flow>>): Promise<VerifiedPresentation> =>
  verifyPresentation(session, response, { trust, now: NOW });
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: unknown) => (error instanceof CredentialError ? error.code : `another error: ${String(error)}`),
  );

describe.each(Object.entries(FLOWS))('%s', (name, flow) => {
  const formats = name.includes('org-iso') || name.includes('EU') ? (['mdoc'] as const) : (['mdoc', 'sd-jwt'] as const);

  it.each(formats)('verifies an age from %s: yes, no, and nothing that follows', async (format) => {
    expect(await verify(await flow(openWallet({ age_over_18: true }, { format })))).toMatchObject({ answer: 'true', anchorId: authority.anchor.id, format });
    expect(await verify(await flow(openWallet({ age_over_18: false }, { format })))).toMatchObject({ answer: 'false' });
    // The nearest-attestation rule: over 21 says over 18; over 16 says nothing about it.
    expect(await verify(await flow(openWallet({ age_over_21: true }, { format })))).toMatchObject({ answer: 'true' });
    expect(await verify(await flow(openWallet({ age_over_16: true }, { format })))).toMatchObject({ answer: 'unknown' });
    expect(await codeOf(flow(openWallet({ age_over_16: false, age_over_20: true }, { format })).then(verify))).toBe('age_contradiction');
  });

  it.each(formats)('refuses %s of another session', async (format) => {
    const session = { nonce: 'BBBBBBBBBBBBBBBBBBBBBB', clientId: 'x509_hash:other', responseUri: 'https://evil.example/', origin: 'https://evil.example' };
    const one = async (twist: WalletTwist['session']): Promise<string> =>
      codeOf(flow(openWallet({ age_over_18: true }, { format, twist: { session: twist ?? {} } })).then(verify));
    const codes = [];
    if (!name.includes('org-iso')) codes.push(await one({ nonce: session.nonce }));
    if (name.includes('DC API')) codes.push(format === 'mdoc' || name.includes('unsigned') ? await one({ origin: session.origin }) : 'kb_audience');
    else codes.push(await one({ clientId: session.clientId }));
    for (const code of codes) expect(['device_signature', 'kb_nonce', 'kb_audience', 'response_decryption']).toContain(code);
  });

  it('refuses what was answered to another session of ours', async () => {
    const wallet = openWallet({ age_over_18: true });
    const [first, second] = [await flow(wallet), await flow(wallet)];
    expect(await codeOf(verify({ session: second.session, response: first.response }))).not.toBe('accepted');
    expect(await codeOf(verify(first))).toBe('accepted');
  });

  it('refuses what no trusted issuer signed', async () => {
    const { session, response } = await flow(openWallet({ age_over_18: true }));
    const other = createTrustStore([createTestAuthority({ now: NOW }).anchor]);
    expect(await codeOf(verifyPresentation(session, response, { trust: other, now: NOW }))).toBe('chain_untrusted');
    expect(await codeOf(verifyPresentation(session, response, { trust: createTrustStore([]), now: NOW }))).toBe('chain_untrusted');
    expect(await codeOf(verifyPresentation(session, response, { trust, now: new Date('2027-02-01') }))).toBe('expired');
    expect(await codeOf(verifyPresentation(session, response, { trust, now: new Date('2026-11-20') }))).toBe('not_yet_valid');
  });
});

it('opens no connection and asks for no name while it verifies', async () => {
  const asked = [];
  for (const [name, flow] of Object.entries(FLOWS)) asked.push({ name, given: await flow(openWallet({ age_over_18: true })) });
  const calls: string[] = [];
  const connect = vi.spyOn(Socket.prototype, 'connect').mockImplementation(() => {
    calls.push('connect');
    throw new Error('no connection is opened here');
  });
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(() => void calls.push('lookup'));
  try {
    for (const { name, given } of asked) expect([name, (await verify(given)).answer]).toEqual([name, 'true']);
  } finally {
    connect.mockRestore();
    lookup.mockRestore();
  }
  expect(calls).toEqual([]);
});
