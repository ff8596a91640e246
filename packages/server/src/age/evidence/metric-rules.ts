/** All metrics together. Pure. */
import { EVIDENCE_METRICS, METRIC_IDS, type MetricId } from './definition-schema.ts';
import type { Facts, LiveCounts } from './facts-schema.ts';
import { readFairness } from './fairness-rules.ts';
import { readLab } from './lab-rules.ts';
import { readLive } from './live-rules.ts';
import type { EvidenceMetric, Reading } from './metric-schema.ts';
import { read } from './reading-rules.ts';
import { readSetup } from './setup-rules.ts';

/** One reading for each metric, in the order of the definitions. */
export function readMetrics(facts: Facts, live: LiveCounts): EvidenceMetric[] {
  const readings: Partial<Record<MetricId, Reading>> = { ...readLab(facts), ...readSetup(facts), ...readLive(live, facts), ...readFairness(live, facts) };
  return METRIC_IDS.map((id) => ({ id, ...EVIDENCE_METRICS[id], ...(readings[id] ?? read('not_evaluated', 'There are no data.')) }));
}
