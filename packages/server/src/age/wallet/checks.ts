import type { Check, CheckResult } from '../../platform/domain.ts';
import type { VerifierKey } from './verifier-key.ts';

export function checks(key: VerifierKey): readonly Check[] {
  return [{ name: 'age.verifier', title: 'Certificate of age requests', run: async () => checkKey(key) }];
}

function checkKey({ isSelfSigned }: VerifierKey): CheckResult {
  if (!isSelfSigned) return { status: 'ok', finding: 'requests to wallets are signed with the certificate of ageVerifierFile' };
  return {
    status: 'attention',
    finding: 'requests to wallets are signed with a self-signed certificate; the EU age verification profile needs none, wallets under HAIP refuse it',
    remedy: 'Register as a verifier with the scheme whose wallets you want to reach and set GATEHOUSE_AGE_VERIFIER_FILE.',
  };
}
