/** @meeco/sd-jwt with jose: `verifySDJWT` with the callbacks of its README, which look at the key binding's nonce and audience as the README tells their author to. */
import { createHash, X509Certificate } from 'node:crypto';
import { verifySDJWT } from '@meeco/sd-jwt';
import { decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { createChainCheck } from './chain.mjs';
import { serve } from './child.mjs';

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA'];
const HASHES = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' };

serve(
  (anchors) => {
    const checkChain = createChainCheck(anchors);
    return async ({ presentation, audience, nonce }) => {
      const verifyIssuer = async (jwt) => {
        const chain = (decodeProtectedHeader(jwt).x5c ?? []).map((item) => Buffer.from(item, 'base64'));
        await checkChain(chain);
        return jwtVerify(jwt, new X509Certificate(chain[0]).publicKey, { algorithms: ALGORITHMS, currentDate: new Date() });
      };
      const verifyHolder = async (jwt, jwk) => {
        const key = await importJWK(jwk, decodeProtectedHeader(jwt).alg);
        const { payload } = await jwtVerify(jwt, key, { algorithms: ALGORITHMS, audience, typ: 'kb+jwt', maxTokenAge: '5m', currentDate: new Date() });
        return payload.nonce === nonce;
      };
      return Object.entries(await verifySDJWT(presentation, verifyIssuer, getHasher, { kb: { verifier: verifyHolder } }));
    };
  },
  { library: '@meeco/sd-jwt', call: 'verifySDJWT(presentation, verifier, getHasher, { kb: { verifier } }) with jose 4.15.9' },
);

function getHasher(algorithm) {
  const name = HASHES[(algorithm ?? 'sha-256').toLowerCase()];
  if (name === undefined) throw new Error(`hash ${algorithm}`);
  return Promise.resolve((data) => createHash(name).update(data).digest('base64url'));
}
