import type { JobDefinition } from '../../platform/jobs.ts';
import type { StatusService } from './schema.ts';

export function jobs(service: Pick<StatusService, 'refreshDue'>): readonly JobDefinition[] {
  return [{ name: 'age.refresh_status_lists', cron: '* * * * *', run: (_data, signal) => service.refreshDue(signal) }];
}
