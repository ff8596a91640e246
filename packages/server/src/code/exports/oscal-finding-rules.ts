/**
 * When a state may become a finding. OSCAL knows only satisfied and not satisfied, so that everything that is not one of the two for sure stays an
 * observation: not evaluated, attention, an own word that nobody signed, a measure that is not for this service (code-of-practice.md, section 3.1).
 */
import type { Item, MeasureState } from '../evidence/schema.ts';
import { isSelected } from './oscal-profile-rules.ts';

export type Verdict = 'satisfied' | 'not-satisfied';

/** What stands behind an item. A signed attestation is somebody's word by name, and never a measurement. */
export type Ground = 'measured' | 'signed' | 'none';

export function groundOf({ attestation, mode, figure, state }: Item): Ground {
  if (attestation !== null) return 'signed';
  return mode === 'measured' && figure !== null && state !== 'not_evaluated' ? 'measured' : 'none';
}

/** @returns undefined when it must stay an observation */
export function judgeFinding(measure: MeasureState): Verdict | undefined {
  if (!isSelected(measure.outcome) || measure.items.length === 0) return undefined;
  if (measure.state === 'pass') return measure.items.every((item) => item.state === 'pass' && groundOf(item) !== 'none') ? 'satisfied' : undefined;
  if (measure.state === 'fail') return measure.items.some((item) => item.state === 'fail' && groundOf(item) !== 'none') ? 'not-satisfied' : undefined;
  return undefined;
}
