/** What others may judge: how many notices went out, and how long removal took. */
import type { Evidence } from '../../platform/evidence.ts';
import { measureRemoval, type RemovalFigures } from './measure-rules.ts';
import type { NoticesService } from './schema.ts';

export function measureNotices(notices: Pick<NoticesService, 'countSent' | 'facts'>, evidence: Evidence): void {
  evidence.measure({
    metric: 'notice_sent_total',
    method: 'Notices that were sent by mail or handed over in the time, by country of the hosting claim.',
    async read(window) {
      const rows = await notices.countSent(window);
      const total = rows.reduce((sum, { sent }) => sum + sent, 0);
      return {
        figure: total,
        finding: `${total} notices went out, to ${rows.length} countries.`,
        rows: rows.map(({ country, sent }) => ({ label: country, figure: sent })),
      };
    },
  });
  evidence.measure({
    metric: 'notice_removal_p50_hours',
    method:
      'Median hours from report to removal of reports that were made in the time and are removed or unavailable; countries with fewer than ten are left out.',
    async read(window) {
      const { median, removed, open, rows }: RemovalFigures = measureRemoval(await notices.facts(window));
      const finding = `${removed} reports were removed; ${open} are open and count for nothing here.`;
      return { figure: median, numerator: removed, denominator: removed + open, finding, rows };
    },
  });
}
