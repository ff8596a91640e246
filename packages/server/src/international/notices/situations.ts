/** Reads what the ladder decides about. */
import type { Sql } from '../../platform/db/database.ts';
import type { Procedure } from '../profiles/schema.ts';
import { decideNext } from './ladder-rules.ts';
import type { LadderContact, LadderStep, Past, Situation } from './ladder-schema.ts';
import { readProcedure, type Parts } from './parts.ts';
import { findStart, maySend, toCalendar, type Untold } from './situation-rules.ts';
import type { ReportRow } from './store.ts';
import { listContacts, listNotices, type ReportContactRow, type ReportNoticeRow } from './store-notices.ts';

export interface Judged {
  readonly row: ReportRow;
  readonly situation: Situation;
  readonly step: LadderStep;
  readonly procedure: Procedure | null;
  /** Notices that it was in, whatever became of them: who finds another number later was overtaken. */
  readonly noticeCount: number;
}

export interface JudgeOptions {
  readonly db: Sql;
  /** Of a person who wants the first step now. */
  readonly startAt?: Date;
}

/** @param rows all open reports of one host */
export async function judge(parts: Parts, rows: readonly ReportRow[], { db, startAt }: JudgeOptions): Promise<readonly Judged[]> {
  const ids = rows.map(({ id }) => id);
  const contacts = await listContacts(db, ids);
  const notices = await listNotices(db, ids);
  const procedures = new Map<string | null, Procedure | null>();
  for (const { country } of rows) if (!procedures.has(country)) procedures.set(country, await readProcedure(parts, country));
  const untold = rows.map((row) => toUntold(row, notices));
  return rows.map((row, i) => {
    const own = untold[i] ?? toUntold(row, notices);
    const procedure = procedures.get(row.country) ?? null;
    const start = startAt ?? findStart(own, untold, parts.context.config.noticesGroupHours);
    const situation = toSituation(parts, { row, procedure, start, history: own.history, contacts: contacts.filter(({ reportId }) => reportId === row.id) });
    const noticeCount = notices.filter(({ reportId }) => reportId === row.id).length;
    return { row, situation, step: decideNext(situation), procedure, noticeCount };
  });
}

/** Notices count from when it was found where it is now. */
function toUntold({ id, country, placedAt }: ReportRow, notices: readonly ReportNoticeRow[]): Untold {
  const own = notices.filter((one) => one.reportId === id && !one.isWithdrawn && one.state !== 'withdrawn' && placedAt !== null && one.madeAt >= placedAt);
  return { country, placedAt, history: own.map(toPast), firstMadeAt: own[0]?.madeAt ?? null };
}

function toPast({ id, contactId, scope, format, sequence, state, dueAt, sentAt, messageId, isReplyWaiting }: ReportNoticeRow): Past {
  return { noticeId: id, contactId, scope, format, sequence, state, dueAt, sentAt, isByHand: messageId === null, isReplyWaiting };
}

interface Found {
  readonly row: ReportRow;
  readonly procedure: Procedure | null;
  readonly start: Date;
  readonly history: readonly Past[];
  readonly contacts: readonly ReportContactRow[];
}

function toSituation({ context, authority, sender, ladder }: Parts, { row, procedure, start, history, contacts }: Found): Situation {
  const origin = row.origin ?? 'unknown';
  return {
    now: context.clock.now(),
    isClosed: row.closedAt !== null,
    placedAt: row.placedAt,
    startAt: start,
    country: row.country,
    origin,
    canSend: sender !== null && maySend(authority, { country: row.country, origin, classification: row.classification }),
    policeFirst: procedure?.policeFirst ?? 'unknown',
    policeAgreedAt: row.policeAgreedAt,
    calendar: toCalendar(procedure, ladder),
    contacts: contacts.map(toLadderContact),
    history,
    ladder,
  };
}

function toLadderContact({ id, scope, hasEmail, hasForm, hasProblem, decision }: ReportContactRow): LadderContact {
  return { id, scope, hasEmail, hasForm, hasProblem, decision };
}
