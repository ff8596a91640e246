import type { AppContext } from '../platform/context.ts';
import type { JobDefinition } from '../platform/jobs.ts';
import { checkJobs } from './check-jobs.ts';
import type { LogService } from './service.ts';
import { witnessJobs } from './witness-jobs.ts';

export function jobs(service: LogService, context: AppContext): readonly JobDefinition[] {
  return [
    {
      name: 'log.checkpoint',
      cron: '* * * * *',
      async run() {
        await service.checkpoint();
      },
    },
    ...checkJobs(service, context),
    ...witnessJobs(service.outside),
  ];
}
