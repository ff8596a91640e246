/** Metrics that rest on counts of live checks: robustness and reliability. Pure. */
import { addDays, toDay, toWeek } from './count-rules.ts';
import type { MetricId } from './definition-schema.ts';
import { CONTROL_LIMIT, detectDrift, detectSurge, SURGE_DAYS, SURGE_FACTOR, type Week } from './drift-rules.ts';
import type { Facts, LiveCounts } from './facts-schema.ts';
import type { Reading } from './metric-schema.ts';
import { read, round, row, shareOf, tooFew, totalOf } from './reading-rules.ts';
import type { DayRow, TallyRow } from './schema.ts';
import { releaseParts, type Group } from './suppression-rules.ts';

type Asked = Pick<Facts, 'k' | 'now'>;

const RETRIES_MAX = 1.5;
const ERRORS = { attention: 0.02, fail: 0.1 } as const;
const INCONCLUSIVE_MAX = 0.2;
const WINDOW_DAYS = 28;

export function readLive(live: LiveCounts, asked: Asked): Partial<Record<MetricId, Reading>> {
  return {
    'age.robustness.refusals': readRefusals(live, asked),
    'age.robustness.refusal_surge': readSurge(live, asked),
    'age.robustness.retries': readRetries(live, asked),
    'age.reliability.provider_errors': readProviderErrors(live, asked),
    'age.reliability.inconclusive': readInconclusive(live, asked),
    'age.reliability.drift': readDrift(live, asked),
  };
}

const REFUSED = 'refused_';
const isProof = ({ word }: TallyRow): boolean => word.startsWith('presented_') && word !== 'presented_declined';

/** The last 28 days of the tallies: some metrics look further back. */
function inWindow({ tallies }: LiveCounts, now: Date): readonly TallyRow[] {
  const from = addDays(toDay(now), 1 - WINDOW_DAYS);
  return tallies.filter(({ day }) => day >= from);
}

function sumWhere(tallies: readonly TallyRow[], matches: (one: TallyRow) => boolean): number {
  return tallies.reduce((sum, one) => (matches(one) ? sum + one.count : sum), 0);
}

function readRefusals(live: LiveCounts, { k, now }: Asked): Reading {
  const tallies = inWindow(live, now);
  const sent = sumWhere(tallies, isProof);
  if (sent < k) return tooFew(sent, k);
  const reasons = [...new Set(tallies.map(({ word }) => word).filter((word) => word.startsWith(REFUSED)))].toSorted();
  const parts = reasons.map((word) => ({ label: word.slice(REFUSED.length), count: sumWhere(tallies, (one) => one.word === word) }));
  const released = releaseParts(parts, k);
  const perMany = (count: number | undefined): number | null => (count === undefined ? null : round((count / sent) * 10_000, 1));
  return read('not_evaluated', released.total === undefined ? `Fewer than ${k} were refused.` : 'For information: no threshold is known.', {
    value: perMany(released.total),
    numerator: released.total ?? null,
    denominator: sent,
    isWithheld: released.total === undefined,
    rows: released.parts.map(({ label, count }) => ({
      ...row(label, perMany(count), { numerator: count ?? null, denominator: sent }),
      isWithheld: count === undefined,
    })),
  });
}

function readSurge(live: LiveCounts, { k, now }: Asked): Reading {
  const { tallies, since } = live;
  const today = toDay(now);
  if (since === undefined || since > addDays(today, -SURGE_DAYS)) return read('not_evaluated', `What is usual is known after ${SURGE_DAYS} days of counting.`);
  const reasons = [...new Set(tallies.map(({ word }) => word).filter((word) => word.startsWith(REFUSED)))].toSorted();
  const surging = reasons.filter((word) =>
    [today, addDays(today, -1)].some((last) => {
      // Yesterday has its own 28 days before it, which may begin before the first count.
      if (since > addDays(last, -SURGE_DAYS)) return false;
      const counts = Array.from({ length: SURGE_DAYS + 1 }, (_none, at) => {
        const day = addDays(last, at - SURGE_DAYS);
        return sumWhere(tallies, (one) => one.word === word && one.day === day);
      });
      return detectSurge(word, counts)?.isAlarmed === true;
    }),
  );
  const names = surging.map((word) => word.slice(REFUSED.length));
  const found = { value: surging.length, rows: names.map((name) => row(name, null)) };
  if (surging.length > 0)
    return read(
      'attention',
      `More than ${SURGE_FACTOR} times the median: ${names.join(', ')}. Somebody may be trying forgeries, or a wallet or an issuer changed.`,
      found,
    );
  const sent = sumWhere(inWindow(live, now), isProof);
  return sent < k ? tooFew(sent, k) : read('pass', `No reason is above ${SURGE_FACTOR} times its median.`, found);
}

