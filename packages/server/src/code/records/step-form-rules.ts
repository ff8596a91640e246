/** From the fields of a step to the member of the draft, and what is wrong with them. Half of a text may be saved; too much of it may not. */
import type { FieldError } from '../../platform/errors.ts';
import { LEVELS } from '../facts/schema.ts';
import { TEXT_MAX } from './body-schema.ts';
import { all, first, type Sent } from './form-rules.ts';
import type { AssessedKind, AssessmentDraft } from './schema.ts';

const EVIDENCE_ROW = /^what-(\d{1,2})$/;

function findLong(sent: Sent, names: readonly string[], max = TEXT_MAX): FieldError[] {
  return names
    .filter((name) => first(sent, name).trim().length > max)
    .map((name) => ({ at: name, message: `This text is longer than ${max.toLocaleString('en-GB')} characters. Shorten it; nothing was saved yet.` }));
}

export interface StepRead<Value> {
  readonly value: Value;
  readonly errors: readonly FieldError[];
}

export function readUnderstanding(sent: Sent): StepRead<AssessmentDraft['understanding']> {
  const value = { riskFactors: first(sent, 'riskFactors').trim(), consulted: first(sent, 'consulted').trim() };
  return { value, errors: findLong(sent, ['riskFactors', 'consulted']) };
}

export function readMeasures(sent: Sent, hasControl: (id: string) => boolean): StepRead<Pick<AssessmentDraft, 'measures' | 'measuresNote'>> {
  const others = first(sent, 'others')
    .split(/[\s,]+/)
    .filter((id) => id !== '');
  const measures = [...new Set([...all(sent, 'measures'), ...others])];
  const unknown = measures.filter((id) => !hasControl(id));
  return {
    value: { measures, measuresNote: first(sent, 'measuresNote').trim() },
    errors: [
      ...(unknown.length === 0 ? [] : [{ at: 'measures-others', message: `The catalogue has no measure ${unknown.slice(0, 5).join(', ')}` }]),
      ...findLong(sent, ['measuresNote']),
    ],
  };
}

export function readReview(sent: Sent): StepRead<AssessmentDraft['review']> {
  const value = { reportedTo: first(sent, 'reportedTo').trim(), nextReview: first(sent, 'nextReview').trim(), triggers: first(sent, 'triggers').trim() };
  const isDay = value.nextReview === '' || /^\d{4}-\d\d-\d\d$/.test(value.nextReview);
  return {
    value,
    errors: [
      ...findLong(sent, ['reportedTo'], 120),
      ...(isDay ? [] : [{ at: 'nextReview', message: 'Enter a day as year-month-day, such as 2027-03-31' }]),
      ...findLong(sent, ['triggers']),
    ],
  };
}

export interface KindSent extends Omit<AssessedKind, 'kind' | 'level'> {
  /** As it was sent; empty: none was chosen. */
  readonly level: string;
  readonly figures: readonly string[];
}

export function readKind(sent: Sent): StepRead<KindSent> {
  const numbers = Object.keys(sent).flatMap((name) => EVIDENCE_ROW.exec(name)?.[1] ?? []);
  const evidence = numbers
    .map((number) => ({ what: first(sent, `what-${number}`).trim(), from: first(sent, `from-${number}`).trim() }))
    .filter(({ what, from }) => what !== '' || from !== '');
  const level = first(sent, 'level');
  return {
    value: {
      level,
      reasoning: first(sent, 'reasoning').trim(),
      isSeverityLifted: first(sent, 'isSeverityLifted') === 'yes',
      evidence,
      figures: all(sent, 'figures'),
    },
    errors: [
      ...(LEVELS.some((one) => one === level) ? [] : [{ at: 'level', message: 'Choose a level; where you are not sure, the higher one' }]),
      ...findLong(sent, ['reasoning', ...numbers.flatMap((number) => [`what-${number}`, `from-${number}`])]),
    ],
  };
}
