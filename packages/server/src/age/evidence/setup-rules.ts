/** Metrics that rest on what is configured. Pure. */
import { addDays, toDay } from './count-rules.ts';
import type { MetricId } from './definition-schema.ts';
import type { Facts, ProviderFact } from './facts-schema.ts';
import type { Reading } from './metric-schema.ts';
import { read, row } from './reading-rules.ts';

const DAY_MS = 86_400_000;
const TRUST_AGE_DAYS_MAX = 90;
const WAYS_MIN = 2;

export function readSetup(facts: Facts): Partial<Record<MetricId, Reading>> {
  return {
    'age.accuracy.predicted_wrong_accept': readPredicted(facts),
    'age.robustness.presentation_attack': readAttackLevels(facts),
    'age.reliability.trust_list_age': readTrustAges(facts),
    'age.reliability.status_list_age': readStatusAges(facts),
    'age.fairness.provider_parity': read('not_evaluated', 'Gatehouse does not measure it. Put the published figures of each provider into a review.'),
    'age.accessibility.ways_per_device': readWays(facts),
    'age.interoperability.profiles': readProfiles(facts),
    'age.records.chain': readChain(facts),
    'age.records.review': readReview(facts),
  };
}

function readPredicted({ providers, maxWrongAccept }: Facts): Reading {
  const estimators = providers.filter(({ declaration }) => declaration.basis === 'estimates');
  if (estimators.length === 0) return read('not_evaluated', 'No estimator is configured.');
  const predicted = estimators.flatMap(({ id, challenges }) =>
    challenges.map(({ threshold, challengeAge, predictedWrongAccept }) => ({
      label: `${id}, ${threshold} at ${challengeAge ?? 'no'} years`,
      predictedWrongAccept,
    })),
  );
  const worst = Math.max(...predicted.map(({ predictedWrongAccept }) => predictedWrongAccept ?? 1));
  const found = { value: worst, rows: predicted.map(({ label, predictedWrongAccept }) => row(label, predictedWrongAccept)) };
  return worst <= maxWrongAccept
    ? read(
        'pass',
        `At most ${toPercent(worst)} of the people who should be refused, of ${toPercent(maxWrongAccept)} allowed. From what providers declare.`,
        found,
      )
    : read('fail', `More than the ${toPercent(maxWrongAccept)} that is allowed.`, found);
}

function toPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}

function readAttackLevels({ providers }: Facts): Reading {
  const faces = providers.filter(({ declaration }) => declaration.kind === 'facial_estimation');
  if (faces.length === 0) return read('not_evaluated', 'No estimator of faces is configured.');
  const declared = faces.filter(({ declaration }) => declaration.presentationAttackLevel !== 'none').length;
  const rows = faces.map(({ id, declaration }) => row(id, declaration.presentationAttackLevel === 'none' ? 0 : Number(declaration.presentationAttackLevel)));
  const found = { value: declared / faces.length, numerator: declared, denominator: faces.length, rows };
  return declared === faces.length
    ? read('pass', 'Every estimator of faces declares a level.', found)
    : read('fail', 'An estimator of faces declares none.', found);
}

function readTrustAges({ trustLists, now }: Facts): Reading {
  if (trustLists.length === 0) return read('not_evaluated', 'There is no trust list: no wallet is believed.');
  const ages = trustLists.map(({ name, importedAt }) => ({ name, days: Math.floor((now.getTime() - importedAt.getTime()) / DAY_MS) }));
  const oldest = Math.max(...ages.map(({ days }) => days));
  const found = { value: oldest, rows: ages.map(({ name, days }) => row(name, days)) };
  const late = trustLists.filter(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate <= now).map(({ name }) => name);
  if (late.length > 0) return read('fail', `Past the next update that its issuer announced: ${late.join(', ')}. Import the newer list.`, found);
  return oldest <= TRUST_AGE_DAYS_MAX
    ? read('pass', `The oldest was imported ${oldest} days ago.`, found)
    : read('attention', `A list was imported more than ${TRUST_AGE_DAYS_MAX} days ago. Look whether there is a newer one.`, found);
}

