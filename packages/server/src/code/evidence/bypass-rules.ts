/** What probes of the gate say. Pure. */
import type { EvidenceReading } from '../../platform/evidence.ts';
import type { ProbeResult } from './store-probes.ts';

const CONTROL = 'control';

export function readBypass(results: readonly ProbeResult[], hasService: boolean): EvidenceReading {
  if (!hasService) return { figure: null, finding: 'No service is registered for age checks: there is no gate to get past.' };
  const last = results.at(-1);
  if (last === undefined) return { figure: null, finding: 'The gate was not probed.' };
  const controls = results.filter(({ subject }) => subject === CONTROL);
  const hostile = results.filter(({ subject, figures }) => subject !== CONTROL && figures['answered'] === 1);
  const through = hostile.filter(({ figures }) => figures['through'] === 1);
  // A gate that is closed to everybody says nothing about who gets past it; one that let somebody in has said enough.
  if (through.length === 0 && !controls.some(({ isOk }) => isOk))
    return { figure: null, finding: 'The gate let nobody in, not even with a good pass: the probes show nothing.' };
  if (hostile.length === 0) return { figure: null, finding: 'No probe was answered.' };
  const names = [...new Set(through.map(({ subject }) => subject))].toSorted();
  return {
    figure: through.length,
    numerator: through.length,
    denominator: hostile.length,
    finding: `${through.length} of ${hostile.length} probes got through${names.length === 0 ? '' : `: ${names.join(', ')}`}; a good pass was let in.`,
    rows: names.map((label) => ({ label, figure: through.filter(({ subject }) => subject === label).length })),
    newestAt: last.at,
  };
}
