import { z } from 'zod';
import type { JobDefinition } from '../platform/jobs.ts';
import { COMPACT_JOB, SWEEP_JOB } from './compaction.ts';
import { VERIFY_JOB } from './integrity.ts';
import type { ListsService } from './service.ts';

const CompactSchema = z.object({ listId: z.string() });

export function listsJobs(service: ListsService): readonly JobDefinition[] {
  return [
    {
      name: COMPACT_JOB,
      async run(data, signal) {
        await service.fold(CompactSchema.parse(data).listId, signal);
      },
    },
    {
      name: SWEEP_JOB,
      cron: '17 3 * * *',
      async run() {
        await service.sweep();
      },
    },
    {
      name: VERIFY_JOB,
      cron: '41 2 * * *',
      async run(_data, signal) {
        await service.verifyFiles(signal);
      },
    },
  ];
}
