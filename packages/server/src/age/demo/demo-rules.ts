/** What the form of the demonstration asks. Pure. */
import type { AgeQuestion } from '../sessions/schema.ts';
import type { QuestionForm } from './schema.ts';

/** Undefined when another age was chosen and none was given. */
export function readQuestion({ question, direction, threshold }: QuestionForm): AgeQuestion | undefined {
  if (question === 'other') return /^[1-9]\d?$/.test(threshold) ? { threshold: Number(threshold), direction } : undefined;
  if (question === 'under-13') return { threshold: 13, direction: 'under' };
  return { threshold: question === 'over-16' ? 16 : 18, direction: 'over' };
}
