import { z } from 'zod';
import type { JobDefinition } from '../../platform/jobs.ts';
import { RECORD_JOB, type EvidenceService } from './service.ts';

const RecordSchema = z.object({ actor: z.string().max(200), cause: z.string().max(200) });

export function jobs(evidence: EvidenceService): readonly JobDefinition[] {
  return [
    // After the change that causes it: the configuration is read when that is in force.
    { name: RECORD_JOB, run: async (data) => void (await evidence.noteConfiguration(RecordSchema.parse(data))) },
    { name: 'age.evidence_upkeep', cron: '23 * * * *', run: (_data, signal) => evidence.upkeep(signal) },
  ];
}
