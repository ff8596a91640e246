/** What `gatehouse doctor` says about witnesses and time stamps. */
import type { CheckResult } from '../platform/domain.ts';
import type { Outside } from './outside.ts';
import { COSIGNER_FAULTS, isAboutHistory, type Cosigner, type OutsideView, type WitnessedLog } from './witness-schema.ts';

/** A witness or an authority may be away for a while. */
const PATIENCE_MS = 2 * 3_600_000;

export async function checkOutside(outside: Outside, now: Date): Promise<CheckResult> {
  const [view, { logs }] = [await outside.describe(), await outside.witness.describe()];
  const contradicting = view.cosigners.filter(({ failure }) => isAboutHistory(failure));
  const seen = `Outsiders have seen the first ${view.anchoredUpTo} entries.`;
  if (contradicting.length > 0)
    return {
      status: 'fail',
      finding: `${contradicting.map(describeFault).join(' ')} ${seen}`,
      remedy: 'Find out why before anything else, and keep a copy of database and data directory. See "When it fails" in docs/guide/log.md.',
    };
  return findLate(view, now) ?? findForks(logs) ?? { status: 'ok', finding: isAlone(view) ? ALONE : seen };
}

const ALONE =
  'No outside witness is asked and no time stamps are made: that the log was not rewritten as a whole can only be seen from copies that somebody else keeps. docs/guide/log.md says how to change that.';

function isAlone({ cosigners, stamping }: OutsideView): boolean {
  return cosigners.length === 0 && !stamping.isConfigured;
}

function findLate({ cosigners, stamping }: OutsideView, now: Date): CheckResult | undefined {
  const isLate = (since: string | null): boolean => since !== null && now.getTime() - Date.parse(since) > PATIENCE_MS;
  const late = cosigners.filter(({ failingSince }) => isLate(failingSince));
  const findings = [
    ...late.map(describeFault),
    ...(isLate(stamping.failingSince) ? [`Time stamps fail since ${stamping.failingSince ?? ''}: ${stamping.failure ?? ''}`] : []),
  ];
  if (findings.length === 0) return undefined;
  return {
    status: 'attention',
    finding: findings.join(' '),
    remedy: 'Try it with `gatehouse log cosign` or `gatehouse log stamp`. The log goes on; nothing is lost.',
  };
}

function findForks(logs: readonly WitnessedLog[]): CheckResult | undefined {
  const forked = logs.filter(({ refused }) => refused?.why === 'fork').map(({ origin }) => origin);
  if (forked.length === 0) return undefined;
  return {
    status: 'attention',
    finding: `A log that is cosigned here has two histories: ${forked.join(', ')}. The second one was not cosigned.`,
    remedy:
      'Tell whoever relies on that log. What it signed is in GET /v1/log/witness, and proves it. This is said until you remove it with `gatehouse log witness remove`.',
  };
}

function describeFault({ name, failure, failingSince }: Cosigner): string {
  return `The witness ${name} does not cosign since ${failingSince ?? ''}: ${failure === null ? '' : COSIGNER_FAULTS[failure]}`;
}
