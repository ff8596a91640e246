/** What is shown of a recommendation: lateness, slips and the status are worked out here, never kept. Days are calendar days. */
import { compareText, groupBy } from './order-rules.ts';
import type { CheckView, MilestoneView, RecommendationView } from './schema.ts';
import type { Entry, RecommendationState } from './state-rules.ts';
import { checksOf, workOutStatus } from './status-rules.ts';

export interface ViewOptions {
  readonly responseDueAt: string | null;
  readonly checks: ReadonlyMap<string, CheckView>;
  /** YYYY-MM-DD */
  readonly today: string;
}

const DAY_MS = 86_400_000;

/** @returns negative when `to` is before `from` */
export function countDays(from: string, to: string): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

export function toView(state: RecommendationState, { responseDueAt, checks, today }: ViewOptions): RecommendationView {
  const responses = toResponses(state.responses, responseDueAt);
  const milestones = state.milestones.map((entry) => ({ action: entry.body.action, view: toMilestone(entry) }));
  const statuses = newestClaims(state.statuses);
  const own = newestOf(state.statuses.filter(({ body }) => body.by === 'register'));
  return {
    id: state.subject,
    recommendation: state.body,
    responses,
    actions: state.actions.map(({ id, body }) => ({
      ...body,
      id,
      milestones: milestones.filter(({ action }) => action === id).map(({ view }) => view),
    })),
    statuses: statuses.map(({ id, body }) => ({ ...body, id })),
    registerStatus: workOutStatus(own?.body, checks),
    checks: namedChecks(state, checks),
    lateness: {
      responseDaysLate: findResponseLateness(responses, responseDueAt, today),
      milestonesLate: milestones.filter(({ view }) => isLate(view, today)).length,
    },
  };
}

/** By date. Only the first response of each body can be in time or late; what came after it is news. */
function toResponses(entries: RecommendationState['responses'], dueAt: string | null): RecommendationView['responses'] {
  const ordered = entries.toSorted((a, b) => compareText(a.body.date, b.body.date));
  const answered = new Set<string>();
  return ordered.map(({ id, body }) => {
    const isFirst = body.class !== 'no_response' && !answered.has(body.by);
    if (isFirst) answered.add(body.by);
    if (!isFirst || dueAt === null) return { ...body, id, isOnTime: null, daysLate: null };
    const daysLate = Math.max(0, countDays(dueAt, body.date));
    return { ...body, id, isOnTime: daysLate === 0, daysLate };
  });
}

/** Null: nothing was due. Without any response it grows from day to day. */
function findResponseLateness(responses: RecommendationView['responses'], dueAt: string | null, today: string): number | null {
  if (dueAt === null) return null;
  const first = responses.find((one) => one.class !== 'no_response');
  return Math.max(0, countDays(dueAt, first?.date ?? today));
}

function toMilestone({ id, body, versions }: Entry<RecommendationState['milestones'][number]['body']>): MilestoneView {
  const dates = versions.map(({ dueAt }) => dueAt);
  return {
    id,
    title: body.title,
    dueAt: body.dueAt,
    // The newest stands in `dueAt`; a version that changed something else moved no date.
    history: dates.slice(0, -1).filter((date, index) => date !== dates[index + 1]),
    doneAt: body.doneAt,
    slipDays: countDays(dates[0] ?? body.dueAt, body.doneAt ?? body.dueAt),
  };
}

/** After the newest date, done or not. */
function isLate({ dueAt, doneAt }: MilestoneView, today: string): boolean {
  return (doneAt ?? today) > dueAt;
}

type Claim = RecommendationState['statuses'][number];

/** The newest of each claimant, in the order government, register, independent bodies. */
function newestClaims(claims: readonly Claim[]): Claim[] {
  const groups = groupBy(claims, ({ body }) => (body.by === 'register' ? body.by : `${body.by} ${body.claimant}`));
  const rank = { government: 0, register: 1, independent: 2 } as const;
  return [...groups.values()]
    .flatMap((group) => newestOf(group) ?? [])
    .toSorted((a, b) => rank[a.body.by] - rank[b.body.by] || compareText(a.body.claimant, b.body.claimant));
}

/** By the day that they speak of; of two that speak of the same day, the one that was published later. */
function newestOf(claims: readonly Claim[]): Claim | undefined {
  return claims.reduce<Claim | undefined>((newest, one) => (newest === undefined || one.body.asOf >= newest.body.asOf ? one : newest), undefined);
}

/** Those that the recommendation names, and those that claims rest on. */
function namedChecks(state: RecommendationState, checks: ReadonlyMap<string, CheckView>): CheckView[] {
  const names = new Set([...(state.body.gatehouse?.checks ?? []), ...state.statuses.flatMap(({ body }) => checksOf(body.basis))]);
  return [...names].flatMap((name) => checks.get(name) ?? []);
}
