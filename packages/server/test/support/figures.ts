/** Reports as rows, for figures: made without tracing and sending, and without an address. */
import { sql } from 'kysely';
import type { Sql } from '../../src/platform/db/database.ts';

export interface ReportSample {
  readonly country: string | null;
  /** `host-1`: reports of one host. */
  readonly host: string;
  readonly network?: string;
  readonly scope?: string;
  readonly reportedAt: Date;
  /** Hours after the report; null: nobody was told. */
  readonly toldAfterH?: number | null;
  readonly closedAfterH?: number;
  readonly outcome?: string;
}

const HOUR_MS = 3_600_000;

export async function insertReportSamples(db: Sql, prefix: string, samples: readonly ReportSample[]): Promise<void> {
  await sql`insert into international.notice_contact (id, key_id, lookup, scope, contact_sealed, has_email, has_form, has_problem)
    values (${`${prefix}_contact`}, 'none', ${`${prefix}_contact`}, 'host', ''::bytea, false, false, false)`.execute(db);
  for (const [index, sample] of samples.entries()) await insertOne(db, `${prefix}_${index}`, { ...sample, contact: `${prefix}_contact` });
}

async function insertOne(db: Sql, id: string, sample: ReportSample & { readonly contact: string }): Promise<void> {
  const { country, host, network = null, scope = 'host', reportedAt, toldAfterH = 1, closedAfterH, outcome = 'removed', contact } = sample;
  const after = (hours: number): Date => new Date(reportedAt.getTime() + hours * HOUR_MS);
  const closedAt = closedAfterH === undefined ? null : after(closedAfterH);
  await sql`insert into international.hosted_report
      (id, key_id, input_sealed, url_lookup, host_lookup, classification, state, country, network, reported_at, reported_by, outcome, closed_at)
    values (${id}, 'none', ''::bytea, ${id}, ${host}, 'baseline', ${closedAt === null ? 'sent' : 'closed'}, ${country}, ${network}, ${reportedAt}, 'test',
      ${closedAt === null ? null : outcome}, ${closedAt})`.execute(db);
  if (toldAfterH === null) return;
  const sentAt = after(toldAfterH);
  await sql`insert into international.notice (id, contact_id, scope, country, format, sequence, state, token, made_at, sent_at)
    values (${`n_${id}`}, ${contact}, ${scope}, ${country}, 'xarf', 1, 'sent', ${`t_${id}`}, ${sentAt}, ${sentAt})`.execute(db);
  await sql`insert into international.notice_report (notice_id, report_id) values (${`n_${id}`}, ${id})`.execute(db);
}

/** `count` reports of as many hosts, from the first day of `month` on, an hour apart; told after an hour, removed after `closedAfterH`. */
export function sampleMonth(month: string, country: string | null, count: number, change: Partial<ReportSample> = {}): ReportSample[] {
  const start = Date.parse(`${month}-01T00:00:00Z`);
  return Array.from({ length: count }, (_, index) => ({
    country,
    host: `${country ?? 'none'}-${month}-${index}`,
    reportedAt: new Date(start + index * HOUR_MS),
    ...change,
  }));
}

/** Half a year before `now`: enough for every table, plot and alert, with a quarter that is public. */
export async function fillFigures(db: Sql, now: Date): Promise<void> {
  const monthsAgo = (count: number): string => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - count, 1)).toISOString().slice(0, 7);
  const samples = [9, 8, 7, 6, 5, 4, 3, 2, 1].flatMap((ago) => [
    ...sampleMonth(monthsAgo(ago), 'NL', ago === 1 ? 20 : 60, { closedAfterH: 30, network: 'AS64496 Example' }),
    ...sampleMonth(monthsAgo(ago), 'HK', ago === 1 ? 60 : 20, { scope: 'hotline' }),
    ...sampleMonth(monthsAgo(ago), 'BG', 15, { closedAfterH: 200, outcome: 'no_answer' }),
    ...sampleMonth(monthsAgo(ago), 'MT', 2),
    ...sampleMonth(monthsAgo(ago), null, 12, { toldAfterH: null }),
  ]);
  await insertReportSamples(db, 'figures', samples);
}
