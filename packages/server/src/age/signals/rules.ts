/** What a range says to a question, how far it may be believed, and when it speaks against something else. Pure. */
import type { AgeOutcome, AgeQuestion, Grade } from '../sessions/schema.ts';
import type { AgeRange, Provenance, Signal, SignalSource } from './schema.ts';

/**
 * The most that a signal may count for. It reaches us as an app's word: what the platform checked is not signed for us, and whoever changes the app, or
 * speaks to us in its place, can say anything. So no check of a platform lifts it above 1, the grade of a weak estimate.
 */
export const GRADES: { readonly [Source in SignalSource]: Readonly<Record<Provenance<Source>, 0 | 1>> } = {
  apple: {
    // A person's own word about themselves.
    selfDeclared: 0,
    // Somebody else in the family said it, who has a reason to say it right. Nobody checked.
    guardianDeclared: 1,
    // Checked at the platform, unsigned here. With a guardian's card or document it is the guardian who was checked, not the user of the device.
    paymentChecked: 1,
    guardianPaymentChecked: 1,
    governmentIDChecked: 1,
    guardianGovernmentIDChecked: 1,
    checkedByOtherMethod: 1,
    guardianCheckedByOtherMethod: 1,
    // What confirms, and how, is not said in what we could read.
    confirmed: 0,
    unknown: 0,
  },
  play: {
    // Self-declared.
    TIER_A: 0,
    // By a guardian.
    TIER_B: 1,
    // Assessed: card, e-mail, picture or document. The four are one word, so the weakest counts.
    TIER_C: 1,
    // Document and picture, or a digital identity: strong at the platform, unsigned here.
    TIER_D: 1,
    unknown: 0,
  },
  os: {
    // AB 1043 has the account holder type it in; nothing is checked.
    selfDeclared: 0,
    guardianDeclared: 1,
    unknown: 0,
  },
};

export function gradeOf(signal: Pick<Signal, 'source' | 'provenance'>): 0 | 1 {
  const grades: Readonly<Record<string, 0 | 1>> = GRADES[signal.source];
  return grades[signal.provenance] ?? 0;
}

export type Side = 'over' | 'under' | 'unknown';

/** `over`: everybody in the range has had this birthday; `under`: nobody has; `unknown`: some have. */
export function sideOf({ lower = 0, upper }: AgeRange, threshold: number): Side {
  if (lower >= threshold) return 'over';
  return upper !== undefined && upper < threshold ? 'under' : 'unknown';
}

export function answerOf(side: Side, direction: AgeQuestion['direction']): 'true' | 'false' | 'unknown' {
  if (side === 'unknown') return 'unknown';
  return side === direction ? 'true' : 'false';
}

export interface Asked extends AgeQuestion {
  readonly minGrade: Grade;
}

/**
 * Whether a signal may end a check. `no` to "old enough?" may at any grade, as a person's own word may: it opens nothing, and the service can offer what
 * is made for children. Everything else opens something, so the service must have asked for no more than a signal can give.
 */
export function mayConclude(
  { direction, minGrade }: Asked,
  { answer, grade }: { readonly answer: 'true' | 'false' | 'unknown'; readonly grade: Grade },
): boolean {
  if (answer === 'unknown') return false;
  return opensNothing(direction, answer) || grade >= minGrade;
}

function opensNothing(direction: AgeQuestion['direction'], answer: string): boolean {
  return direction === 'over' && answer === 'false';
}

/** What is kept of the signals of one session. */
export interface Hint {
  readonly direction: AgeQuestion['direction'];
  readonly saysOver: boolean;
  readonly saysUnder: boolean;
}

export type Weight = 'agrees' | 'contradicted' | 'opens_against_signal';

/** @returns `opens_against_signal`: the outcome contradicts a signal, would open something, and nothing was verified */
export function weigh(hint: Hint | undefined, { result, kind }: Pick<AgeOutcome, 'result' | 'kind'>): Weight {
  if (hint === undefined || result === 'inconclusive') return 'agrees';
  const isOver = (result === 'true') === (hint.direction === 'over');
  if (isOver ? !hint.saysUnder : !hint.saysOver) return 'agrees';
  return kind === 'verified' || opensNothing(hint.direction, result) ? 'contradicted' : 'opens_against_signal';
}
