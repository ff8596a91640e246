/**
 * Which counts may be seen. A count below `k` never is, and neither is anything from which it could be worked out: where a group is withheld,
 * the smallest of the others is withheld with it, so that the difference to the total is never one small group alone. Zero counts as small:
 * otherwise "withheld" would say "somebody". Whoever knows these rules still cannot say of any withheld group whether it is small (the test
 * shows it by enumerating every table that leads to the same publication). Pure.
 *
 * Two tables about the same people must not be cut from the same cells along nested lines: see `docs/guide/age-evidence.md`.
 */

/** A group and two sides that make it up: those for whom something holds, and those for whom it does not. */
export interface Group {
  readonly label: string;
  readonly yes: number;
  readonly no: number;
}

export interface Released {
  readonly label: string;
  /** Undefined: withheld, both sides and their sum. */
  readonly shown: { readonly yes: number; readonly total: number } | undefined;
}

export interface ReleasedTable {
  readonly groups: readonly Released[];
  readonly overall: Released;
  /** The sum of both sides may be seen where the sides may not. */
  readonly total: number | undefined;
}

export function releaseTable(groups: readonly Group[], k: number): ReleasedTable {
  const isSmall = ({ yes, no }: Group): boolean => yes < k || no < k;
  const withheld = withComplement(groups, { isSmall, size: ({ yes, no }) => yes + no });
  const sum: Group = groups.reduce((all, { yes, no }) => ({ label: 'all', yes: all.yes + yes, no: all.no + no }), { label: 'all', yes: 0, no: 0 });
  const total = sum.yes + sum.no;
  return {
    groups: groups.map((group) => ({ label: group.label, shown: withheld.has(group) ? undefined : { yes: group.yes, total: group.yes + group.no } })),
    overall: { label: 'all', shown: isSmall(sum) ? undefined : { yes: sum.yes, total } },
    total: total < k ? undefined : total,
  };
}

export interface Part {
  readonly label: string;
  readonly count: number;
}

export interface ReleasedParts {
  readonly parts: readonly { readonly label: string; readonly count: number | undefined }[];
  readonly total: number | undefined;
}

/** Parts of one whole, such as refusals by reason. */
export function releaseParts(parts: readonly Part[], k: number): ReleasedParts {
  const withheld = withComplement(parts, { isSmall: ({ count }) => count < k, size: ({ count }) => count });
  const total = parts.reduce((sum, { count }) => sum + count, 0);
  return {
    parts: parts.map((part) => ({ label: part.label, count: withheld.has(part) ? undefined : part.count })),
    total: total < k ? undefined : total,
  };
}

interface Measures<T> {
  readonly isSmall: (item: T) => boolean;
  readonly size: (item: T) => number;
}

/**
 * The small ones and, when there are any, the smallest of the rest: all that are equally small, so that what is withheld does not depend on the
 * order of the groups, which everybody knows.
 */
function withComplement<T>(items: readonly T[], { isSmall, size }: Measures<T>): ReadonlySet<T> {
  const small = items.filter(isSmall);
  if (small.length === 0) return new Set();
  const rest = items.filter((item) => !isSmall(item));
  const least = Math.min(...rest.map(size));
  return new Set([...small, ...rest.filter((item) => size(item) === least)]);
}
