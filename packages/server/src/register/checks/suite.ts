/**
 * The checks of the four recommendations of the Internet investigation report (IICSA, March 2020): what this installation can show about each
 * (international-and-register.md, section 5.3). They show what this service does, and nothing about others.
 */
import type { CodeService } from '../../code/index.ts';
import type { InternationalService } from '../../international/index.ts';
import type { AppContext } from '../../platform/context.ts';
import {
  judgeMeasures,
  judgeMetrics,
  judgeProcedures,
  judgeRemovalTimes,
  REPORTS_DAYS,
  type CountryRecord,
  type Evaluated,
  type MetricTest,
} from './check-rules.ts';
import type { CheckFinding, RegisterCheck } from './schema.ts';

export interface SuiteParts {
  readonly context: AppContext;
  readonly code: { readonly evidence: Pick<CodeService['evidence'], 'last'> };
  readonly international: {
    readonly figures: Pick<InternationalService['figures'], 'byCountry'>;
    readonly profiles: Pick<InternationalService['profiles'], 'procedure'>;
  };
}

const DAY_MS = 86_400_000;
const MAX_AGE_HOURS = 24;

interface MetricCheck {
  readonly name: string;
  readonly title: string;
  readonly expected: string;
  readonly tests: readonly MetricTest[];
}

const METRIC_CHECKS: readonly MetricCheck[] = [
  {
    name: 'iicsa-1.screening-recall',
    title: 'Planted test pictures are found',
    expected: 'Of the test pictures that were planted in the last 30 days, turned, scaled and recoded, at least 99 % are found before anybody could see them.',
    tests: [{ metric: 'match_seed_recall_ratio', window: '30d', kind: 'share', bound: 0.99, words: 'planted test pictures found' }],
  },
  {
    name: 'iicsa-1.coverage',
    title: 'Every upload is screened before it can be seen',
    expected: 'Of the uploads of the last 30 days, all were screened before anybody could see them, and none became visible unscreened.',
    tests: [
      { metric: 'upload_screen_coverage_ratio', window: '30d', kind: 'share', bound: 1, words: 'uploads screened before they could be seen' },
      { metric: 'upload_visible_unscreened_total', window: '30d', kind: 'count', bound: 0, words: 'uploads that became visible unscreened' },
    ],
  },
  {
    name: 'iicsa-3.age-configuration',
    title: 'Age checks are asked everywhere, and nobody’s mere word counts',
    expected:
      'Of the accesses to restricted areas of the last 30 days, all had a valid age result; none of the results was a mere declaration, and all came from recognised kinds of methods.',
    tests: [
      { metric: 'age_gate_coverage_ratio', window: '30d', kind: 'share', bound: 1, words: 'accesses with a valid age result' },
      { metric: 'age_selfdeclared_accept_total', window: '30d', kind: 'count', bound: 0, words: 'accesses on a mere declaration' },
      { metric: 'age_method_recognised_ratio', window: '30d', kind: 'share', bound: 1, words: 'results from recognised kinds of methods' },
    ],
  },
  {
    name: 'iicsa-3.bypass',
    title: 'Attempts to get around the age check fail',
    expected: 'Of the attempts that Gatehouse made itself in the last 7 days to get past its own age gate, none succeeded.',
    tests: [{ metric: 'age_bypass_probe_success_total', window: '7d', kind: 'count', bound: 0, words: 'attempts that got through' }],
  },
];

/** In the order of the recommendations. */
export function createSuite(parts: SuiteParts): readonly RegisterCheck[] {
  const { clock } = parts.context;
  const evaluated = async (): Promise<Evaluated | undefined> => (await parts.code.evidence.last())?.evaluation;
  const measured: readonly RegisterCheck[] = METRIC_CHECKS.map(({ tests, ...rest }) => ({
    ...rest,
    maxAgeHours: MAX_AGE_HOURS,
    run: async () => judgeMetrics(await evaluated(), clock.now(), tests),
  }));
  return [
    ...measured,
    {
      name: 'iicsa-2.procedures',
      title: 'For each country with reports there is a procedure',
      expected: `For every country to which reports were traced in the last ${REPORTS_DAYS} days there is a procedure record: a hotline, the police or another way, no part of it out of date.`,
      maxAgeHours: MAX_AGE_HOURS,
      run: (signal: AbortSignal) => checkProcedures(parts, signal),
    },
    {
      name: 'iicsa-2.removal-times',
      title: 'Times to removal are measured and published',
      expected: `For at least one country the median time from notice to removal in the last ${REPORTS_DAYS} days can be stated, and the figures are published.`,
      maxAgeHours: MAX_AGE_HOURS,
      run: async () => judgeRemovalTimes({ isPublished: parts.context.config.internationalPublic, rows: await readCountries(parts) }),
    },
    {
      name: 'iicsa-4.measures',
      title: 'Every measure of the codes that binds is evaluated',
      expected:
        'Of the measures in force that bind this service, all were evaluated from data within the last 24 hours, and of none it is open whether it binds.',
      maxAgeHours: MAX_AGE_HOURS,
      run: async () => judgeMeasures(await evaluated(), clock.now()),
    },
  ].toSorted((a, b) => numberOf(a.name) - numberOf(b.name));
}

/** `iicsa-2.procedures` -> 2. The sort is stable. */
function numberOf(name: string): number {
  return Number(/^iicsa-(\d+)\./.exec(name)?.[1] ?? 0);
}

async function readCountries({ context, international }: SuiteParts): ReturnType<SuiteParts['international']['figures']['byCountry']> {
  const to = context.clock.now();
  return international.figures.byCountry({ from: new Date(to.getTime() - REPORTS_DAYS * DAY_MS), to });
}

async function checkProcedures(parts: SuiteParts, signal: AbortSignal): Promise<CheckFinding> {
  const records: CountryRecord[] = [];
  for (const { country } of await readCountries(parts)) {
    signal.throwIfAborted();
    const { hotline, police, fallback, staleKeys } = await parts.international.profiles.procedure(country);
    records.push({ hasRoute: hotline !== null || police !== null || fallback !== null, isStale: staleKeys.length > 0 });
  }
  return judgeProcedures(records);
}
