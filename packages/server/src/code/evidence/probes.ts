/** What this installation tries on itself, on a schedule: test pictures, the gate of age checks, public pages. And what follows from it, as sources of evidence. */
import type { AgeService } from '../../age/index.ts';
import { DEMO_SERVICE } from '../../age/index.ts';
import type { IntakeService } from '../../intake/index.ts';
import type { ListsService } from '../../lists/index.ts';
import type { AppContext } from '../../platform/context.ts';
import type { EvidenceReading, EvidenceWindow } from '../../platform/evidence.ts';
import { probeGate } from './bypass.ts';
import { readBypass } from './bypass-rules.ts';
import { readFalseRate, readRecall } from './canary-rules.ts';
import { createCanaries, type Canaries } from './canaries.ts';
import { listPages, probePages } from './site-probes.ts';
import { readAvailable, readLastOk, readPageFaults } from './site-rules.ts';
import { waitAfterStart } from './settling.ts';
import { findLastProbeAt, PROBE_KINDS, pruneProbes, readLastRun, readProbes, sumCanaries, type ProbeKind, type ProbeResult } from './store-probes.ts';

export interface ProbeService {
  readonly canaries: Canaries;
  /** What is due by the schedule. */
  runDue(signal: AbortSignal): Promise<void>;
  /** The relying services of age checks: without one there is no gate to get past. */
  readonly services: ProbeParts['age']['services'];
  /** The gate and the pages, now. */
  probe(signal: AbortSignal): Promise<void>;
  /** All of it now, whatever the schedule says. */
  runAll(signal: AbortSignal): Promise<void>;
}

export interface ProbeParts {
  readonly context: AppContext;
  readonly age: { readonly enforcement: Pick<AgeService['enforcement'], 'probes'>; readonly services: Pick<AgeService['services'], 'list'> };
  readonly intake: Pick<IntakeService, 'submit' | 'remove'>;
  readonly lists: Pick<ListsService, 'keepCanaries'>;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const KEEP_DAYS = 400;
/** So many intervals may be missed before what was found says nothing any more. */
const MISSED_MAX = 3;
const FRESH_HOURS_MIN = 3;

export function createProbes(parts: ProbeParts): ProbeService {
  const { context, age } = parts;
  const { config, clock, database } = context;
  const canaries = createCanaries(parts);
  const isSettled = waitAfterStart(clock);
  const probe = async (signal: AbortSignal): Promise<void> => {
    await probeGate({ context, probes: () => age.enforcement.probes() }, signal);
    await probePages(context, signal);
  };
  return {
    canaries,
    services: age.services,
    probe,
    async runDue(signal) {
      if (!isSettled()) return;
      if (await canaries.isDue()) await canaries.run(signal);
      if (await isProbeDue(context)) await probe(signal);
      await pruneProbes(database.sql, new Date(clock.now().getTime() - KEEP_DAYS * DAY_MS));
    },
    async runAll(signal) {
      if (config.codeCanaryMinutes > 0) await canaries.run(signal);
      if (config.codeProbeMinutes > 0) await probe(signal);
    },
  };
}

async function isProbeDue({ config, clock, database }: AppContext): Promise<boolean> {
  if (config.codeProbeMinutes === 0) return false;
  const times = (await Promise.all(PROBE_KINDS.map((kind) => findLastProbeAt(database.sql, kind)))).flatMap((at) => (at === undefined ? [] : [at.getTime()]));
  return times.length === 0 || clock.now().getTime() - Math.max(...times) >= (config.codeProbeMinutes - 2.5) * MINUTE_MS;
}

export function measureProbes({ context, services }: { readonly context: AppContext; readonly services: ProbeService['services'] }): void {
  const { evidence, config, database } = context;
  const { sql } = database;
  const freshFor = (minutes: number): number => Math.max(FRESH_HOURS_MIN, Math.ceil((MISSED_MAX * minutes) / 60));
  const canary = (metric: string, method: string, read: typeof readRecall): void =>
    evidence.measure({
      metric,
      method,
      freshForHours: freshFor(config.codeCanaryMinutes),
      read: async (window) => read(await sumCanaries(sql, window), await readLastRun(sql)),
    });
  canary(
    'match_seed_recall_ratio',
    'Pictures of our own, unchanged and edited, are sent through spool, decoder process, comparison and disposition; found means matched with their entry and not released. The window, or the last run where that is worse.',
    readRecall,
  );
  canary('match_benign_false_rate', 'Pictures of our own that are in no list, sent the same way: those that matched one.', readFalseRate);
  const probed = (
    metric: string,
    method: string,
    { kinds, read }: { readonly kinds: readonly ProbeKind[]; readonly read: (results: readonly ProbeResult[]) => Promise<EvidenceReading> },
  ): void =>
    evidence.measure({ metric, method, freshForHours: freshFor(config.codeProbeMinutes), read: async (window) => read(await readAll(context, kinds, window)) });
  const named = (...kinds: readonly ProbeKind[]): string[] => listPages(context).flatMap(({ kind, url }) => (kinds.includes(kind) ? [url] : []));
  probed(
    'age_bypass_probe_success_total',
    'Requests to our own listener with no, forged, changed, expired, unknown passes and results, and with those of another service, question or grade; one with a good pass beside them.',
    {
      kinds: ['gate'],
      read: async (results) =>
        readBypass(
          results,
          (await services.list()).some(({ id }) => id !== DEMO_SERVICE),
        ),
    },
  );
  probed('terms_probe_ok', 'The page of the terms is fetched without sign-in: status, headings, and the reading age by Flesch-Kincaid.', {
    kinds: ['terms'],
    read: async (results) => readLastOk(results, named('terms')),
  });
  probed('complaint_route_available_ratio', 'The page for complaints is fetched without sign-in; the way behind a sign-in is not tried.', {
    kinds: ['complaints'],
    read: async (results) => readAvailable(results, named('complaints')),
  });
  probed('feature_probe_ok', 'Pages of features that the settings name are fetched without sign-in. That the feature works is not seen.', {
    kinds: ['feature'],
    read: async (results) => readLastOk(results, named('feature')),
  });
  probed('page_accessibility_faults_total', 'Static checks of the source of the fetched pages: language, title, headings, pictures, labels, links, zoom.', {
    kinds: ['terms', 'complaints', 'feature'],
    read: async (results) => readPageFaults(results, named('terms', 'complaints', 'feature')),
  });
}

async function readAll({ database }: AppContext, kinds: readonly ProbeKind[], window: EvidenceWindow): Promise<ProbeResult[]> {
  return (await Promise.all(kinds.map((kind) => readProbes(database.sql, { kind, ...window })))).flat();
}
