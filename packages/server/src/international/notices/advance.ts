/** Every due step, host by host: one node at a time. */
import { toChunks } from './chunk-rules.ts';
import { ITEMS_MAX } from './formats/schema.ts';
import { MACHINE, record, recordEach, type Parts } from './parts.ts';
import type { Advanced } from './schema.ts';
import { makeNotice, needsReading, sendNotice, type Batch } from './sending.ts';
import { isAction, keyOf, settle } from './situation-rules.ts';
import { judge, type Judged } from './situations.ts';
import * as store from './store.ts';
import { leaveNotices, listInterrupted, listReportIds, updateNotice } from './store-notices.ts';
import { trace } from './tracing.ts';

/** Of one turn; the others are looked at in the next. */
const HOSTS_MAX = 500;
/** Steps that follow each other at once: traced, approved, sent, and so on. A ladder has fewer. */
const PASSES_MAX = 8;

interface Counts {
  sent: number;
  failed: number;
}

export async function advance(parts: Parts, signal: AbortSignal): Promise<Advanced> {
  const { database, clock } = parts.context;
  const counts: Counts = { sent: 0, failed: 0 };
  await store.withAdvanceLock(database, async () => {
    await markInterrupted(parts);
    for (const host of await store.listDueHosts(database.sql, clock.now(), HOSTS_MAX)) {
      if (signal.aborted) break;
      await advanceSafely(parts, host, { counts, signal });
    }
  });
  const waiting = Object.values(await store.countWaiting(database.sql)).reduce((sum, count) => sum + count, 0);
  return { ...counts, waiting };
}

/** Whoever was sending has ended in the middle of it: the message may have left. */
async function markInterrupted(parts: Parts): Promise<void> {
  const { database, clock } = parts.context;
  for (const noticeId of await listInterrupted(database.sql))
    await database.transact(async (tx) => {
      await updateNotice(tx, noticeId, { state: 'unknown', remark: 'interrupted while it was sent' });
      const ids = (await listReportIds(tx, [noticeId])).map(({ reportId }) => reportId);
      await recordEach(parts, tx, { subjects: ids, change: 'unknown', actor: MACHINE, noticeId });
      await store.wakeReports(tx, ids, clock.now());
    });
}

interface Turn {
  readonly counts: Counts;
  readonly signal: AbortSignal;
}

const RETRY_MS = 3_600_000;

/** What is wrong with one host must not keep all others waiting. */
async function advanceSafely(parts: Parts, host: string, turn: Turn): Promise<void> {
  const { database, clock, log } = parts.context;
  try {
    await advanceHost(parts, host, turn);
  } catch (error) {
    log.warn({ code: Reflect.get(Object(error), 'code') }, 'reports about one host could not go on; they are tried again in an hour');
    const rows = await store.listOpenOfHost(database.sql, host);
    const nextAt = new Date(clock.now().getTime() + RETRY_MS);
    await store.settleReports(
      database.sql,
      rows.map(({ id }) => ({ id, waitsFor: 'trace', nextAt })),
    );
  }
}

async function advanceHost(parts: Parts, host: string, turn: Turn): Promise<void> {
  const { database, clock } = parts.context;
  let isFresh = false;
  for (let pass = 0; pass < PASSES_MAX && !turn.signal.aborted; pass++) {
    const rows = await store.listOpenOfHost(database.sql, host);
    const judged = await judge(parts, rows, { db: database.sql });
    const due = judged.filter(({ step }) => isAction(step) && step.at !== null && step.at <= clock.now());
    const isUntraced = rows.some(({ placedAt }) => placedAt === null);
    // Where it is may have changed since it was last looked at: nobody is told about what is elsewhere by now.
    if (!isFresh && (isUntraced || due.some(({ step }) => step.kind !== 'close_no_answer'))) {
      if ((await trace(parts, rows, turn.signal)) === 'lost') return;
      isFresh = true;
      continue;
    }
    if (due.length === 0) return settleAll(parts, judged);
    for (const batch of toBatches(due)) await act(parts, batch, turn);
  }
}

async function settleAll({ context: { database } }: Parts, judged: readonly Judged[]): Promise<void> {
  await store.settleReports(
    database.sql,
    judged.map(({ row, situation, step }) => ({ id: row.id, ...settle(situation, step) })),
  );
}

function toBatches(due: readonly Judged[]): Batch[] {
  const byKey = new Map<string, Judged[]>();
  for (const one of due) byKey.set(keyOf(one.step), [...(byKey.get(keyOf(one.step)) ?? []), one]);
  return [...byKey.values()]
    .flatMap((members) => toChunks(members, ITEMS_MAX))
    .flatMap((members) => (members[0] === undefined ? [] : [{ members, step: members[0].step }]));
}

async function act(parts: Parts, batch: Batch, { counts, signal }: Turn): Promise<void> {
  const { step, members } = batch;
  if (step.kind === 'close_no_answer') return closeSilent(parts, members);
  if (needsReading(parts, step)) {
    await makeNotice(parts, batch, { state: 'draft', actor: MACHINE });
    return;
  }
  const noticeId = await makeNotice(parts, batch, { state: 'queued', actor: MACHINE });
  if (noticeId === undefined) return;
  const { accepted } = await sendNotice(parts, { noticeId, members, signal });
  counts[accepted ? 'sent' : 'failed'] += 1;
}

async function closeSilent(parts: Parts, members: readonly Judged[]): Promise<void> {
  const { database, clock } = parts.context;
  await database.transact(async (tx) => {
    for (const { row } of members) {
      if (!(await store.closeReport(tx, { id: row.id, outcome: 'no_answer', at: clock.now() }))) continue;
      await leaveNotices(tx, [row.id]);
      await record(parts, tx, { subject: row.id, change: 'closed_no_answer', actor: MACHINE });
    }
  });
}
