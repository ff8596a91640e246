/** Screening: decides whether content matches the lists in force. README.md says how. */
import { defineDomain } from '../platform/domain.ts';
import { createScreeningChecks } from './checks.ts';
import { screeningCommands } from './commands.ts';
import type { DecoderPool } from './decoder-pool.ts';
import { createLookUps, type LookUpOptions, type LookUpService } from './look-ups.ts';
import { createLookUpMeter, createScreeningMeter } from './metrics.ts';
import { pages } from './pages.tsx';
import { createPreviews } from './previews.ts';
import { routes } from './routes.ts';
import type { PreviewService, ScreeningService } from './schema.ts';
import { createScreening, openDecoderPool } from './service.ts';

export * from './schema.ts';
export * from './look-up-schema.ts';
export { digestFile, type FileDigests } from './digests.ts';
export { ENGINE_VERSION, type ListsInForce } from './service.ts';

/** The service with look-ups, with drawings of held pictures, and what the checks look at. */
export interface ScreeningDomainService extends ScreeningService, PreviewService, LookUpService {
  readonly pool: DecoderPool;
}

export const screeningDomain = defineDomain<'screening', ScreeningDomainService, { readonly lists: LookUpOptions['lists'] }>({
  name: 'screening',
  migrations: [],
  async create({ config, clock, log, metrics, stopping }, { lists }) {
    const pool = openDecoderPool(config, clock);
    const observe = createScreeningMeter(metrics, () => pool.length);
    const service: ScreeningDomainService = {
      ...createScreening({ config, clock, log, lists, pool, stopping, observe }),
      ...createPreviews(pool),
      ...createLookUps({ lists, requireLists: config.requireLists, log, observe: createLookUpMeter(metrics) }),
      pool,
    };
    return { service, stop: () => pool.stop() };
  },
  routes,
  pages,
  checks: (service, { clock }) => createScreeningChecks(service.pool, clock),
  commands: screeningCommands,
});
