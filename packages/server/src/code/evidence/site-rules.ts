/** What probes of pages say. Pure. */
import type { EvidenceReading } from '../../platform/evidence.ts';
import type { ProbeResult } from './store-probes.ts';

const NOT_NAMED: EvidenceReading = { figure: null, finding: 'No page is named in the settings.' };
const NOT_PROBED: EvidenceReading = { figure: null, finding: 'No page was fetched in this time.' };

/** @param named whether the settings name any page of the kind: what was fetched for settings of before says nothing */
export function readLastOk(results: readonly ProbeResult[], named: readonly string[]): EvidenceReading {
  const last = lastOf(results, named);
  const [first] = last;
  if (named.length === 0) return NOT_NAMED;
  if (first === undefined || last.length < named.length) return NOT_PROBED;
  const failing = last.filter(({ isOk }) => !isOk);
  const ages = last.flatMap(({ figures }) => (figures['readingAge'] === undefined ? [] : [{ label: 'reading age', figure: figures['readingAge'] }]));
  return {
    figure: failing.length === 0,
    numerator: last.length - failing.length,
    denominator: last.length,
    finding: (failing.length > 0 ? failing : last).map(({ finding }) => finding).join(' '),
    rows: ages,
    newestAt: oldestOf(last),
  };
}

export function readAvailable(results: readonly ProbeResult[], named: readonly string[]): EvidenceReading {
  if (named.length === 0) return NOT_NAMED;
  const own = results.filter(({ subject }) => named.includes(subject));
  const last = own.at(-1);
  if (last === undefined) return NOT_PROBED;
  const ok = own.filter(({ isOk }) => isOk).length;
  return {
    figure: ok / own.length,
    numerator: ok,
    denominator: own.length,
    finding: `${ok} of ${own.length} times the page answered, without sign-in.`,
    newestAt: last.at,
  };
}

export function readPageFaults(results: readonly ProbeResult[], named: readonly string[]): EvidenceReading {
  if (named.length === 0) return NOT_NAMED;
  // A page that did not come has not been looked at.
  const looked = lastOf(
    results.filter(({ figures }) => figures['faults'] !== undefined),
    named,
  );
  if (looked.length < named.length) return NOT_PROBED;
  const faults = looked.reduce((sum, { figures }) => sum + (figures['faults'] ?? 0), 0);
  return {
    figure: faults,
    denominator: looked.length,
    finding: `${faults} fault(s) in ${looked.length} page(s). ${looked.map(({ finding }) => finding).join(' ')}`,
    rows: looked.map(({ kind, figures }) => ({ label: kind, figure: figures['faults'] ?? 0 })),
    newestAt: oldestOf(looked),
  };
}

/** The newest result of each page. */
function lastOf(results: readonly ProbeResult[], named: readonly string[]): ProbeResult[] {
  return named.flatMap((url) => results.findLast(({ subject }) => subject === url) ?? []);
}

function oldestOf(results: readonly ProbeResult[]): Date {
  return new Date(Math.min(...results.map(({ at }) => at.getTime())));
}
