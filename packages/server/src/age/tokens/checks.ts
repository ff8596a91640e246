import type { Check, CheckResult } from '../../platform/domain.ts';
import type { TokenService } from './service.ts';

/** Fewer tokens of one key than this, and a token says more about its holder than its question. The same bound as for the metrics. */
const CROWD_MIN = 50;

export function checks(service: TokenService): readonly Check[] {
  return [{ name: 'age.token_sets', title: 'Crowds of age tokens', run: () => checkCrowds(service) }];
}

async function checkCrowds(service: TokenService): Promise<CheckResult> {
  // A key that still issues may grow.
  const sets = (await service.summarise()).filter(({ isIssuing, issued }) => !isIssuing && issued > 0);
  const small = sets.filter(({ issued }) => issued < CROWD_MIN).length;
  const finding = `${sets.length} key(s) of past epochs are still taken, ${small} of them with fewer than ${CROWD_MIN} tokens`;
  if (small === 0) return { status: 'ok', finding };
  return {
    status: 'attention',
    finding,
    remedy: 'Ask fewer different questions (thresholds) where you can: people who hold tokens of a rare key can be told apart. See docs/guide/age-reuse.md.',
  };
}
