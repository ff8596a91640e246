/** What the verdicts over the corpus come to. Pure. */
import { LAB_SETS, type LabCase, type LabReport, type LabVerdict } from './lab-schema.ts';

const FAULTS_SHOWN = 20;

export interface Judged {
  readonly one: LabCase;
  readonly first: LabVerdict;
  readonly second: LabVerdict;
}

export function summariseLab(judged: readonly Judged[], corpus: string): LabReport {
  const isGenuine = ({ one }: Judged): boolean => one.expect === 'accepted';
  const hostile = judged.filter((each) => !isGenuine(each));
  const genuine = judged.filter(isGenuine);
  const isAccepted = ({ first, second }: Judged): boolean => [first, second].some((verdict) => verdict.startsWith('accepted_'));
  const isWrong = ({ one, first, second }: Judged): boolean => [first, second].some((verdict) => verdict !== `accepted_${one.answer ?? 'true'}`);
  const saysYes = ({ first, second }: Judged): boolean => first === 'accepted_true' || second === 'accepted_true';
  const isOtherReason = (each: Judged): boolean => !isAccepted(each) && [each.first, each.second].some((verdict) => verdict !== each.one.expect);
  const isDiffering = ({ first, second }: Judged): boolean => first !== second;
  const mayNotSayYes = (each: Judged): boolean => !isGenuine(each) || each.one.answer === 'false';
  const faults = judged.filter((each) => isDiffering(each) || (isGenuine(each) ? isWrong(each) : isAccepted(each) || isOtherReason(each)));
  return {
    corpus,
    cases: judged.length,
    sets: LAB_SETS.map((set) => {
      const own = (all: readonly Judged[]): Judged[] => all.filter(({ one }) => one.set === set);
      return {
        set,
        hostile: own(hostile).length,
        hostileAccepted: own(hostile).filter(isAccepted).length,
        genuine: own(genuine).length,
        genuineWrong: own(genuine).filter(isWrong).length,
      };
    }),
    wrongAccept: judged.filter((each) => mayNotSayYes(each) && saysYes(each)).length,
    hostileAccepted: hostile.filter(isAccepted).length,
    genuineWrong: genuine.filter(isWrong).length,
    otherReason: hostile.filter(isOtherReason).length,
    differing: judged.filter(isDiffering).length,
    faults: faults.slice(0, FAULTS_SHOWN).map(({ one, first, second }) => `${one.set}/${one.id}: ${first}${first === second ? '' : `, then ${second}`}`),
  };
}

/** A refusal for another reason is still a refusal. A corpus without both kinds shows nothing. */
export function isPassed({ hostileAccepted, wrongAccept, genuineWrong, differing, sets }: LabReport): boolean {
  const isThere = sets.every(({ hostile }) => hostile > 0) && sets.some(({ genuine }) => genuine > 0);
  return isThere && hostileAccepted === 0 && wrongAccept === 0 && genuineWrong === 0 && differing === 0;
}
