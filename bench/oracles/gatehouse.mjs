/**
 * Ours, in a process of its own like the others, for the bench. The whole operation: what must be signed is built from the session, the response is opened, the
 * presentation verified and the age decided.
 */
import { createTrustStore, openAnnexC, verifyPresentation } from '@gatehouse/credential';
import { decryptResponse } from '../../packages/credential/dist/response.js';
import { serve } from './child.mjs';

serve(
  (anchors) => {
    const open = () => createTrustStore(anchors.map((certificate) => ({ id: 'a', certificate, documentTypes: 'any', source: 'bench' })));
    const trust = open();
    return async ({ session, response, part }) => {
      if (part === 'jwe') return decryptResponse(response.response, session.encryptionKey);
      if (part === 'hpke') return openAnnexC(response.data, { ...session, privateKey: session.encryptionKey });
      // Without the memory of chains that were verified before.
      const { answer, claims } = await verifyPresentation(session, response, { trust: part === 'cold' ? open() : trust, now: new Date() });
      if (answer !== 'true') throw new Error(`the answer is ${answer}`);
      return claims.map(({ age, isOver }) => [`age_over_${age}`, isOver]);
    };
  },
  { library: '@gatehouse/credential', call: 'verifyPresentation(session, response, { trust, now })' },
);
