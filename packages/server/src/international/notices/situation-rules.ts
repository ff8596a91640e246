/** From rows to what the ladder decides about, and from what it decided to the state that people see. */
import type { Procedure } from '../profiles/schema.ts';
import { isTimeZone, type Calendar } from './calendar-rules.ts';
import type { Ladder, LadderStep, Past, Situation } from './ladder-schema.ts';
import type { Authority, HostedReport, ReportState, Wait } from './schema.ts';

const HOUR_MS = 3_600_000;

export function toCalendar(procedure: Procedure | null, ladder: Ladder): Calendar {
  const { workingDays = [], holidays = [], timeZone = null } = procedure ?? {};
  return {
    workingDays,
    holidays: new Set(holidays),
    blockedDays: new Set(ladder.blockedDays),
    timeZone: timeZone !== null && isTimeZone(timeZone) ? timeZone : 'UTC',
  };
}

type Placed = Pick<HostedReport, 'country' | 'classification'> & { readonly origin: Situation['origin'] };

/** Only where somebody declared an authority, and only about what was assessed. */
export function maySend(authority: Authority | null, { country, origin, classification }: Placed): boolean {
  if (authority === null || classification === 'not_assessed') return false;
  if (country !== null) return authority.countries.includes(country);
  return origin === 'edge_origin_unknown' && authority.deliveryNetworks === true;
}

export interface Untold {
  readonly country: string | null;
  readonly placedAt: Date | null;
  readonly history: readonly Past[];
  /** Of the oldest of the notices in `history`. */
  readonly firstMadeAt: Date | null;
}

/** Reports of one host are told together, when the first of them has waited long enough. */
export function findStart(report: Untold, ofHost: readonly Untold[], groupHours: number): Date {
  if (report.firstMadeAt !== null) return report.firstMadeAt;
  const waiting = ofHost.filter(({ country, placedAt, history }) => country === report.country && placedAt !== null && history.length === 0);
  const since = Math.min(...[report, ...waiting].map(({ placedAt }) => placedAt?.getTime() ?? Number.POSITIVE_INFINITY));
  return new Date((Number.isFinite(since) ? since : 0) + groupHours * HOUR_MS);
}

export interface Settled {
  readonly state: ReportState;
  readonly waitsFor: Wait | null;
  readonly nextAt: Date | null;
}

/** How it stands until something happens. */
export function settle({ history, now, placedAt }: Pick<Situation, 'history' | 'now' | 'placedAt'>, step: LadderStep): Settled {
  const isDue = step.at === null || step.at <= now;
  const waitsFor = step.waitsFor !== null && (isDue || step.kind === 'wait_for_police') ? step.waitsFor : null;
  const nextAt = waitsFor !== null && isDue ? null : step.at;
  if (placedAt === null) return { state: 'reported', waitsFor, nextAt };
  if (waitsFor === 'draft' || waitsFor === 'hand') return { state: 'drafted', waitsFor, nextAt };
  if (step.kind === 'wait_for_police') return { state: 'waiting_police', waitsFor, nextAt };
  if (waitsFor === 'contact') return { state: 'waiting_contact', waitsFor, nextAt };
  return { state: describeProgress(history), waitsFor, nextAt };
}

function describeProgress(history: readonly Past[]): ReportState {
  const gone = history.filter(({ sentAt, state }) => sentAt !== null && state !== 'failed');
  const told = gone.filter(({ scope }) => scope !== 'police');
  if (told.length === 0) return gone.length === 0 ? 'traced' : 'waiting_police';
  if (told.every(({ format, scope, isByHand }) => format === 'handover' && scope === 'hotline' && isByHand)) return 'handed';
  if (new Set(told.map(({ scope }) => scope)).size > 1) return 'escalated';
  return told.some(({ sequence }) => sequence > 1) ? 'reminded' : 'sent';
}

/** Steps that lead outside, or end something. */
export function isAction({ kind, waitsFor }: LadderStep): boolean {
  return waitsFor === null && kind !== 'nothing';
}

/** Reports with the same key are told in one message. */
export function keyOf({ kind, contactId, sequence, noticeId, way }: LadderStep): string {
  return [kind, contactId, sequence, noticeId, way].join('|');
}

/** Minutes between attempts, when a server says "later". */
const RETRY_MINUTES = [5, 15, 60, 240, 720, 1440, 1440];

/** @param attempts made so far. @returns null: it has been tried often enough */
export function nextAttempt(now: Date, attempts: number): Date | null {
  const minutes = RETRY_MINUTES[attempts - 1];
  return minutes === undefined ? null : new Date(now.getTime() + minutes * 60_000);
}
