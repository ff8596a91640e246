/** What `gatehouse doctor` and the health page say about evidence: whether it is gathered, never whether a measure is kept. */
import type { AppContext } from '../../platform/context.ts';
import type { Check, CheckResult } from '../../platform/domain.ts';
import { findFaults } from './canary-rules.ts';
import type { ProbeService } from './probes.ts';
import type { EvidenceService } from './schema.ts';

const LATE_MS = 3 * 3_600_000;

interface Checked {
  readonly evidence: EvidenceService;
  readonly probes: ProbeService;
}

export function checks({ evidence, probes }: Checked, { clock, config }: AppContext): readonly Check[] {
  return [
    { name: 'code.evaluation', title: 'The measures are evaluated every hour', run: () => checkEvaluation(evidence, clock.now()) },
    {
      name: 'code.canaries',
      title: 'Test pictures of our own are found',
      run: () => checkCanaries(probes, { now: clock.now(), everyMinutes: config.codeCanaryMinutes }),
    },
  ];
}

async function checkEvaluation(evidence: EvidenceService, now: Date): Promise<CheckResult> {
  const [last] = await evidence.list({ limit: 1 });
  if (last === undefined) return { status: 'ok', finding: 'Nothing was evaluated yet; the first is made some ten minutes after the start.' };
  const { counts } = last;
  const finding = `Last at ${last.at.toISOString()}: ${counts.pass} pass, ${counts.fail} fail, ${counts.attention} to be looked at, ${counts.not_evaluated} not evaluated.`;
  if (now.getTime() - last.at.getTime() <= LATE_MS) return { status: 'ok', finding };
  return { status: 'attention', finding, remedy: 'The job code.evaluate runs every hour; see its log lines. What is shown is old.' };
}

const MINUTE_MS = 60_000;
const MISSED_MAX = 3;

async function checkCanaries({ canaries }: ProbeService, { now, everyMinutes }: { readonly now: Date; readonly everyMinutes: number }): Promise<CheckResult> {
  if (everyMinutes === 0)
    return {
      status: 'attention',
      finding: 'None are sent (codeCanaryMinutes is 0).',
      remedy: 'Set codeCanaryMinutes: nothing else shows that what is listed would be found.',
    };
  const last = await canaries.last();
  if (last === undefined) return { status: 'ok', finding: 'None was sent yet; the first are sent some ten minutes after the start.' };
  const { results } = last;
  const sum = (read: (one: (typeof results)[number]) => number): number => results.reduce((total, one) => total + read(one), 0);
  const undecided = sum((one) => one.undecided);
  const finding = `Last at ${last.at.toISOString()}: ${sum(({ sent }) => sent)} sent, ${sum(({ isListed, found }) => (isListed ? found : 0))} found, ${undecided} without an answer.`;
  const faults = findFaults(last);
  if (faults.length > 0) {
    return {
      status: 'fail',
      finding: `${finding} ${faults.join('; ')}.`,
      remedy: 'What is listed may get past the gate. Stop publishing without review until the reason is found: decoder, lists, policy. See docs/guide/code.md.',
    };
  }
  if (now.getTime() - last.at.getTime() > MISSED_MAX * everyMinutes * MINUTE_MS)
    return { status: 'attention', finding, remedy: 'The job code.probe runs every five minutes; see its log lines.' };
  if (undecided > 0)
    return {
      status: 'attention',
      finding,
      remedy: 'The gate could not answer about some. Without a list in use it never can; otherwise see the checks of lists and decoders.',
    };
  return { status: 'ok', finding };
}
