/** One message for a match thread: what it must open, what it must search, what it may forget. */
import type { HammingIndex } from '@gatehouse/hamming';
import type { MatchJob } from './match-pool.ts';
import type { SearchRequest, SearchStep } from './match-protocol.ts';

export interface ThreadView {
  /** The `layout` of each index as the thread knows it. */
  readonly known: ReadonlyMap<HammingIndex, number>;
  /** What is needed from now on. */
  readonly kept: ReadonlySet<HammingIndex>;
  numberOf(index: HammingIndex): number;
}

const HASH_BYTES = 32;

/** @returns the message, and what the thread will know after it */
export function packJobs(
  jobs: readonly Pick<MatchJob, 'searches' | 'queries'>[],
  { known, kept, numberOf }: ThreadView,
): { readonly request: SearchRequest; readonly known: Map<HammingIndex, number> } {
  const after = new Map(known);
  const open: SearchRequest['open'][number][] = [];
  const queries = new Uint8Array(jobs.reduce((sum, job) => sum + job.queries, 0) * HASH_BYTES);
  let filled = 0;
  for (const index of new Set([...jobs.flatMap(({ searches }) => searches.map((search) => search.index)), ...kept])) {
    if (known.get(index) === index.layout) continue;
    const shared = index.share();
    open.push({ index: numberOf(index), shared });
    after.set(index, shared.layout);
  }
  const steps = jobs.map(({ searches }) =>
    searches.map((search): SearchStep => {
      const from = filled;
      for (const query of search.queries) queries.set(query, filled++ * HASH_BYTES);
      return { index: numberOf(search.index), radius: search.radius, from, to: filled };
    }),
  );
  const close = [...after.keys()].filter((index) => !kept.has(index));
  for (const index of close) after.delete(index);
  return { request: { kind: 'search', open, jobs: steps, queries, close: close.map(numberOf) }, known: after };
}
