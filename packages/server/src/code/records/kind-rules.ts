/** What tells records apart, when they must be looked at again, and what the catalogue says against one. */
import type { FactDefinition, MetricInfo } from '../catalogue/schema.ts';
import type { FieldError } from '../../platform/errors.ts';
import type { AssessmentDraft, KindToAssess, RecordKind, SignInput } from './schema.ts';

export type Subject = AssessmentDraft['subject'];

/** What records of one kind supersede each other by. */
export function subjectOf(input: SignInput): string {
  switch (input.kind) {
    case 'measure':
    case 'alternative':
      return input.body.control;
    case 'attestation':
      return input.body.control === null ? input.body.metric : `${input.body.metric}/${input.body.control}`;
    case 'appointment':
      return input.body.role;
    case 'review':
      return input.body.review;
    case 'policy':
    case 'change':
      return input.body.name;
    case 'training':
      return input.body.group;
    case 'registration':
      return input.body.authority;
    default:
      return input satisfies never;
  }
}

/** The day at whose end it is out of date; null: it has none. */
export function reviewDayOf(input: SignInput): string | null {
  switch (input.kind) {
    case 'attestation':
      return input.body.validUntil;
    case 'appointment':
    case 'policy':
      return input.body.reviewBy;
    case 'review':
    case 'training':
      return input.body.nextBy;
    case 'registration':
      return input.body.nextTestBy;
    case 'measure':
    case 'alternative':
    case 'change':
      return null;
    default:
      return input satisfies never;
  }
}

/** The last moment of a day. */
export function endOfDay(day: string): Date {
  return new Date(`${day}T23:59:59.999Z`);
}

export function toDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}

/** s.23 asks for one or the other: a measure that is taken, or an alternative to it. */
export const OPPOSITES: Readonly<Partial<Record<RecordKind, RecordKind>>> = { measure: 'alternative', alternative: 'measure' };

/** What the catalogue knows of what a record names. */
export interface Named {
  hasControl(id: string): boolean;
  metric(id: string): MetricInfo | undefined;
}

export function findFaults(input: SignInput, named: Named, today: string): FieldError[] {
  const faults: FieldError[] = [];
  const control = 'control' in input.body ? input.body.control : null;
  if (control !== null && !named.hasControl(control)) faults.push({ at: 'control', message: 'The catalogue has no measure with this id' });
  const day = reviewDayOf(input);
  if (day !== null && day < today) faults.push({ at: dayField(input), message: 'This day is past already' });
  if (input.kind === 'attestation') faults.push(...judgeFigure(input.body.figure, named.metric(input.body.metric)));
  if (input.kind === 'training' && input.body.current > input.body.due) faults.push({ at: 'current', message: 'More people than need it cannot have it' });
  if (input.kind === 'change' && input.body.assessedOn !== null && input.body.assessment === '')
    faults.push({ at: 'assessment', message: 'Say where the assessment of the change is' });
  return faults;
}

function dayField({ kind }: SignInput): string {
  if (kind === 'attestation') return 'validUntil';
  if (kind === 'registration') return 'nextTestBy';
  return kind === 'review' || kind === 'training' ? 'nextBy' : 'reviewBy';
}

function judgeFigure(figure: number | boolean, metric: MetricInfo | undefined): FieldError[] {
  if (metric === undefined) return [{ at: 'metric', message: 'The catalogue has no metric with this id' }];
  const isYesNo = metric.unit === 'boolean';
  if (isYesNo !== (typeof figure === 'boolean'))
    return [{ at: 'figure', message: isYesNo ? 'The figure is yes or no' : `The figure is a number (${metric.unit})` }];
  if (typeof figure === 'number' && metric.unit === 'ratio' && (figure < 0 || figure > 1)) return [{ at: 'figure', message: 'A ratio is between 0 and 1' }];
  return typeof figure === 'number' && figure < 0 ? [{ at: 'figure', message: 'The figure is 0 or more' }] : [];
}

const FACT_PREFIX: Readonly<Record<Subject, string>> = { illegal_content: 'risk.', children: 'childRisk.' };

/** The kinds of content that an assessment has to go through: every level that the catalogue asks for (18 kinds and the rows 2A to 2C; children's content). */
export function listKinds(facts: readonly FactDefinition[], subject: Subject): KindToAssess[] {
  const prefix = FACT_PREFIX[subject];
  return facts
    .filter(({ id, type }) => id.startsWith(prefix) && type.kind === 'level')
    .map(({ id, question, help }) => ({ kind: id.slice(prefix.length), fact: id, title: shorten(question), help }));
}

/** `How high is the risk of fraud?` -> `Fraud` */
function shorten(question: string): string {
  const topic = /^How high is the risk (?:to children )?of (.+)\?$/.exec(question)?.[1];
  return topic === undefined ? question : `${topic.charAt(0).toUpperCase()}${topic.slice(1)}`;
}

export function recordKindOf(subject: Subject): RecordKind {
  return subject === 'illegal_content' ? 'assessment_illegal' : 'assessment_children';
}
