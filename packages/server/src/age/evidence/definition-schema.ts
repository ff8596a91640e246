/**
 * The metrics about age checks: what each is, and what a reading of it looks like. The criteria are those of Ofcom's guidance on highly effective
 * age assurance (technical accuracy, robustness, reliability, fairness) with its two principles (accessibility, interoperability), and the records
 * that the Online Safety Act wants. The guidance names no number that must be reached: a threshold is ours, unless `source` says otherwise.
 */
export const CRITERIA = ['technical_accuracy', 'robustness', 'reliability', 'fairness', 'accessibility', 'interoperability', 'records'] as const;
export type Criterion = (typeof CRITERIA)[number];

export const STATES = ['pass', 'fail', 'attention', 'not_evaluated'] as const;
/** `not_evaluated`: there are no data, or too few. It is never a pass. */
export type MetricState = (typeof STATES)[number];

export const UNITS = ['count', 'share', 'per_10000', 'points', 'seconds', 'days', 'ratio', 'deviations'] as const;
/** `share`: 0 to 1. `points`: hundredths of a share. `deviations`: standard deviations. */
export type Unit = (typeof UNITS)[number];

export interface MetricDefinition {
  readonly criterion: Criterion;
  readonly title: string;
  readonly definition: string;
  /** Over which time or from what it is read. */
  readonly window: string;
  readonly unit: Unit;
  readonly threshold: { readonly text: string; readonly source: 'our_proposal' | 'guidance' | 'operator' } | null;
}

const LAB = 'the last self-test of this version';
const LIVE = 'the last 28 days, today included';
const NOW = 'the configuration now';
const ours = (text: string): MetricDefinition['threshold'] => ({ text, source: 'our_proposal' });

