import { z } from 'zod';
import type { JobDefinition } from '../../platform/jobs.ts';
import { DELIVER_JOB, type Announcer } from './announce.ts';

const DeliverSchema = z.object({ callbackId: z.string() });

export interface Upkeep {
  prune(): Promise<void>;
}

export function jobs(announcer: Announcer, upkeep: Upkeep): readonly JobDefinition[] {
  return [
    // A receiver that hangs keeps one of them for 15 s.
    { name: DELIVER_JOB, concurrency: 2, run: async (data, signal) => announcer.deliver(DeliverSchema.parse(data).callbackId, signal) },
    {
      name: 'age.sweep',
      cron: '* * * * *',
      async run() {
        await announcer.recover();
        await upkeep.prune();
      },
    },
  ];
}
