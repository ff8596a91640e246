/** Metrics of lists. No label names a list. */
import type { Clock } from '../platform/clock.ts';
import type { AppContext } from '../platform/context.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { ImportReport } from './schema-changes.ts';
import type { Matcher } from './schema.ts';
import type { ListsService } from './service.ts';

export interface ListInstruments {
  observeMatch(seconds: number): void;
  /** The time of one message to a match thread and back. */
  observeSearch(ms: number): void;
  countReplaced(reason: 'crashed' | 'timeout'): void;
  countTask(task: 'merge' | 'snapshot', outcome: 'done' | 'failed'): void;
  countImport(report: ImportReport): void;
}

const MATCH_SECONDS = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2];

export function createListInstruments(metrics: Metrics): ListInstruments {
  const seconds = metrics.histogram({
    name: 'gatehouse_lists_match_seconds',
    help: 'Time to compare the signals of one upload, or of one look-up, with all lists.',
    buckets: MATCH_SECONDS,
  });
  const searches = metrics.histogram({
    name: 'gatehouse_lists_search_seconds',
    help: 'Time from a message with comparisons to the answer of a match thread; several short ones travel in one message.',
    buckets: MATCH_SECONDS,
  });
  const replaced = metrics.counter({
    name: 'gatehouse_lists_match_threads_replaced_total',
    help: 'Match threads that crashed or did not answer in time.',
    labels: ['reason'],
  });
  const tasks = metrics.counter({
    name: 'gatehouse_lists_index_tasks_total',
    help: 'Merges and snapshots of indexes in the background.',
    labels: ['task', 'outcome'],
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
    observeSearch: (ms) => searches.observe({}, ms / 1000),
    countReplaced: (reason) => replaced.add({ reason }),
    countTask: (task, outcome) => tasks.add({ task, outcome }),
    countImport(report) {
      imports.add({ outcome: report.isChanged ? 'changed' : 'unchanged' });
      for (const outcome of ['added', 'restored', 'unchanged', 'repeated', 'withdrawn', 'bad', 'suspicious'] as const) lines.add({ outcome }, report[outcome]);
    },
  };
}

export function measureMatcher(matcher: Matcher, clock: Clock, instruments: ListInstruments): Matcher {
  const measure = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const startedMs = clock.monotonicMs();
    const result = await work();
    instruments.observeMatch((clock.monotonicMs() - startedMs) / 1000);
    return result;
  };
  return {
    listSetVersion: matcher.listSetVersion,
    match: (signals, options) => measure(() => matcher.match(signals, options)),
    matchEach: (asked, options) => measure(() => matcher.matchEach(asked, options)),
  };
}

export function registerListsMetrics(service: ListsService, context: AppContext): void {
  const { metrics, clock } = context;
  const ageS = (at: Date | undefined): number => (at === undefined ? 0 : (clock.now().getTime() - at.getTime()) / 1000);
  metrics.gauge({ name: 'gatehouse_lists_version', help: 'The list-set version in force on this node.' }, () => service.freshness().listSetVersion);
  metrics.gauge({ name: 'gatehouse_lists_fresh', help: '1 when this node follows list changes, 0 while it loads or is stale.' }, () =>
    service.freshness().state === 'fresh' ? 1 : 0,
  );
  metrics.gauge({ name: 'gatehouse_lists_match_queue', help: 'Comparisons waiting for a match thread and under way.' }, () => service.matchQueueLength());
  metrics.gauge({ name: 'gatehouse_lists_entries', help: 'Entries in force in active lists.' }, async () => (await service.summarise()).entries);
  metrics.gauge({ name: 'gatehouse_lists_active', help: 'Active lists.' }, async () => (await service.summarise()).activeLists);
  metrics.gauge(
    { name: 'gatehouse_lists_oldest_change_seconds', help: 'Time since the last change of the active list that has gone longest without one.' },
    async () => ageS((await service.summarise()).oldestChangeAt),
  );
}