function readRetries({ cells }: LiveCounts, { k }: Asked): Reading {
  const answered = cells.filter(({ method, outcome }) => method.startsWith('wallet') && outcome !== 'abandoned');
  const sessions = answered.reduce((sum, cell) => sum + cell.sessions, 0);
  if (sessions < k) return tooFew(sessions, k);
  const value = round(answered.reduce((sum, cell) => sum + cell.presentations, 0) / sessions, 1);
  return value <= RETRIES_MAX
    ? read('pass', 'Most people need one presentation.', { value, denominator: sessions })
    : read('attention', 'People present more often than once. Look at the refusals by reason.', { value, denominator: sessions });
}

function readProviderErrors(live: LiveCounts, { k, now }: Asked): Reading {
  const tallies = inWindow(live, now).filter(({ word }) => word.startsWith('provider_'));
  const isFault = ({ word }: TallyRow): boolean => word === 'provider_failed' || word === 'provider_webhook_refused';
  const groups = [...new Set(tallies.map(({ method }) => method))].toSorted().map((method): Group => {
    const own = tallies.filter((one) => one.method === method);
    return { label: method, yes: sumWhere(own, isFault), no: sumWhere(own, (one) => !isFault(one)) };
  });
  const large = groups.filter(({ yes, no }) => yes + no >= k);
  if (large.length === 0) return tooFew(totalOf(groups).total, k);
  const worst = Math.max(...large.map(({ yes, no }) => yes / (yes + no)));
  const found = shareOf(groups, k);
  if (worst > ERRORS.fail) return read('fail', 'A provider fails in more than one check of ten.', found);
  return worst > ERRORS.attention
    ? read('attention', 'A provider fails in more than one check of fifty.', found)
    : read('pass', 'No provider fails in more than one check of fifty.', found);
}

function readInconclusive(live: LiveCounts, { k, now }: Asked): Reading {
  const tallies = inWindow(live, now);
  const count = (...words: readonly string[]): number => sumWhere(tallies, ({ word }) => words.includes(word));
  const groups: readonly Group[] = [
    { label: 'wallets', yes: count('presented_unknown'), no: count('presented_true', 'presented_false') },
    { label: 'providers', yes: count('provider_inconclusive'), no: count('provider_verified', 'provider_estimated') },
  ].filter(({ yes, no }) => yes + no > 0);
  const { yes, total } = totalOf(groups);
  if (total < k) return tooFew(total, k);
  const found = shareOf(groups, k);
  return yes / total <= INCONCLUSIVE_MAX
    ? read('pass', 'Most answers decide the question.', found)
    : read('attention', 'More than one answer of five decides nothing. Look at which ways are offered to whom.', found);
}

/** Whole weeks, in order. */
export function toWeeks(days: readonly DayRow[], now: Date): readonly Week[] {
  const thisWeek = toWeek(toDay(now));
  const weeks = new Map<string, Week>();
  for (const { day, outcome, sessions } of days) {
    const week = toWeek(day);
    if (week >= thisWeek || (outcome !== 'true' && outcome !== 'false')) continue;
    const known = weeks.get(week) ?? { week, yes: 0, total: 0 };
    weeks.set(week, { week, yes: known.yes + (outcome === 'true' ? sessions : 0), total: known.total + sessions });
  }
  return [...weeks.values()].toSorted((a, b) => (a.week < b.week ? -1 : 1));
}

function readDrift({ days }: LiveCounts, { k, now }: Asked): Reading {
  const drifts = (['verified', 'estimated'] as const).flatMap((kind) => {
    const weeks = toWeeks(
      days.filter((day) => day.kind === kind),
      now,
    );
    const drift = detectDrift(weeks.filter(({ total }) => total >= k));
    return drift === undefined ? [] : [{ kind, ...drift }];
  });
  if (drifts.length === 0) return read('not_evaluated', `Five weeks with ${k} answers each are needed.`);
  const found = {
    value: round(Math.max(...drifts.map(({ statistic }) => statistic)), 1),
    rows: drifts.map(({ kind, statistic }) => row(kind, round(statistic, 1))),
  };
  const alarmed = drifts.filter(({ isAlarmed }) => isAlarmed).map(({ kind }) => kind);
  return alarmed.length === 0
    ? read('pass', `Within ${CONTROL_LIMIT} standard deviations.`, found)
    : read('attention', `The share of "yes" drifts: ${alarmed.join(', ')}. A way, an issuer or who comes has changed.`, found);
}