export const EVIDENCE_METRICS = {
  'age.accuracy.lab_wrong_accept': {
    criterion: 'technical_accuracy',
    title: 'Wrong acceptances in the lab',
    definition: 'Presentations of the corpus that should not give "yes" and gave it: hostile ones, and genuine ones that say "no". Wallets only.',
    window: LAB,
    unit: 'count',
    threshold: ours('0'),
  },
  'age.accuracy.lab_wrong_refuse': {
    criterion: 'technical_accuracy',
    title: 'Wrong refusals in the lab',
    definition: 'Genuine presentations of the corpus that were refused or answered wrongly. Wallets only.',
    window: LAB,
    unit: 'count',
    threshold: ours('0'),
  },
  'age.accuracy.predicted_wrong_accept': {
    criterion: 'technical_accuracy',
    title: 'Predicted wrong acceptances of estimators',
    definition:
      'For each estimator and threshold: the share of people who should be refused and would get through, from the errors that the provider declares, at the challenge age that is derived from them. The worst declared age counts.',
    window: NOW,
    unit: 'share',
    threshold: { text: 'maxWrongAccept of the file of providers', source: 'operator' },
  },
  'age.accuracy.verified_share': {
    criterion: 'technical_accuracy',
    title: 'Answers that rest on a verified age',
    definition: 'Of the checks that ended with yes or no, those whose answer was verified, in place of estimated or declared. For information.',
    window: LIVE,
    unit: 'share',
    threshold: null,
  },
  'age.robustness.hostile_accepted': {
    criterion: 'robustness',
    title: 'Hostile presentations accepted',
    definition: 'Presentations made to deceive (forged, replayed, for another check, by another device) that this build accepted.',
    window: LAB,
    unit: 'count',
    threshold: ours('0'),
  },
  'age.robustness.refusals': {
    criterion: 'robustness',
    title: 'Refused proofs',
    definition: 'Proofs of wallets, tokens and passkeys that were refused, for each 10,000 that were sent, by reason. For information.',
    window: LIVE,
    unit: 'per_10000',
    threshold: null,
  },
  'age.robustness.refusal_surge': {
    criterion: 'robustness',
    title: 'Surge of refusals',
    definition: 'Whether refusals for one reason are today, or were yesterday, more than three times the median of the 28 days before.',
    window: 'today and yesterday against 28 days each',
    unit: 'count',
    threshold: ours('no reason above 3 times its median; below 10 a day nothing is said'),
  },
  'age.robustness.retries': {
    criterion: 'robustness',
    title: 'Presentations for each check',
    definition: 'Answers of wallets that were sent, for each check that wallets answered or that ended after a refusal.',
    window: LIVE,
    unit: 'ratio',
    threshold: ours('at most 1.5'),
  },
  'age.robustness.presentation_attack': {
    criterion: 'robustness',
    title: 'Detection of presentation attacks',
    definition: 'Estimators of faces that declare a level of ISO/IEC 30107-3. What is declared is not tested here.',
    window: NOW,
    unit: 'share',
    threshold: ours('all'),
  },
  'age.reliability.repeatable': {
    criterion: 'reliability',
    title: 'The same input twice',
    definition: 'Presentations of the corpus that were judged differently when judged again.',
    window: LAB,
    unit: 'count',
    threshold: ours('0'),
  },
  'age.reliability.provider_errors': {
    criterion: 'reliability',
    title: 'Faults of providers',
    definition: 'Of the checks at providers, those that the provider failed to answer, or answered with something that is not authentic or not understood.',
    window: LIVE,
    unit: 'share',
    threshold: ours('at most 2 %; above 10 % it fails'),
  },
  'age.reliability.inconclusive': {
    criterion: 'reliability',
    title: 'Answers that decide nothing',
    definition: 'Of the authentic answers of wallets and providers, those that said nothing about the question.',
    window: LIVE,
    unit: 'share',
    threshold: ours('at most 20 %'),
  },
  'age.reliability.drift': {
    criterion: 'reliability',
    title: 'Drift of the share of "yes"',
    definition:
      'Two-sided CUSUM of the weekly share of "yes" among yes and no, for verified and for estimated answers; the first four weeks say what is usual. Estimates themselves are not kept, so that their mean cannot be followed.',
    window: 'whole weeks of the daily counts, at most 13',
    unit: 'deviations',
    threshold: ours('at most 5 standard deviations, of at least one point each'),
  },
  'age.reliability.trust_list_age': {
    criterion: 'reliability',
    title: 'Age of the trust lists',
    definition:
      'Days since the trust list that was imported longest ago was imported; and whether any list is past the time at which its issuer promised a newer one.',
    window: NOW,
    unit: 'days',
    threshold: ours('none past its next update; at most 90 days'),
  },
  'age.reliability.status_list_age': {
    criterion: 'reliability',
    title: 'Age of the status lists',
    definition: 'Status lists that are too old to be believed, or late. Credentials of lists that are too old are refused.',
    window: NOW,
    unit: 'count',
    threshold: { text: 'ageStatusMaxStaleMinutes', source: 'operator' },
  },
  'age.fairness.by_language': {
    criterion: 'fairness',
    title: 'Gap between languages',
    definition: 'The largest difference between languages of the share of checks that ended with yes or no.',
    window: LIVE,
    unit: 'points',
    threshold: { text: 'ageEvidenceGapPercent', source: 'operator' },
  },
  'age.fairness.by_device': {
    criterion: 'fairness',
    title: 'Gap between devices',
    definition: 'The same between kinds of device: phones and tablets, computers, others.',
    window: LIVE,
    unit: 'points',
    threshold: { text: 'ageEvidenceGapPercent', source: 'operator' },
  },
  'age.fairness.by_path': {
    criterion: 'fairness',
    title: 'Gap of the assisted path',
    definition: 'The same between people who took the assisted path and the others. Whether somebody uses assistive technology is not looked at.',
    window: LIVE,
    unit: 'points',
    threshold: { text: 'ageEvidenceGapPercent', source: 'operator' },
  },
  'age.fairness.by_method': {
    criterion: 'fairness',
    title: 'Gap between ways',
    definition: 'The same between ways: wallet on this device, wallet on another device, each provider; of the checks in which it was begun last.',
    window: LIVE,
    unit: 'points',
    threshold: { text: 'ageEvidenceGapPercent', source: 'operator' },
  },
  'age.fairness.some_way': {
    criterion: 'fairness',
    title: 'People who get an answer in some way',
    definition: 'Of the checks whose page was opened, those that ended with yes or no, in whatever way.',
    window: LIVE,
    unit: 'share',
    threshold: ours('at least 80 %'),
  },
  'age.fairness.provider_parity': {
    criterion: 'fairness',
    title: 'Parity of estimators by sex and skin tone',
    definition: 'Not measured: Gatehouse knows neither. Ask each provider for its published figures and put the comparison into a review.',
    window: 'reviews',
    unit: 'points',
    threshold: null,
  },
  'age.accessibility.ways_per_device': {
    criterion: 'accessibility',
    title: 'Ways for each kind of device',
    definition:
      'Ways in which a person without an earlier check can answer "18 or older?", for the kind of device that has fewest: phone, computer, other device, no wallet. The sandbox, and saying oneself that one is too young, are not counted.',
    window: NOW,
    unit: 'count',
    threshold: ours('at least 2'),
  },
  'age.accessibility.time': {
    criterion: 'accessibility',
    title: 'Time to an answer',
    definition:
      'Within this time half of the checks that ended with yes or no did so, from the opening of the page. By class of time: the upper end of the class.',
    window: LIVE,
    unit: 'seconds',
    threshold: ours('at most 300'),
  },
  'age.interoperability.profiles': {
    criterion: 'interoperability',
    title: 'Profiles offered',
    definition:
      'Protocols and formats that are offered; formats of credentials count only when the genuine ones of the corpus were accepted by this build. Real wallets are not reached by any test of ours.',
    window: `${NOW} and ${LAB}`,
    unit: 'count',
    threshold: ours('every format that is offered passes'),
  },
  'age.records.chain': {
    criterion: 'records',
    title: 'The written record is whole',
    definition: 'Every entry of the written record has the hash that follows from it and from the entry before.',
    window: 'the whole record',
    unit: 'count',
    threshold: ours('no fault'),
  },
  'age.records.review': {
    criterion: 'records',
    title: 'Review',
    definition: 'Days until the next review that was announced in the last one.',
    window: 'the whole record',
    unit: 'days',
    threshold: { text: 'the date in the last review', source: 'operator' },
  },
} as const satisfies Readonly<Record<`age.${string}`, MetricDefinition>>;

export type MetricId = keyof typeof EVIDENCE_METRICS;
export const METRIC_IDS = Object.keys(EVIDENCE_METRICS).filter((id): id is MetricId => id in EVIDENCE_METRICS);
