/**
 * @sd-jwt/sd-jwt-vc with @sd-jwt/crypto-nodejs: `SDJwtVcInstance.verify` with a nonce, which makes the key binding required. How the issuer's key is found is its
 * caller's part: here x5c in the header, which must lead to a trusted certificate.
 */
import { X509Certificate } from 'node:crypto';
import { digest, ES256, ES384, ES512 } from '@sd-jwt/crypto-nodejs';
import { SDJwtVcInstance } from '@sd-jwt/sd-jwt-vc';
import { createChainCheck } from './chain.mjs';
import { serve } from './child.mjs';

const ALGORITHMS = { ES256, ES384, ES512 };

serve(
  (anchors) => {
    const checkChain = createChainCheck(anchors);
    const instance = new SDJwtVcInstance({
      hasher: digest,
      async verifier(data, signature) {
        const header = readHeader(data);
        const chain = (header.x5c ?? []).map((item) => Buffer.from(item, 'base64'));
        await checkChain(chain);
        return verifyWith(new X509Certificate(chain[0]).publicKey.export({ format: 'jwk' }), data, signature);
      },
      kbVerifier: (data, signature, payload) => verifyWith(payload.cnf?.jwk, data, signature),
      statusListFetcher: () => Promise.reject(new Error('the status list is not at hand')),
    });
    return async ({ presentation, nonce }) => {
      const options = { keyBindingNonce: nonce, currentDate: Math.floor(Date.now() / 1000), requiredClaimKeys: ['vct', 'exp'] };
      return Object.entries((await instance.verify(presentation, options)).payload);
    };
  },
  { library: '@sd-jwt/sd-jwt-vc', call: 'new SDJwtVcInstance({ … }).verify(presentation, { keyBindingNonce, currentDate, requiredClaimKeys })' },
);

function readHeader(data) {
  return JSON.parse(Buffer.from(data.split('.')[0], 'base64url').toString('utf8'));
}

async function verifyWith(jwk, data, signature) {
  const algorithm = ALGORITHMS[readHeader(data).alg];
  if (algorithm === undefined || jwk === undefined) throw new Error('algorithm or key not allowed');
  const verifier = await algorithm.getVerifier(jwk);
  return verifier(data, signature);
}
