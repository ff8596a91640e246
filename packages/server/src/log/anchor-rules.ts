/** Which entries outsiders stand for. Pure. */

export interface Anchor {
  readonly kind: 'witness' | 'stamp';
  /** The checkpoint: it stands for the entries before this place. */
  readonly size: number;
  /** The witness, or the authority. */
  readonly by: string;
  readonly at: string;
}

export interface AnchoredRange {
  readonly from: number;
  /** The last one. */
  readonly to: number;
  /** Who stands for all of it, and since when. Nobody: it rests on the word of the log alone. */
  readonly by: readonly Omit<Anchor, 'size'>[];
}

/** As few ranges as there are outsiders, and one for the rest: whoever stands for an entry stands for all before it. */
export function listRanges(anchors: readonly Anchor[], entries: number): AnchoredRange[] {
  const outsiders = new Map<string, Anchor[]>();
  for (const anchor of anchors.filter(({ size }) => size <= entries)) {
    const name = `${anchor.kind} ${anchor.by}`;
    outsiders.set(name, [...(outsiders.get(name) ?? []), anchor]);
  }
  const reach = (ofOne: readonly Anchor[]): number => ofOne.reduce((most, { size }) => Math.max(most, size), 0);
  const ends = [...new Set([...[...outsiders.values()].map(reach), entries])].filter((end) => end > 0).toSorted((a, b) => a - b);
  return ends.map((end, i) => ({
    from: ends[i - 1] ?? 0,
    to: end - 1,
    by: [...outsiders.values()].flatMap((ofOne) => findEarliest(ofOne, end)),
  }));
}

function findEarliest(anchors: readonly Anchor[], end: number): Omit<Anchor, 'size'>[] {
  const [first] = anchors.filter(({ size }) => size >= end).toSorted((a, b) => (a.at < b.at ? -1 : 1));
  return first === undefined ? [] : [{ kind: first.kind, by: first.by, at: first.at }];
}

export function describeRange({ from, to, by }: AnchoredRange): string {
  const entries = `entries ${from} to ${to}`;
  if (by.length === 0) return `Not anchored: ${entries}. They rest on the word of the log alone.`;
  return `Anchored: ${entries}, by ${by.map((one) => `${one.kind === 'stamp' ? 'the time stamp of ' : ''}${one.by} (${one.at})`).join(' and ')}.`;
}
