/** What of an import is in the register already: the same words are not proposed a second time. */
import { toCanonicalText } from '../../log/index.ts';
import type { Change, ProposedPart } from '../model/schema.ts';
import type { RecommendationView, Register } from '../model/schema.ts';

export interface Standing {
  readonly registers: readonly Register[];
  readonly views: readonly RecommendationView[];
}

/** @returns what is new or different; milestones of an action that is there refer to it, and one of the same title replaces the other */
export function dropKnown(parts: readonly ProposedPart[], { registers, views }: Standing): ProposedPart[] {
  const registerById = new Map(registers.map((one) => [one.id, one]));
  const viewById = new Map(views.map((one) => [one.id, one]));
  const actions = new Map<string, string>();
  const left: ProposedPart[] = [];
  const replaced = new Set(parts.flatMap(({ replaces }) => replaces ?? []));
  for (const part of parts) {
    const { change } = part;
    if (change.kind === 'milestone' && actions.has(change.body.action)) {
      const view = viewById.get(change.recommendation);
      // Old dates of it are known, or were never told here.
      if (!replaced.has(part.ref)) left.push(...toKnownAction(part, change, { view, action: actions.get(change.body.action) ?? '' }));
      continue;
    }
    const known = findSame(change, { registerById, viewById });
    if (known === undefined) left.push(part);
    else actions.set(part.ref, known);
  }
  return left;
}

interface KnownAction {
  readonly view: RecommendationView | undefined;
  readonly action: string;
}

function toKnownAction({ ref }: ProposedPart, change: Extract<Change, { kind: 'milestone' }>, { view, action }: KnownAction): ProposedPart[] {
  const { title, dueAt, doneAt } = change.body;
  const before = view?.actions.find(({ id }) => id === action)?.milestones.find((one) => one.title === title);
  if (before?.dueAt === dueAt && before.doneAt === doneAt) return [];
  return [{ ref, change: { ...change, body: { ...change.body, action } }, ...(before === undefined ? {} : { replaces: before.id }) }];
}

interface Known {
  readonly registerById: ReadonlyMap<string, Register>;
  readonly viewById: ReadonlyMap<string, RecommendationView>;
}

/** @returns the id of the one that says the same */
function findSame(change: Change, { registerById, viewById }: Known): string | undefined {
  switch (change.kind) {
    case 'milestone':
      return undefined;
    case 'register':
      return isSame(change.body, registerById.get(change.body.id)) ? change.body.id : undefined;
    case 'recommendation': {
      const id = `${change.body.register}/${change.body.number}`;
      return isSame(change.body, viewById.get(id)?.recommendation) ? id : undefined;
    }
    case 'response':
    case 'action':
    case 'status':
      return findSamePart(change, viewById.get(change.recommendation));
    default:
      return change satisfies never;
  }
}

function findSamePart(change: Extract<Change, { kind: 'response' | 'action' | 'status' }>, view: RecommendationView | undefined): string | undefined {
  if (view === undefined) return undefined;
  const own = { response: view.responses, action: view.actions, status: view.statuses }[change.kind];
  return own.find((one) => isSame(change.body, one))?.id;
}

/** @param shown may have members more, which were worked out */
function isSame(body: object, shown: object | undefined): boolean {
  if (shown === undefined) return false;
  const own = Object.fromEntries(Object.keys(body).map((name) => [name, Reflect.get(shown, name) as unknown]));
  return toCanonicalText(body) === toCanonicalText(own);
}
