/**
 * From changes to the state: a pure fold over what was published. A change that replaces another one stands in its place, and the older one stays
 * readable; nothing depends on the order in which the changes are given.
 */
import { compareText, groupBy } from './order-rules.ts';
import type { Change, KeptChange } from './schema.ts';

/** What one thing of the register is now, and what it was. */
export interface Entry<Body> {
  /** Of the first change: permanent, whatever replaces it. */
  readonly id: string;
  /** The change that counts now: what a new one has to replace. */
  readonly newest: string;
  readonly body: Body;
  /** Oldest first, the newest included. */
  readonly versions: readonly Body[];
}

type BodyOf<Kind extends Change['kind']> = Extract<Change, { kind: Kind }>['body'];

export interface RecommendationState extends Entry<BodyOf<'recommendation'>> {
  readonly subject: string;
  readonly responses: readonly Entry<BodyOf<'response'>>[];
  readonly actions: readonly Entry<BodyOf<'action'>>[];
  /** `action` is the permanent id of the action. */
  readonly milestones: readonly Entry<BodyOf<'milestone'>>[];
  /** Every claim that was not replaced, the oldest first. */
  readonly statuses: readonly Entry<BodyOf<'status'>>[];
}

export interface RegisterState {
  readonly registers: ReadonlyMap<string, Entry<BodyOf<'register'>>>;
  readonly recommendations: ReadonlyMap<string, RecommendationState>;
  /** The permanent id of what a published change is a version of. */
  rootOf(id: string): string | undefined;
  /** The change that counts now, by the permanent id. */
  newestOf(root: string): string | undefined;
}

interface Chain {
  readonly root: KeptChange;
  readonly newest: KeptChange;
  readonly changes: readonly KeptChange[];
}

export function subjectOf(change: Change): string {
  if (change.kind === 'register') return change.body.id;
  if (change.kind === 'recommendation') return `${change.body.register}/${change.body.number}`;
  return change.recommendation;
}

export function foldChanges(changes: readonly KeptChange[]): RegisterState {
  const published = changes.filter(({ state }) => state === 'published');
  const roots = findRoots(published);
  const chains = toChains(published, roots);
  const newest = new Map(chains.map((chain) => [chain.root.id, chain.newest.id]));
  const registers = new Map(entriesOf(chains, 'register').map(({ subject, entry }) => [subject, entry]));
  const bySubject = groupBySubject(chains);
  const recommendations = new Map<string, RecommendationState>();
  for (const { subject, entry } of entriesOf(chains, 'recommendation')) {
    if (!registers.has(entry.body.register)) continue;
    const own = bySubject.get(subject) ?? [];
    recommendations.set(subject, {
      ...entry,
      subject,
      responses: entriesOf(own, 'response').map((one) => one.entry),
      actions: entriesOf(own, 'action').map((one) => one.entry),
      milestones: entriesOf(own, 'milestone').map(({ entry: { body, ...rest } }) => ({
        ...rest,
        body: { ...body, action: roots.get(body.action) ?? body.action },
      })),
      statuses: entriesOf(own, 'status').map((one) => one.entry),
    });
  }
  return { registers, recommendations, rootOf: (id) => roots.get(id), newestOf: (root) => newest.get(root) };
}

/** Of each change the first one of its chain. What replaces something that is not there begins a chain of its own. */
function findRoots(published: readonly KeptChange[]): Map<string, string> {
  const byId = new Map(published.map((one) => [one.id, one]));
  const roots = new Map<string, string>();
  for (const one of published) {
    const seen = new Set([one.id]);
    let at = one;
    for (;;) {
      const before = at.replaces === null ? undefined : byId.get(at.replaces);
      if (before === undefined || seen.has(before.id)) break;
      seen.add(before.id);
      at = before;
    }
    roots.set(one.id, at.id);
  }
  return roots;
}

/** In the order of the first change of each: by time, then by id. */
function toChains(published: readonly KeptChange[], roots: ReadonlyMap<string, string>): Chain[] {
  const groups = groupBy(published, ({ id }) => roots.get(id) ?? id);
  const chains: Chain[] = [];
  for (const [rootId, group] of groups) {
    const depth = findDepths(rootId, group);
    const ordered = group.toSorted((a, b) => (depth.get(a.id) ?? 0) - (depth.get(b.id) ?? 0) || compareChanges(a, b));
    const [root] = ordered;
    const newest = ordered.at(-1);
    if (root !== undefined && newest !== undefined) chains.push({ root, newest, changes: ordered });
  }
  return chains.toSorted((a, b) => compareChanges(a.root, b.root));
}

/** How many changes stand between each and the first: two of one moment are told apart by what they replace. */
function findDepths(rootId: string, group: readonly KeptChange[]): Map<string, number> {
  const after = groupBy(group, ({ replaces }) => replaces ?? '');
  const depths = new Map([[rootId, 0]]);
  const queue = [rootId];
  for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
    for (const next of after.get(id) ?? []) {
      if (depths.has(next.id)) continue;
      depths.set(next.id, (depths.get(id) ?? 0) + 1);
      queue.push(next.id);
    }
  }
  return depths;
}

function compareChanges(a: KeptChange, b: KeptChange): number {
  const byTime = (a.publishedAt?.getTime() ?? 0) - (b.publishedAt?.getTime() ?? 0);
  return byTime !== 0 ? byTime : compareText(a.id, b.id);
}

function groupBySubject(chains: readonly Chain[]): ReadonlyMap<string, readonly Chain[]> {
  return groupBy(chains, ({ root }) => subjectOf(root.change));
}

function entriesOf<Kind extends Change['kind']>(chains: readonly Chain[], kind: Kind): { readonly subject: string; readonly entry: Entry<BodyOf<Kind>> }[] {
  return chains.flatMap(({ root, newest, changes }) => {
    const versions = changes.flatMap(({ change }) => bodyOf(change, kind) ?? []);
    const body = versions.at(-1);
    return body === undefined || root.change.kind !== kind
      ? []
      : [{ subject: subjectOf(root.change), entry: { id: root.id, newest: newest.id, body, versions } }];
  });
}

/** The kind says which body it has; the compiler does not follow that through a type parameter. */
function bodyOf<Kind extends Change['kind']>(change: Change, kind: Kind): BodyOf<Kind> | undefined {
  const body: unknown = change.kind === kind ? change.body : undefined;
  return body as BodyOf<Kind> | undefined;
}
