/** What `gatehouse doctor` and the health page say about the log. */
import type { AppContext } from '../platform/context.ts';
import type { Check, CheckResult } from '../platform/domain.ts';
import { checkCompleteness, checkTree } from './check-findings.ts';
import { checkOutside } from './outside-findings.ts';
import type { LogService } from './service.ts';

const LATE_MS = 5 * 60_000;
const PENDING_MAX = 1_000;

export function checks(service: LogService, { clock }: AppContext): readonly Check[] {
  return [
    { name: 'log.checkpoint', title: 'The log is signed and continues what was signed before', run: () => check(service, clock.now()) },
    { name: 'log.tree', title: 'Every entry of the log is as it was hashed', run: () => checkTree(service, clock.now()) },
    { name: 'log.completeness', title: 'Everything that must be in the log is in it', run: () => checkCompleteness(service, clock.now()) },
    { name: 'log.outside', title: 'Outsiders have seen the log, and none contradicts it', run: () => checkOutside(service.outside, clock.now()) },
  ];
}

async function check(service: LogService, now: Date): Promise<CheckResult> {
  const { size, pending, checkpoint, isConsistent } = await service.status();
  const signed = checkpoint === null ? 'none is signed yet' : `${checkpoint.size} are signed (${checkpoint.at})`;
  const finding = `${size} entries, ${signed}, ${pending} wait.`;
  if (!isConsistent)
    return {
      status: 'fail',
      finding: `${finding} The database does not continue what was signed: it was rolled back, cut off or changed.`,
      remedy: 'Find out why before anything else. If an older backup was restored on purpose, see "The log after a restore" in docs/guide/log.md.',
    };
  if (pending > PENDING_MAX)
    return { status: 'attention', finding, remedy: 'Events wait for their place. See the log lines for the reason; the database may be slow.' };
  if (checkpoint !== null && checkpoint.size < size && now.getTime() - Date.parse(checkpoint.at) > LATE_MS)
    return { status: 'attention', finding, remedy: 'A checkpoint is signed every minute. See the log lines of the job log.checkpoint.' };
  return { status: 'ok', finding };
}
