import type { JobDefinition } from '../platform/jobs.ts';
import type { LogService } from './service.ts';

export function jobs(service: LogService): readonly JobDefinition[] {
  return [
    {
      name: 'log.checkpoint',
      cron: '* * * * *',
      async run() {
        await service.checkpoint();
      },
    },
  ];
}
