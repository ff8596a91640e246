/** Metrics of lists. No label names a list. */
import type { Clock } from '../platform/clock.ts';
import type { AppContext } from '../platform/context.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { ImportReport } from './schema-changes.ts';
import type { Matcher } from './schema.ts';
import type { ListsService } from './service.ts';

export interface ListInstruments {
  observeMatch(seconds: number): void;
  countImport(report: ImportReport): void;
}

export function createListInstruments(metrics: Metrics): ListInstruments {
  const seconds = metrics.histogram({
    name: 'gatehouse_lists_match_seconds',
    help: 'Time to compare the signals of one upload with all lists.',
    buckets: [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2],
  });
  const imports = metrics.counter({
    name: 'gatehouse_lists_imports_total',
    help: 'List files imported, by whether they changed anything.',
    labels: ['outcome'],
  });
  const lines = metrics.counter({
    name: 'gatehouse_lists_import_values_total',
    help: 'Values of imported files, by what became of them.',
    labels: ['outcome'],
  });
  return {
    observeMatch: (value) => seconds.observe({}, value),
    countImport(report) {
      imports.add({ outcome: report.isChanged ? 'changed' : 'unchanged' });
      for (const outcome of ['added', 'restored', 'unchanged', 'repeated', 'withdrawn', 'bad', 'suspicious'] as const) lines.add({ outcome }, report[outcome]);
    },
  };
}

export function measureMatcher(matcher: Matcher, clock: Clock, instruments: ListInstruments): Matcher {
  return {
    listSetVersion: matcher.listSetVersion,
    match(signals) {
      const startedMs = clock.monotonicMs();
      const result = matcher.match(signals);
      instruments.observeMatch((clock.monotonicMs() - startedMs) / 1000);
      return result;
    },
  };
}

export function registerListsMetrics(service: ListsService, context: AppContext): void {
  const { metrics, clock } = context;
  const ageS = (at: Date | undefined): number => (at === undefined ? 0 : (clock.now().getTime() - at.getTime()) / 1000);
  metrics.gauge({ name: 'gatehouse_lists_version', help: 'The list-set version in force on this node.' }, () => service.freshness().listSetVersion);
  metrics.gauge({ name: 'gatehouse_lists_fresh', help: '1 when this node follows list changes, 0 while it loads or is stale.' }, () =>
    service.freshness().state === 'fresh' ? 1 : 0,
  );
  metrics.gauge({ name: 'gatehouse_lists_entries', help: 'Entries in force in active lists.' }, async () => (await service.summarise()).entries);
  metrics.gauge({ name: 'gatehouse_lists_active', help: 'Active lists.' }, async () => (await service.summarise()).activeLists);
  metrics.gauge(
    { name: 'gatehouse_lists_oldest_change_seconds', help: 'Time since the last change of the active list that has gone longest without one.' },
    async () => ageS((await service.summarise()).oldestChangeAt),
  );
}
