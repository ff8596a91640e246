import type { JobDefinition } from '../../platform/jobs.ts';
import type { ProbeService } from './probes.ts';
import type { EvidenceService } from './schema.ts';

export function jobs({ evidence, probes }: { readonly evidence: EvidenceService; readonly probes: ProbeService }): readonly JobDefinition[] {
  return [
    // The settings say how often; the schedule only looks.
    { name: 'code.probe', cron: '*/5 * * * *', run: (_data, signal) => probes.runDue(signal) },
    {
      name: 'code.evaluate',
      cron: '*/5 * * * *',
      run: (_data, signal) => evidence.upkeep(signal),
    },
  ];
}
