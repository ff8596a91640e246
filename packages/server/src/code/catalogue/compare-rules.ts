/** What differs between two releases, measure by measure. Pure. */
import type { CatalogueDifference } from './release-schema.ts';
import type { Catalogue, Control, Group } from './schema.ts';

type Difference = CatalogueDifference['controls'][number];

/** In the order of the newer release; what was removed comes last. */
export function compareCatalogues(from: Catalogue, to: Catalogue): CatalogueDifference {
  const [before, after] = [listMembers(from), listMembers(to)];
  const present = [...after].flatMap(([id, { title, members }]): Difference[] => {
    const old = before.get(id);
    if (old === undefined) return [{ id, title, change: 'added', members: compareMembers({}, members) }];
    const changed = compareMembers(old.members, members);
    return changed.length === 0 ? [] : [{ id, title, change: 'changed', members: changed }];
  });
  const removed = [...before]
    .filter(([id]) => !after.has(id))
    .map(([id, { title, members }]): Difference => ({ id, title, change: 'removed', members: compareMembers(members, {}) }));
  return { from: from.version, to: to.version, controls: [...present, ...removed] };
}

/** Higher is newer. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

type Members = Readonly<Record<string, string | null>>;

function listMembers({ groups }: Catalogue): Map<string, { readonly title: string; readonly members: Members }> {
  return new Map(
    groups.flatMap((group) => group.controls.map((control) => [control.id, { title: control.title, members: describe(control, group) }] as const)),
  );
}

/** Each member as text for people; null where it says nothing. The condition of the document belongs to each of its measures. */
function describe(control: Control, group: Group): Members {
  const { source, appliesTo } = control;
  return {
    document: group.title,
    ref: control.ref,
    title: control.title,
    statement: control.statement,
    source: `${source.sourceId}, ${source.section}, ${source.date}`,
    'for whom': appliesTo.text,
    condition: appliesTo.expr,
    'condition of the document': group.appliesTo.expr,
    standing: control.standing,
    status: control.status,
    from: control.from,
    until: control.until,
    evidence: control.evidence.map(describeItem).join('\n'),
    up: control.up.join(', ') || null,
    related: control.related.join(', ') || null,
    'to be checked': control.verify ? (control.verifyNote ?? 'yes') : null,
  };
}

function describeItem({ metric, threshold, window, mode, basis, note }: Control['evidence'][number]): string {
  return `${metric} ${describeThreshold(threshold)} (${window}, ${mode}, ${basis})${note === null ? '' : `: ${note}`}`;
}

function describeThreshold(threshold: Control['evidence'][number]['threshold']): string {
  switch (threshold.kind) {
    case 'number':
      return `${threshold.op} ${threshold.value}`;
    case 'own':
      return `${threshold.op} target ${threshold.target}`;
    case 'yes':
      return '= yes';
    case 'reported':
      return 'reported';
  }
}

function compareMembers(before: Members, after: Members): Difference['members'] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((member) => ({ member, before: before[member] ?? null, after: after[member] ?? null }))
    .filter((one) => one.before !== one.after);
}
