import { defineDomain } from '../platform/domain.ts';
import { listsChecks } from './checks.ts';
import { measureLists } from './evidence-sources.ts';
import { listsCommands } from './commands.ts';
import { registerListsMetrics } from './instruments.ts';
import { listsJobs } from './jobs.ts';
import { migrations } from './migrations.ts';
import { listsPages } from './pages.tsx';
import { listsRoutes } from './routes.ts';
import { createListsService, type ListsService } from './service.ts';
import { logSources } from './store-log.ts';

export * from './schema.ts';
export * from './schema-changes.ts';
export type { EntryBatch, EntryColumn, ListEntries } from './entry-batch.ts';
export type { EntryQuery } from './entry-views.ts';
export type { DifferenceQuery } from './differences.ts';
export type { ImportInput } from './import.ts';
export type { Freshness } from './list-node.ts';
export { readListFile, readWholeList, type ListFileInput, type ListFileReader, type ListFileReport } from './list-file.ts';
export { createOfflineMatcher, type OfflineList } from './matcher.ts';
export { DEMONSTRATION_LIST } from './stub-rules.ts';
export { parseColumnMap, type ColumnMap } from './rules.ts';
export type { ListsService } from './service.ts';
export type { ListsSummary } from './views.ts';

export const listsDomain = defineDomain<'lists', ListsService, object>({
  name: 'lists',
  migrations,
  async create(context) {
    const service = createListsService(context);
    return { service, start: () => service.start(), stop: () => service.stop() };
  },
  routes: listsRoutes,
  pages: listsPages,
  jobs: listsJobs,
  checks: listsChecks,
  logSources: () => logSources,
  metrics(service, context) {
    registerListsMetrics(service, context);
    measureLists(context);
  },
  commands: listsCommands,
});
