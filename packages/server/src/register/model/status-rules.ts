/** What the register says of a recommendation: its own newest claim, held against the evidence that it names. */
import type { CheckView, Evidence, RecommendationView, Status } from './schema.ts';

export interface OwnClaim {
  readonly status: Status;
  readonly asOf: string;
  readonly basis: readonly Evidence[];
}

export const STATUS_WORDS: Readonly<Record<Status | 'not_assessed', string>> = {
  not_started: 'not started',
  under_way: 'under way',
  complete: 'complete',
  ongoing: 'ongoing',
  stalled: 'stalled',
  superseded: 'superseded',
  disputed: 'disputed',
  not_assessed: 'not assessed',
};

export const CLASS_WORDS: Readonly<Record<RecommendationView['responses'][number]['class'], string>> = {
  accepted: 'accepted',
  accepted_in_principle: 'accepted in principle',
  accepted_intent: 'intent accepted',
  partly: 'accepted in part',
  under_consideration: 'under consideration',
  rejected: 'rejected',
  no_response: 'no response',
  not_classified: 'not classified',
};

/** What a claim becomes that its evidence does not carry. */
const WITHOUT_EVIDENCE = 'under_way';
/** Claims that something works now. */
const RESTS_ON_CHECKS: ReadonlySet<Status> = new Set(['complete', 'ongoing']);

const RESULT_WORDS: Readonly<Record<CheckView['result'], string>> = {
  pass: 'passes',
  fail: 'fails',
  stale: 'has no result that is new enough',
  never_run: 'was never run',
};

/** @param claim the newest of the register itself */
export function workOutStatus(claim: OwnClaim | undefined, checks: ReadonlyMap<string, CheckView>): RecommendationView['registerStatus'] {
  if (claim === undefined) return { status: 'not_assessed', claimed: null, reason: 'The register has made no claim of its own.' };
  const { status, asOf, basis } = claim;
  const said = `The register claims “${STATUS_WORDS[status]}” (as of ${asOf})`;
  const fault = RESTS_ON_CHECKS.has(status) ? findFault(status, basis, checks) : undefined;
  if (fault === undefined) return { status, claimed: status, reason: `${said}${describeBasis(basis, RESTS_ON_CHECKS.has(status))}.` };
  return { status: WITHOUT_EVIDENCE, claimed: status, reason: `${said}. It is shown as “${STATUS_WORDS[WITHOUT_EVIDENCE]}”, because ${fault}.` };
}

function findFault(status: Status, basis: readonly Evidence[], checks: ReadonlyMap<string, CheckView>): string | undefined {
  for (const name of checksOf(basis)) {
    const check = checks.get(name);
    if (check === undefined) return `the check ${name}, on which it rests, is not run here`;
    if (check.result !== 'pass')
      return `the check “${check.title}” (${name}) ${RESULT_WORDS[check.result]}${check.finding === '' ? '' : `: ${trimEnd(check.finding)}`}`;
  }
  if (status !== 'complete' || basis.some(({ shows }) => shows === 'effect')) return undefined;
  return basis.length === 0 ? 'no evidence is named for it' : 'the evidence that is named for it shows a reply or an activity, and no effect';
}

/** The names of the checks that a claim rests on, each once. */
export function checksOf(basis: readonly Evidence[]): readonly string[] {
  return [...new Set(basis.flatMap(({ check }) => (check === null ? [] : [check])))];
}

/** @param isHeld the checks were looked at, and pass; else they are only named */
function describeBasis(basis: readonly Evidence[], isHeld: boolean): string {
  const checks = checksOf(basis).length;
  const other = basis.filter(({ check }) => check === null).length;
  const checkWords = checks === 1 ? 'check' : 'checks';
  const passes = isHeld ? ` that ${checks === 1 ? 'passes' : 'pass'}` : '';
  const parts = [...(checks === 0 ? [] : [`${checks} ${checkWords}${passes}`]), ...(other === 0 ? [] : [`${other} ${other === 1 ? 'document' : 'documents'}`])];
  return parts.length === 0 ? '' : `; it ${isHeld ? 'rests on' : 'names'} ${parts.join(' and ')}`;
}

/** Findings are sentences; here one stands inside another. */
function trimEnd(finding: string): string {
  return finding.replace(/\.$/, '');
}
