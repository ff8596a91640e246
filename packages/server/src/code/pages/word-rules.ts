/** How outcomes, states, layers and figures are said, in one place for all pages. */
import type { BASES, EVIDENCE_MODES, LAYERS, STANDINGS, UNITS, WINDOWS } from '../catalogue/schema.ts';
import type { State } from '../evidence/schema.ts';
import type { Outcome } from '../facts/schema.ts';

type Colour = 'grey' | 'green' | 'yellow' | 'red' | 'blue' | 'purple';

export interface Said {
  readonly text: string;
  readonly colour: Colour;
}

export const STATE_WORDS: Readonly<Record<State, Said>> = {
  pass: { text: 'Pass', colour: 'green' },
  fail: { text: 'Fail', colour: 'red' },
  attention: { text: 'Attention', colour: 'yellow' },
  not_evaluated: { text: 'Not evaluated', colour: 'grey' },
  not_applicable: { text: 'Not applicable', colour: 'grey' },
  alternative_measure: { text: 'Alternative measure', colour: 'purple' },
};

export const OUTCOME_WORDS: Readonly<Record<Outcome, Said & { readonly meaning: string }>> = {
  binds: { text: 'Binds you', colour: 'blue', meaning: 'In force, and meant for a service like this one.' },
  will_bind: { text: 'Will bind you', colour: 'blue', meaning: 'Decided, and begins on a later day.' },
  on_notice: { text: 'On notice', colour: 'purple', meaning: 'Begins when a regulator gives a notice.' },
  addressed: { text: 'Asked, not binding', colour: 'grey', meaning: 'Voluntary, guidance or a recommendation that is meant for this service.' },
  proposed: { text: 'Proposed', colour: 'grey', meaning: 'Not final; it would be for this service as it stands.' },
  not_asked: { text: 'Not asked of you', colour: 'grey', meaning: 'The facts say that it is for other services, or it no longer binds anybody.' },
  undecided: { text: 'Undecided', colour: 'yellow', meaning: 'Answers are missing, or the text is not final.' },
};

export const LAYER_WORDS: Readonly<Record<(typeof LAYERS)[number], string>> = {
  recommendation: 'Recommendation',
  voluntary_principles: 'Voluntary principles',
  interim_code: 'Interim code',
  guidance: 'Guidance',
  code: 'Code of practice',
  statute: 'Statute and regulations',
  abroad: 'Outside the UK',
  own: 'Our own rule',
};

export const STANDING_WORDS: Readonly<Record<(typeof STANDINGS)[number], string>> = {
  in_force: 'in force',
  laid: 'decided, not yet in force',
  proposed: 'proposed',
  power: 'a power that begins with a notice',
  lapsed: 'lapsed',
  guidance: 'guidance',
  voluntary: 'voluntary',
  recommendation: 'a recommendation',
  benchmark: 'a benchmark',
  own_rule: 'our own rule',
};

export const BASIS_WORDS: Readonly<Record<(typeof BASES)[number], string>> = {
  law: 'from the law',
  code: 'from a code or guidance',
  proposal: 'our proposal',
};

export const MODE_WORDS: Readonly<Record<(typeof EVIDENCE_MODES)[number], string>> = {
  measured: 'Measured',
  attested: 'Attested',
  judgement: 'Judgement',
};

export const WINDOW_WORDS: Readonly<Record<(typeof WINDOWS)[number], string>> = {
  now: 'now',
  '1h': 'the last hour',
  '24h': 'the last 24 hours',
  '7d': 'the last 7 days',
  '30d': 'the last 30 days',
  '90d': 'the last 90 days',
  '365d': 'the last 365 days',
};

const NUMBERS = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 4 });

/** `100 %`, `4.5 hours`, `yes`; what is not known is said so and never 0. */
export function formatFigure(figure: number | boolean | null, unit: (typeof UNITS)[number]): string {
  if (figure === null) return 'no data';
  if (typeof figure === 'boolean') return figure ? 'yes' : 'no';
  if (unit === 'ratio') return `${NUMBERS.format(cutShare(figure) * 100)} %`;
  if (unit === 'boolean') return figure === 1 ? 'yes' : 'no';
  if (unit === 'count') return NUMBERS.format(figure);
  return `${NUMBERS.format(figure)} ${unit}`;
}

/** Never rounded up to the whole: 9,999 of 10,000 is not 100 %, and 99,999,999 of 100,000,000 neither. */
function cutShare(share: number): number {
  const cut = Math.floor(share * 1e6 + 1e-9) / 1e6;
  return share < 1 && cut >= 1 ? 0.999_999 : cut;
}
