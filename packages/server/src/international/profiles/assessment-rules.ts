/** Assessments of capabilities: what a phase needs, and what may follow on what. Each capability stands for itself; nothing here adds phases up. */
import type { FieldError } from '../../platform/errors.ts';
import type { Assessment, AssessmentInput } from './schema.ts';

type State = Assessment['state'];

/**
 * The four phases of WeProtect's maturity model have names, of which only the outer two were seen (international-and-register.md, section 1.1). An
 * operator who has the document names them with the setting `internationalPhasesFile`.
 */
export const PLAIN_LABELS: readonly string[] = ['nothing found', 'phase 1', 'phase 2', 'phase 3', 'phase 4'];

const NEXT: Readonly<Record<State, readonly State[]>> = {
  draft: ['reviewed', 'superseded'],
  reviewed: ['published', 'superseded'],
  published: ['disputed', 'superseded'],
  // Settled one way or the other.
  disputed: ['published', 'superseded'],
  superseded: [],
};

export function listNextStates(state: State): readonly State[] {
  return NEXT[state];
}

/** Whoever is assessed is heard before it is published and ever after; about a draft there is nothing to reply to yet. */
export function canReply(state: State): boolean {
  return state === 'reviewed' || state === 'published' || state === 'disputed';
}

/** A phase that does not follow from its own claims is refused. Nothing when it can be kept. */
export function checkAssessment({ phase, coverage, claims }: Pick<AssessmentInput, 'phase' | 'coverage' | 'claims'>): FieldError[] {
  const has = (...verdicts: readonly AssessmentInput['claims'][number]['verdict'][]): boolean => claims.some(({ verdict }) => verdicts.includes(verdict));
  const faults: FieldError[] = [];
  if (coverage === 0) faults.push({ at: 'coverage', message: 'must be more than 0: where no indicator was answered, nothing was assessed' });
  if (phase > 0 && !has('yes', 'partly')) faults.push({ at: 'phase', message: 'above 0 needs a claim that holds at least partly' });
  if (phase === 0 && has('yes', 'partly')) faults.push({ at: 'phase', message: '0 says that nothing was found, and a claim says that something was' });
  else if (phase === 0 && !has('no'))
    faults.push({ at: 'phase', message: '0 needs a claim that was looked into and does not hold: unknown is not the same as none' });
  return faults;
}
