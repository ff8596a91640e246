/** What runs of test pictures say. Pure. */
import type { EvidenceReading } from '../../platform/evidence.ts';
import { wilsonInterval } from './interval-rules.ts';
import type { CanaryResult, LastRun } from './store-probes.ts';

const MILLION = 1_000_000;

interface Share {
  readonly found: number;
  readonly tried: number;
}

function sumShare(results: readonly CanaryResult[]): Share {
  return results.reduce((sum, { sent, found, undecided }) => ({ found: sum.found + found, tried: sum.tried + sent - undecided }), { found: 0, tried: 0 });
}

/** Of the window, or of the last run where that is worse: one miss in ten thousand must not drown in them. */
export function readRecall(results: readonly CanaryResult[], last: LastRun | undefined): EvidenceReading {
  const listed = results.filter(({ isListed }) => isListed);
  const whole = sumShare(listed);
  if (last === undefined || whole.tried === 0) return { figure: null, finding: describeNone(listed) };
  const recent = sumShare(last.results.filter(({ isListed }) => isListed));
  const [all, now] = [whole.found / whole.tried, recent.tried === 0 ? 1 : recent.found / recent.tried];
  const released = listed.reduce((sum, one) => sum + one.released, 0);
  return {
    figure: Math.min(all, now),
    numerator: whole.found,
    denominator: whole.tried,
    interval: wilsonInterval(whole.found, whole.tried),
    finding: `${whole.found} of ${whole.tried} were found and held, ${released} released; in the last run ${recent.found} of ${recent.tried}.`,
    rows: listed.flatMap((one) => {
      const { found, tried } = sumShare([one]);
      return tried === 0 ? [] : [{ label: one.transform, figure: found / tried }];
    }),
    newestAt: last.at,
  };
}

function describeNone(listed: readonly CanaryResult[]): string {
  return listed.length === 0 ? 'No test picture was sent.' : 'Test pictures were sent, and the gate could say nothing about them: there may be no list in use.';
}

/** Benign pictures that matched whatever list, per million. */
export function readFalseRate(results: readonly CanaryResult[], last: LastRun | undefined): EvidenceReading {
  const { found, tried } = sumShare(results.filter(({ isListed, transform }) => !isListed && transform !== 'damaged'));
  if (last === undefined || tried === 0) return { figure: null, finding: 'No benign test picture was judged.' };
  const { low, high } = wilsonInterval(found, tried);
  return {
    figure: (found / tried) * MILLION,
    numerator: found,
    denominator: tried,
    interval: { low: low * MILLION, high: high * MILLION },
    finding: `${found} of ${tried} benign test pictures matched a list.`,
    newestAt: last.at,
  };
}

/** What a person must look at at once. */
export function findFaults({ results }: LastRun): string[] {
  return results.flatMap(({ transform, isListed, sent, found, released, undecided }) => {
    if (!isListed) return transform !== 'damaged' && found > 0 ? [`${found} benign picture(s) matched a list`] : [];
    const missed = sent - found - released - undecided;
    return [...(released > 0 ? [`${released} ${transform} released`] : []), ...(missed > 0 ? [`${missed} ${transform} not found`] : [])];
  });
}
