import type { AppContext } from '../../platform/context.ts';
import type { JobDefinition } from '../../platform/jobs.ts';
import type { ExchangeService } from './schema.ts';

export function jobs(exchange: ExchangeService, { config }: AppContext): readonly JobDefinition[] {
  if (!config.registerLinkChecks) return [];
  // Each run asks each host for one document at most; each document is due once a week.
  return [{ name: 'register.check-links', cron: '*/10 * * * *', run: async (_data, signal) => void (await exchange.checkLinks({ isAll: false, signal })) }];
}
