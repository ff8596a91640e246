/** Whether changes fit what is published, and what they take the place of. Sentences for people; nothing is decided about their truth. */
import type { Change, ProposedPart } from './schema.ts';
import { subjectOf, type RegisterState } from './state-rules.ts';

export interface PlacedPart {
  readonly ref: string;
  readonly fault: string | undefined;
  /** A published change, or the `ref` of an earlier part; null: it is new. */
  readonly replaces: string | null;
}

/** In order: each part may refer to what is published and to the parts before it. */
export function placeParts(state: RegisterState, parts: readonly ProposedPart[]): PlacedPart[] {
  const known = new Known(state);
  return parts.map((part) => {
    const earlier = part.replaces === undefined ? undefined : known.parts.get(part.replaces);
    const placed = earlier === undefined ? placeInState(state, part) : placeBehind(earlier, part);
    const fault = placed.fault ?? known.findTwice(part) ?? known.findMissing(part.change);
    known.add(part);
    return { ref: part.ref, fault, replaces: placed.replaces };
  });
}

/** What is published, and what the parts before bring. */
class Known {
  readonly parts = new Map<string, ProposedPart>();
  readonly #state: RegisterState;
  readonly #named = new Set<string>();

  constructor(state: RegisterState) {
    this.#state = state;
  }

  add(part: ProposedPart): void {
    this.parts.set(part.ref, part);
    this.#named.add(nameOf(part.change));
  }

  /** The same register or recommendation twice in one go is a mistake, unless the second says that it replaces the first. */
  findTwice({ change, replaces }: ProposedPart): string | undefined {
    if (change.kind !== 'register' && change.kind !== 'recommendation') return undefined;
    if (replaces !== undefined && this.parts.has(replaces)) return undefined;
    return this.#named.has(nameOf(change)) ? `The ${change.kind} ${subjectOf(change)} is there twice.` : undefined;
  }

  findMissing(change: Change): string | undefined {
    if (change.kind === 'register') return undefined;
    if (change.kind === 'recommendation') {
      const { register } = change.body;
      return this.#state.registers.has(register) || this.#named.has(`register ${register}`) ? undefined : `There is no register ${register}.`;
    }
    if (!this.#hasRecommendation(change.recommendation)) return `There is no recommendation ${change.recommendation}.`;
    if (change.kind === 'milestone' && !this.#hasAction(change)) return `The recommendation ${change.recommendation} has no action ${change.body.action}.`;
    return change.kind === 'status' ? findEvidenceFault(change.body.basis) : undefined;
  }

  #hasRecommendation(subject: string): boolean {
    return this.#state.recommendations.has(subject) || this.#named.has(`recommendation ${subject}`);
  }

  #hasAction({ recommendation, body }: Extract<Change, { kind: 'milestone' }>): boolean {
    const part = this.parts.get(body.action)?.change;
    if (part !== undefined) return part.kind === 'action' && part.recommendation === recommendation;
    const root = this.#state.rootOf(body.action);
    return this.#state.recommendations.get(recommendation)?.actions.some(({ id }) => id === root) === true;
  }
}

const nameOf = (change: Change): string => `${change.kind} ${subjectOf(change)}`;

type Place = Pick<PlacedPart, 'fault' | 'replaces'>;
const MISMATCH = 'What it replaces is of another kind, or belongs to another recommendation.';
const OTHER_SIDE = 'A claim is replaced only by one of the same side: government, register or independent.';

function placeBehind(earlier: ProposedPart, { change }: ProposedPart): Place {
  const isSame = earlier.change.kind === change.kind && subjectOf(earlier.change) === subjectOf(change);
  return { fault: isSame ? findOtherSide(earlier.change, change) : MISMATCH, replaces: earlier.ref };
}

/** @param part its `replaces` may name any version of what is replaced; registers and recommendations are found by their name */
function placeInState(state: RegisterState, { change, replaces }: ProposedPart): Place {
  const standing = findStanding(state, change);
  if (replaces === undefined) return { fault: undefined, replaces: standing === undefined ? null : (state.newestOf(standing) ?? null) };
  const root = state.rootOf(replaces);
  const newest = root === undefined ? undefined : state.newestOf(root);
  if (root === undefined || newest === undefined) return { fault: `There is no published change ${replaces} that could be replaced.`, replaces: null };
  return { fault: findMismatch(state, change, { root, standing }), replaces: newest };
}

/** The register or the recommendation of this name. */
function findStanding(state: RegisterState, change: Change): string | undefined {
  if (change.kind === 'register') return state.registers.get(change.body.id)?.id;
  if (change.kind === 'recommendation') return state.recommendations.get(subjectOf(change))?.id;
  return undefined;
}

function findMismatch(
  state: RegisterState,
  change: Change,
  { root, standing }: { readonly root: string; readonly standing: string | undefined },
): string | undefined {
  if (change.kind === 'register' || change.kind === 'recommendation') return standing === root ? undefined : MISMATCH;
  const parts = state.recommendations.get(change.recommendation);
  const own = { response: parts?.responses, action: parts?.actions, milestone: parts?.milestones, status: parts?.statuses }[change.kind] ?? [];
  if (!own.some(({ id }) => id === root)) return MISMATCH;
  const claim = parts?.statuses.find(({ id }) => id === root);
  return claim === undefined ? undefined : findOtherSide({ kind: 'status', recommendation: change.recommendation, body: claim.body }, change);
}

/** One claimant never takes the place of another: the claims are three and stay three. */
function findOtherSide(before: Change, after: Change): string | undefined {
  if (before.kind !== 'status' || after.kind !== 'status') return undefined;
  return before.body.by === after.body.by ? undefined : OTHER_SIDE;
}

function findEvidenceFault(basis: Extract<Change, { kind: 'status' }>['body']['basis']): string | undefined {
  for (const [index, { kind, check, source }] of basis.entries()) {
    if ((kind === 'check') !== (check !== null)) return `Evidence ${index + 1}: name the check if it is one, and only then.`;
    if (kind !== 'check' && source === null) return `Evidence ${index + 1}: name the source.`;
  }
  return undefined;
}
