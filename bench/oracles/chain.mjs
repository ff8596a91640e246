/**
 * What three of the libraries leave to their caller: does a chain of certificates lead to one that is trusted? Done as the tests of @owf/mdoc do it
 * (tests/context.ts of its repository): a path is built, must hold a trusted certificate, and each signature and date below it is checked. No purposes, no
 * key usages: they do not look at these either. A chain that was found good once is remembered, as ours are.
 */
import { createHash, webcrypto } from 'node:crypto';
import { cryptoProvider, X509Certificate, X509ChainBuilder } from '@peculiar/x509';

cryptoProvider.set(webcrypto);

/** @returns `(chain) => Promise`, which rejects when nothing trusted stands behind it */
export function createChainCheck(anchors) {
  const trusted = anchors.map((anchor) => new X509Certificate(anchor));
  const good = new Set();
  return async (chain) => {
    const name = createHash('sha256').update(Buffer.concat(chain)).digest('hex');
    if (good.has(name)) return;
    await checkChain(chain, trusted);
    good.add(name);
  };
}

async function checkChain(chain, trusted) {
  if (chain.length === 0) throw new Error('no certificate chain');
  const certificates = chain.map((certificate) => new X509Certificate(certificate));
  const path = [...(await new X509ChainBuilder({ certificates: [...certificates, ...trusted] }).build(certificates[0]))];
  if (path.length < chain.length) throw new Error('the chain is not in order');
  const end = path.findIndex((certificate) => trusted.some((anchor) => anchor.equal(certificate)));
  if (end === -1) throw new Error('no trusted certificate in the chain');
  for (const [at, certificate] of path.slice(0, end).entries()) {
    if (!(await certificate.verify({ publicKey: path[at + 1].publicKey, date: new Date() }))) throw new Error('a certificate of the chain is not valid');
  }
}
