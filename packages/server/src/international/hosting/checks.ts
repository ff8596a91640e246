/** What `gatehouse doctor` and the health page say about datasets of addresses. */
import type { Check, CheckResult } from '../../platform/domain.ts';
import type { HostingService } from './schema.ts';

export function checks(hosting: Pick<HostingService, 'datasets'>): readonly Check[] {
  return [{ name: 'international.datasets', title: 'Datasets of addresses are there and not too old', run: () => checkDatasets(hosting) }];
}

async function checkDatasets(hosting: Pick<HostingService, 'datasets'>): Promise<CheckResult> {
  const datasets = await hosting.datasets();
  const broken = datasets.filter(({ problem }) => problem !== null);
  const stale = datasets.filter(({ isStale, problem }) => isStale && problem === null);
  if (datasets.length === 0)
    return { status: 'ok', finding: 'There are none: hosting countries come from registries alone, as far as bootstrap files name them.' };
  const finding = `${datasets.length} in use or named, ${broken.length} not readable, ${stale.length} too old or of unknown age.`;
  if (broken.length > 0) {
    const said = broken.map(({ name, problem }) => `${name}: ${problem ?? ''}`).join(' ');
    return {
      status: 'attention',
      finding: `${finding} ${said}`,
      remedy: 'Get these files again (`gatehouse geo update`), or take them out of GATEHOUSE_GEO_FILES.',
    };
  }
  if (stale.length === 0) return { status: 'ok', finding };
  const remedy = 'Fetch newer ones (`gatehouse geo update`). Where a file does not say its date, put it into <file>.meta.json or give it with --date.';
  return { status: 'attention', finding: `${finding} ${stale.map(({ name, date }) => `${name} (${date ?? 'no date'})`).join(', ')}`, remedy };
}
