/** What intake measures for the domain `code`, of uploads; synchronous scans keep nothing to count. */
import type { AppContext } from '../platform/context.ts';
import type { EvidenceReading, EvidenceSource, EvidenceWindow } from '../platform/evidence.ts';
import { readBands, readBlocking, readCoverage, readFailClosed, readLatency, readReviewed, readTypeGap, readUnscreened } from './evidence-rules.ts';
import { countBands, countDecided, countFailed, measureBlocking, measureLatency } from './store-evidence.ts';

export function measureIntake({ evidence, database }: AppContext): void {
  const { sql } = database;
  const source = (metric: string, method: string, read: (window: EvidenceWindow) => Promise<EvidenceReading>): EvidenceSource => ({ metric, method, read });
  const decided = (window: EvidenceWindow): ReturnType<typeof countDecided> => countDecided(sql, window);
  const sources: readonly EvidenceSource[] = [
    source(
      'upload_screen_coverage_ratio',
      'Of the uploads decided, those that were not released before a screening found them clear and a receipt said so. Content is served by its state in the database alone.',
      async (window) => readCoverage(await decided(window)),
    ),
    source(
      'upload_visible_unscreened_total',
      'Uploads that were released without the verdict clear (by the policy for content that cannot be scanned), or without a receipt of that decision.',
      async (window) => readUnscreened(await decided(window)),
    ),
    source('upload_type_gap_ratio', 'Of the uploads decided, those of a type that no decoder reads.', async (window) => readTypeGap(await decided(window))),
    source('screen_latency_p95_ms', 'From complete content, or from being sent back, to the decision.', async (window) =>
      readLatency(await measureLatency(sql, window)),
    ),
    source(
      'screen_fail_closed_ratio',
      'Of the screenings that could say nothing about the content (error, unscannable), those after which it was held or refused; own test pictures included and shown apart.',
      async (window) => readFailClosed(await countFailed(sql, window)),
    ),
    source(
      'match_block_p95_seconds',
      'At most so long what matched could still be met: uploads from complete content to the decision, before which nobody can fetch them; released content from the change of the lists to the end of its receipt; own test pictures only where nothing else matched.',
      async (window) => readBlocking(await measureBlocking(sql, window)),
    ),
    source('match_total', 'Matches of uploads by the nearest hit: kind of comparison and distance. No list is named.', async (window) =>
      readBands(await countBands(sql, window), await decided(window)),
    ),
    source('match_review_sample_ratio', 'Of the uploads that matched, those whose content a person looked at here; looks are recorded.', async (window) =>
      readReviewed(await decided(window)),
    ),
  ];
  for (const one of sources) evidence.measure(one);
}