function readStatusAges({ statusLists }: Facts): Reading {
  if (statusLists === undefined || statusLists.length === 0)
    return read('not_evaluated', 'No status list is registered: credentials that name one are refused.');
  const count = (...states: readonly string[]): number => statusLists.filter(({ state }) => states.includes(state)).length;
  const refused = count('stale', 'missing');
  const found = { value: refused, numerator: refused, denominator: statusLists.length, rows: [row('late', count('late')), row('too old or missing', refused)] };
  if (refused > 0) return read('fail', 'Credentials are refused because their status list is too old or missing.', found);
  return count('late') > 0
    ? read('attention', 'A status list could not be fetched in time; it is still believed.', found)
    : read('pass', 'All are fresh.', found);
}

const CLASSES = ['phone', 'computer', 'other device', 'no wallet'] as const;

/** @returns the ways in which "18 or older?" can be answered, by class of device */
export function listWays({ hasIssuer, providers }: Pick<Facts, 'hasIssuer' | 'providers'>): Readonly<Record<(typeof CLASSES)[number], readonly string[]>> {
  const usable = providers.filter(isRealWay).map(({ id }) => `provider:${id}`);
  const wallets = (...ways: readonly string[]): readonly string[] => (hasIssuer ? ways : []);
  return {
    phone: [...wallets('wallet'), ...usable],
    computer: [...wallets('wallet', 'wallet_other_device'), ...usable],
    'other device': [...wallets('wallet_other_device'), ...usable],
    'no wallet': usable,
  };
}

export function isRealWay({ isOffered, declaration }: ProviderFact): boolean {
  return isOffered && declaration.kind !== 'sandbox';
}

function readWays(facts: Facts): Reading {
  const ways = listWays(facts);
  const least = Math.min(...CLASSES.map((name) => ways[name].length));
  const found = { value: least, rows: CLASSES.map((name) => row(name, ways[name].length)) };
  if (least >= WAYS_MIN) return read('pass', `Every kind of device has at least ${WAYS_MIN} ways.`, found);
  const short = CLASSES.filter((name) => ways[name].length < WAYS_MIN);
  return read('fail', `Fewer than ${WAYS_MIN} ways: ${short.join(', ')}.`, found);
}

function readProfiles({ profiles, formats, selfTest }: Facts): Reading {
  const found = { value: profiles.length, rows: profiles.map((name) => row(name, 1)) };
  if (selfTest === undefined) return read('not_evaluated', 'This version has had no self-test yet.', found);
  const isFine = (format: string): boolean =>
    selfTest.report.sets.some(({ set, genuine, genuineWrong }) => set === format && genuine > 0 && genuineWrong === 0);
  const failing = formats.filter((format) => !isFine(format));
  return failing.length === 0
    ? read('pass', `The self-test accepted the genuine presentations of ${formats.join(' and ')}. Not tested with real wallets.`, found)
    : read('fail', `The self-test did not accept genuine presentations of ${failing.join(' and ')}.`, found);
}

function readChain({ chain }: Facts): Reading {
  const fault = chain?.fault;
  if (fault !== undefined) return read('fail', `The record was changed at entry ${fault.sequence} (${fault.reason}).`, { value: chain?.entries ?? null });
  if (chain === undefined || chain.entries === 0) return read('not_evaluated', 'The record has no entry yet.');
  return read('pass', `${chain.entries} entries, each with the hash that follows.`, { value: chain.entries });
}

function readReview({ lastReview, now }: Facts): Reading {
  if (lastReview === undefined) return read('attention', 'There is no review yet. Add one with `gatehouse age evidence review`.');
  const today = toDay(now);
  const days = Math.round((Date.parse(lastReview.nextReviewOn) - Date.parse(today)) / DAY_MS);
  const found = { value: days };
  if (days < 0) return read('fail', `The review of ${lastReview.reviewedOn} announced the next one for ${lastReview.nextReviewOn}: it is overdue.`, found);
  if (lastReview.nextReviewOn < addDays(today, 14)) return read('attention', `The next review is due on ${lastReview.nextReviewOn}.`, found);
  return read('pass', `Reviewed on ${lastReview.reviewedOn}; the next review is due on ${lastReview.nextReviewOn}.`, found);
}
