import type { JobDefinition } from '../../platform/jobs.ts';
import type { TokenService } from './service.ts';

export function jobs(service: TokenService): readonly JobDefinition[] {
  return [
    // Old keys go within the hour: their private parts are of no more use to anybody.
    { name: 'age.rotate_token_keys', cron: '7 * * * *', run: async (_data, signal) => void (await service.rotate(signal)) },
    { name: 'age.prune_tokens', cron: '37 * * * *', run: async () => service.prune() },
  ];
}
