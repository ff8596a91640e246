/** Whether a risk assessment may be signed: all four steps are there, every kind has a level with reasons, and it is looked at again within a year. */
import type { FieldError } from '../../platform/errors.ts';
import { LEVELS } from '../facts/schema.ts';
import { toDay } from './kind-rules.ts';
import type { AssessedKind, AssessmentDraft, KindToAssess } from './schema.ts';

export interface DraftFrame {
  readonly kinds: readonly KindToAssess[];
  hasControl(id: string): boolean;
  readonly now: Date;
}

/** @returns nothing when it may be signed; `at` is a step, or `kinds/` and the kind */
export function findMissing(draft: Partial<AssessmentDraft>, frame: DraftFrame): FieldError[] {
  return [...checkUnderstanding(draft), ...checkKinds(draft.kinds ?? [], frame.kinds), ...checkMeasures(draft, frame), ...checkReview(draft, frame.now)];
}

const isBlank = (text: string | undefined): boolean => (text ?? '').trim() === '';

function checkUnderstanding({ understanding }: Partial<AssessmentDraft>): FieldError[] {
  const at = 'understanding';
  return [
    ...(isBlank(understanding?.riskFactors) ? [{ at, message: 'Step 1: say which risk factors the service has' }] : []),
    ...(isBlank(understanding?.consulted) ? [{ at, message: 'Step 1: say what was read and who was asked' }] : []),
  ];
}

function checkKinds(assessed: readonly AssessedKind[], expected: readonly KindToAssess[]): FieldError[] {
  const known = new Set(expected.map(({ kind }) => kind));
  const stray = assessed
    .filter(({ kind }) => !known.has(kind))
    .map(({ kind }) => ({ at: 'kinds', message: `Step 2: the catalogue does not know the kind ${kind}` }));
  return [
    ...(expected.length === 0 ? [{ at: 'kinds', message: 'Step 2: the catalogue names no kind to assess' }] : []),
    ...stray,
    ...expected.flatMap((kind) => checkKind(kind, assessed)),
    ...checkRows(assessed),
  ];
}

function checkKind({ kind, title }: KindToAssess, assessed: readonly AssessedKind[]): FieldError[] {
  const at = `kinds/${kind}`;
  const [one, ...more] = assessed.filter((other) => other.kind === kind);
  if (one === undefined) return [{ at, message: `Step 2: ${title}: choose a level` }];
  const faults = [
    ...(more.length > 0 ? ['it is there twice'] : []),
    ...(isBlank(one.reasoning) ? ['say why it is at this level'] : []),
    ...(one.evidence.some(({ what, from }) => !isBlank(what) && !isBlank(from)) ? [] : ['name what the level rests on, and where that comes from']),
    ...(one.evidence.some(({ what, from }) => isBlank(what) !== isBlank(from)) ? ['each piece of evidence needs what it is and where it comes from'] : []),
    ...(one.isSeverityLifted && one.level === 'negligible' ? ['a level that severity lifted is not negligible'] : []),
  ];
  return faults.map((fault) => ({ at, message: `Step 2: ${title}: ${fault}` }));
}

/** Rows 2A to 2C are parts of the kind: it is not lower than the highest of them (Risk Assessment Guidance). */
const WHOLE = 'csea';
const ROWS: readonly string[] = ['imageCsam', 'csamUrls', 'grooming'];

function checkRows(assessed: readonly AssessedKind[]): FieldError[] {
  const rank = ({ level }: AssessedKind): number => LEVELS.indexOf(level);
  const whole = assessed.find(({ kind }) => kind === WHOLE);
  const highest = Math.max(-1, ...assessed.filter(({ kind }) => ROWS.includes(kind)).map(rank));
  if (whole === undefined || rank(whole) >= highest) return [];
  return [{ at: `kinds/${WHOLE}`, message: 'Step 2: child sexual exploitation and abuse as a whole cannot be lower than images, links or grooming' }];
}

function checkMeasures({ measures = [], measuresNote }: Partial<AssessmentDraft>, { hasControl }: DraftFrame): FieldError[] {
  const at = 'measures';
  return [
    ...measures.filter((id) => !hasControl(id)).map((id) => ({ at, message: `Step 3: the catalogue has no measure ${id}` })),
    ...(measures.length === 0 && isBlank(measuresNote)
      ? [{ at, message: 'Step 3: choose the measures that answer to the risks, or say why none is needed' }]
      : []),
  ];
}

function checkReview({ review }: Partial<AssessmentDraft>, now: Date): FieldError[] {
  const at = 'review';
  const day = review?.nextReview ?? '';
  return [
    ...(isBlank(review?.reportedTo) ? [{ at, message: 'Step 4: say to whom the assessment was reported' }] : []),
    ...(isBlank(review?.triggers) ? [{ at, message: 'Step 4: say what makes you assess again before that day' }] : []),
    ...(day <= toDay(now) || day > lastReviewDay(now) ? [{ at, message: 'Step 4: choose a day for the next review, within twelve months' }] : []),
  ];
}

/** Twelve months ahead. */
export function lastReviewDay(now: Date): string {
  const last = new Date(now);
  last.setUTCFullYear(last.getUTCFullYear() + 1);
  return toDay(last);
}

/** What is in an assessment as it is signed: blank evidence rows are left out. */
export function toSignedBody(draft: Partial<AssessmentDraft>, order: readonly KindToAssess[]): Partial<AssessmentDraft> {
  const place = new Map(order.map(({ kind }, index) => [kind, index]));
  const kinds = (draft.kinds ?? [])
    .map((kind) => ({ ...kind, evidence: kind.evidence.filter(({ what, from }) => !isBlank(what) || !isBlank(from)) }))
    .toSorted((a, b) => (place.get(a.kind) ?? 0) - (place.get(b.kind) ?? 0));
  return { ...draft, kinds, measures: [...new Set(draft.measures)], measuresNote: draft.measuresNote ?? '' };
}
