import { z } from 'zod';
import type { JobDefinition } from '../platform/jobs.ts';
import { DELIVER_JOB } from './callbacks.ts';
import { SCREEN_JOB } from './decisions.ts';
import { RECHECK_JOB } from './revocation.ts';
import type { IntakeService } from './service.ts';

const ScreenSchema = z.object({ uploadId: z.string() });
const DeliverSchema = z.object({ callbackId: z.string() });
/** Empty when the schedule starts it: then whatever version is in force here. */
const RecheckSchema = z.object({ listSetVersion: z.number().default(0) });

export function jobs(service: IntakeService): readonly JobDefinition[] {
  const { upkeep } = service;
  return [
    { name: SCREEN_JOB, concurrency: 2, run: async (data) => upkeep.screen(ScreenSchema.parse(data).uploadId) },
    // A receiver that hangs keeps one of them for 15 s.
    { name: DELIVER_JOB, concurrency: 4, run: async (data, signal) => upkeep.deliver(DeliverSchema.parse(data).callbackId, signal) },
    { name: RECHECK_JOB, run: async (data, signal) => void (await upkeep.recheck(RecheckSchema.parse(data ?? {}).listSetVersion, signal)) },
    // Safety nets: what was enqueued is not what counts, the rows are.
    { name: 'intake.recheck_all', cron: '* * * * *', run: async (_data, signal) => void (await upkeep.recheck(0, signal)) },
    { name: 'intake.sweep', cron: '*/10 * * * *', run: async (_data, signal) => void (await upkeep.sweep(signal)) },
  ];
}
