/** The protocols of @gatehouse/credential as the flows need them: sessions are its JSON, kept sealed between request and answer. */
import { generateKeyPairSync } from 'node:crypto';
import {
  CredentialError,
  euLink,
  haipLink,
  openDcApiSession,
  openEuSession,
  openHaipSession,
  signRequest,
  toDcApiRequests,
  toRequest,
  verifyPresentation,
  type DcApiSession,
  type OpenedSession,
  type PostSession,
  type PrivateJwk,
  type QueryOptions,
  type RequestSigner,
} from '@gatehouse/credential';
import { randomHex } from '../../platform/ids.ts';
import type { AgeQuestion } from '../sessions/schema.ts';
import type { WalletAnswer, WalletProtocol, WalletTrust } from './schema.ts';

export interface ProtocolParts {
  readonly signer: RequestSigner;
  readonly trust: Pick<WalletTrust, 'current'>;
  readonly query: QueryOptions;
  /** Of signed requests. */
  readonly lifetimeS: number;
}

/** OpenID4VP 1.0, section 5.2 wants it hard to guess: 128 bits. */
const NONCE_BYTES = 16;

/** Links: one request that can be answered in two profiles, each with a nonce of its own. Or the Digital Credentials API. */
interface Memory {
  readonly eu?: PostSession;
  readonly haip?: PostSession;
  readonly dcApi?: DcApiSession;
}

export function createWalletProtocol({ signer, trust, query, lifetimeS }: ProtocolParts): WalletProtocol {
  const start = ({ threshold, direction }: AgeQuestion) => ({
    ...query,
    question: { threshold, direction },
    nonce: randomText(),
    encryptionKey: newEncryptionKey(),
  });
  return {
    openLinks(asked, { responseUri, requestUri }) {
      const where = { responseUri, signer };
      const eu = openEuSession({ ...start(asked), ...where, state: randomText() });
      const haip = openHaipSession({ ...start(asked), ...where, state: randomText() });
      const links = { eu: euLink(toRequest(eu)), haip: haipLink({ clientId: haip.clientId, requestUri }) };
      return Promise.resolve({ memory: write({ eu, haip }), links });
    },
    signRequest(text, { walletNonce, now }) {
      const { haip } = read(text);
      if (haip === undefined) return Promise.reject(new CredentialError('response_protocol'));
      const request = { ...toRequest(haip), ...(walletNonce === undefined ? {} : { wallet_nonce: walletNonce }) };
      return signRequest(request, signer, { now, lifetimeS });
    },
    async openDcApi(asked, { origin, now }) {
      const dcApi = openDcApiSession({ ...start(asked), origin, signer });
      return { memory: write({ dcApi }), requests: await toDcApiRequests(dcApi, signer, { now, lifetimeS }) };
    },
    async verify(text, answer, now) {
      const session = chooseSession(read(text), answer);
      const { answer: found, anchorId } = await verifyPresentation(session, answer, { ...(await trust.current()), now });
      return { answer: found, anchorId };
    },
  };
}

function write(memory: Memory): string {
  return JSON.stringify(memory);
}

/** We wrote it ourselves. */
function read(text: string): Memory {
  return JSON.parse(text) as Memory;
}

const SESSION_OF = { direct_post: 'eu', 'direct_post.jwt': 'haip', dc_api: 'dcApi' } as const;

/** By the way in which the answer came; whether it fits the session is the verifier's question. */
function chooseSession(memory: Memory, { kind }: WalletAnswer): OpenedSession {
  const session = memory[SESSION_OF[kind]];
  if (session === undefined) throw new CredentialError('response_protocol');
  return session;
}

function randomText(): string {
  return Buffer.from(randomHex(NONCE_BYTES), 'hex').toString('base64url');
}

/** For one answer. */
function newEncryptionKey(): PrivateJwk {
  const { x = '', y = '', d = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  return { kty: 'EC', crv: 'P-256', x, y, d };
}
