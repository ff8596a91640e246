/**
 * What the PDQ index of a list holds, as a key: a hash over everything that ever brought entries, in the order of the versions. Entries are
 * numbered in that order, too, so that an index of an earlier version is the beginning of a later one.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Contents } from './store-entries.ts';

export interface Lineage {
  /** PDQ entries so far. */
  readonly count: number;
  /** 64 hexadecimal digits. */
  key(): string;
  extend(contents: Pick<Contents, 'segments' | 'deltas'>): Lineage;
  /** The last version after which there are `count` entries and this key. */
  findVersion(contents: Pick<Contents, 'segments' | 'deltas'>, wanted: { readonly count: number; readonly key: string }): number | undefined;
}

/** Changes with what a snapshot means: `gatehouse index` and a number. */
const SEED = 'gatehouse index 1\n';

export const EMPTY_LINEAGE: Lineage = createLineage(createHash('sha256').update(SEED), 0);

function createLineage(hash: Hash, count: number): Lineage {
  const key = (): string => hash.copy().digest('hex');
  return {
    count,
    key,
    extend(contents) {
      const next = hash.copy();
      let total = count;
      for (const { text, count: more } of listSteps(contents)) {
        next.update(text);
        total += more;
      }
      return createLineage(next, total);
    },
    findVersion(contents, wanted) {
      const next = hash.copy();
      let total = count;
      const steps = listSteps(contents);
      for (const [at, step] of steps.entries()) {
        next.update(step.text);
        total += step.count;
        if (total > wanted.count) return undefined;
        const isLastOfVersion = steps[at + 1]?.version !== step.version;
        if (isLastOfVersion && total === wanted.count && next.copy().digest('hex') === wanted.key) return step.version;
      }
      return undefined;
    },
  };
}

interface Step {
  readonly version: number;
  readonly text: string;
  readonly count: number;
}

function listSteps({ segments, deltas }: Pick<Contents, 'segments' | 'deltas'>): Step[] {
  const steps: Step[] = [];
  for (const { version, kind, type, sha256, count } of segments)
    if (kind === 'entries' && type === 'pdq') steps.push({ version, text: `segment ${sha256} ${count}\n`, count });
  for (const { version, op, type, entry, value } of deltas)
    if (op === 'add' && type === 'pdq' && value !== null) steps.push({ version, text: `entry ${entry} ${value.toString('hex')}\n`, count: 1 });
  // Segments of a version before its single additions; each of both in the order of the tables.
  return steps.toSorted((a, b) => a.version - b.version);
}
