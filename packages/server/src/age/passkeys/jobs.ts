import type { JobDefinition } from '../../platform/jobs.ts';
import type { PasskeyService } from './service.ts';

export function jobs(service: PasskeyService): readonly JobDefinition[] {
  return [{ name: 'age.prune_passkeys', cron: '52 * * * *', run: async () => void (await service.prune()) }];
}
