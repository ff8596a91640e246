import type { JobDefinition } from '../platform/jobs.ts';
import type { AccessService } from './schema.ts';

/** Expired sessions, links and tickets are refused at once in any case; this only keeps the tables small. */
export function jobs(service: AccessService): readonly JobDefinition[] {
  return [{ name: 'access.remove_expired', cron: '7 * * * *', run: async () => void (await service.removeExpired()) }];
}
