import type { Check, CheckResult } from '../platform/domain.ts';
import { EXPIRY_WARNING_DAYS } from './rules.ts';
import type { AccessService } from './schema.ts';

export function checks(service: AccessService): readonly Check[] {
  return [{ name: 'access.credentials', title: 'Keys and persons', run: () => checkCredentials(service) }];
}

async function checkCredentials(service: AccessService): Promise<CheckResult> {
  const summary = await service.summarise();
  const found = `${summary.activeKeys} active key(s), ${summary.persons} person(s) who have signed in`;
  if (summary.activeKeys === 0 && summary.persons === 0) {
    return {
      status: 'attention',
      finding: `${found}: nobody can use this installation yet.`,
      remedy: 'Sign in with a link from `gatehouse access sign-in-link`, or make a key with `gatehouse key create`.',
    };
  }
  if (summary.expiringKeys > 0) {
    const first = summary.nextExpiryAt?.toISOString().slice(0, 10) ?? 'soon';
    return {
      status: 'attention',
      finding: `${found}; ${summary.expiringKeys} key(s) expire within ${EXPIRY_WARNING_DAYS} days, the first on ${first}.`,
      remedy: 'See `gatehouse key list`; make a new key, put it in place, then revoke the old one.',
    };
  }
  return { status: 'ok', finding: `${found}; no key expires within ${EXPIRY_WARNING_DAYS} days.` };
}
