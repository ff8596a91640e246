/** What `gatehouse doctor` and the health page say about lists. */
import type { AppContext } from '../platform/context.ts';
import type { Check, CheckResult } from '../platform/domain.ts';
import type { ListsService } from './service.ts';

const DAY_MS = 86_400_000;
const OLD_DAYS = 30;

export function listsChecks(service: ListsService, context: AppContext): readonly Check[] {
  return [
    { name: 'lists.age', title: 'Lists are in use and up to date', run: () => checkAge(service, context) },
    { name: 'lists.freshness', title: 'This node follows list changes', isReadiness: true, run: async () => checkFreshness(service, context) },
  ];
}

async function checkAge(service: ListsService, context: AppContext): Promise<CheckResult> {
  const summary = await service.summarise();
  if (summary.activeLists === 0 || summary.oldestChangeAt === undefined) {
    return {
      status: 'fail',
      finding: 'No list is active: nothing can be recognised.',
      remedy: 'Import a list with `gatehouse list import <file> --name <name>`, or enable one.',
    };
  }
  const days = Math.floor((context.clock.now().getTime() - summary.oldestChangeAt.getTime()) / DAY_MS);
  const finding = `${summary.activeLists} active list(s) with ${summary.entries} entries; the one that changed longest ago did so ${days} day(s) ago.`;
  if (summary.entries === 0) return { status: 'fail', finding, remedy: 'The active lists are empty. Import entries with `gatehouse list import`.' };
  if (days > OLD_DAYS)
    return {
      status: 'attention',
      finding,
      remedy: `Lists should be renewed at least every ${OLD_DAYS} days. Fetch the current file from the source and import it.`,
    };
  return { status: 'ok', finding };
}

function checkFreshness(service: ListsService, context: AppContext): CheckResult {
  const { state, listSetVersion } = service.freshness();
  if (state === 'fresh') return { status: 'ok', finding: `List-set version ${listSetVersion} is in force here.` };
  if (state === 'loading')
    return {
      status: 'fail',
      finding: 'The lists are still being loaded, or could not be.',
      remedy: 'Wait; if it persists, see the log for the reason (a missing or damaged segment file: restore it from a backup).',
    };
  return {
    status: 'fail',
    finding: `This node could not follow list changes for more than ${context.config.listsStaleMs} ms; it has version ${listSetVersion}.`,
    remedy: 'Check that the database can be reached and that the segment files can be read.',
  };
}
