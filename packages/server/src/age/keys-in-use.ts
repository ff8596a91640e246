/** The long-lived keys of age checks by their public names: a new one is an entry of the transparency log. */
import { createHash, createPublicKey } from 'node:crypto';
import type { LogState } from '../platform/log-source.ts';
import type { AgeService } from './composition.ts';

export function listKeysInUse({ results, enforcement, verifierKey }: AgeService): readonly LogState[] {
  const toState = (purpose: string, value: string): LogState => ({ kind: 'key.changed', purpose, value });
  // Of the public key: its certificate is renewed without another key.
  const verifier = createHash('sha256')
    .update(createPublicKey(verifierKey.key).export({ type: 'spki', format: 'der' }))
    .digest('hex');
  return [
    ...results.jwks().keys.map(({ kid }) => toState('age_results', kid)),
    ...enforcement.openid.jwks().keys.map(({ kid }) => toState('age_openid', kid)),
    toState('age_wallet_requests', verifier),
  ];
}
