import type { JobDefinition } from '../../platform/jobs.ts';
import type { ChecksService } from './schema.ts';

export function jobs(checks: ChecksService): readonly JobDefinition[] {
  return [
    {
      name: 'register.check',
      // Hourly, some minutes behind the evaluations that it reads.
      cron: '20 * * * *',
      async run(_data, signal) {
        await checks.run(signal);
        await checks.prune();
      },
    },
  ];
}
