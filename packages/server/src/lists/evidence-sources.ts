/** What the lists measure for the domain `code`. No source names a list. */
import type { AppContext } from '../platform/context.ts';
import type { EvidenceReading } from '../platform/evidence.ts';
import { formatTime } from '../platform/ui/format.ts';
import { measureRemovals, readIntegrity, readRenewals } from './store-evidence.ts';

const HOUR_MS = 3_600_000;
/** The job runs nightly; one night may be missed. */
const INTEGRITY_FRESH_HOURS = 50;

export function measureLists({ evidence, database }: AppContext): void {
  const { sql } = database;
  evidence.measure({
    metric: 'hashlist_age_hours',
    method: 'Time since the last import, or change of entries, of the list in use for which that is longest; an import that changed nothing counts.',
    read: async ({ to }) => readAge(await readRenewals(sql), to),
  });
  evidence.measure({
    metric: 'hashlist_integrity_ok',
    method: 'Every night each file of the lists is read whole, and the SHA-256 of its bytes compared with its name; when loaded as well.',
    freshForHours: INTEGRITY_FRESH_HOURS,
    async read() {
      const last = await readIntegrity(sql);
      if (last === undefined) return { figure: null, finding: 'The files were not verified yet; that is done every night.' };
      const { at, files, damaged } = last;
      if (files === 0) return { figure: null, finding: 'The lists have no file yet: what they hold is in the database.', newestAt: at };
      return {
        figure: damaged === 0,
        numerator: files - damaged,
        denominator: files,
        finding: `${files - damaged} of ${files} files had the bytes that their names say, at ${formatTime(at.toISOString())}.`,
        newestAt: at,
      };
    },
  });
  evidence.measure({
    metric: 'hashlist_removed_applied_p95_hours',
    method:
      'For each entry that an import withdrew: the time since the import before, which is the longest that it can have gone on matching after its source withdrew it.',
    async read(window) {
      const { withdrawn, p95Hours } = await measureRemovals(sql, window);
      if (withdrawn === 0 || p95Hours === null) return { figure: null, finding: 'No import withdrew an entry.' };
      return {
        figure: round(p95Hours),
        denominator: withdrawn,
        finding: `95 % of ${withdrawn} withdrawn entries stopped matching within ${round(p95Hours)} hours at most.`,
      };
    },
  });
}

function readAge(lists: Awaited<ReturnType<typeof readRenewals>>, to: Date): EvidenceReading {
  const ages = lists.map(({ renewedAt }) => round((to.getTime() - renewedAt.getTime()) / HOUR_MS));
  const [oldest] = ages;
  if (oldest === undefined) return { figure: null, finding: 'No list with entries is in use.' };
  return {
    figure: oldest,
    finding: `${lists.length} list(s) in use; the one renewed longest ago was so ${oldest} hours ago.`,
    rows: ages.map((age, at) => ({ label: `list ${at + 1}`, figure: age })),
  };
}

function round(hours: number): number {
  return Math.max(0, Math.round(hours * 100) / 100);
}
