/** Screening: decides whether content matches the lists in force. README.md says how. */
import { defineDomain } from '../platform/domain.ts';
import { createScreeningChecks } from './checks.ts';
import { screeningCommands } from './commands.ts';
import type { DecoderPool } from './decoder-pool.ts';
import { createScreeningMeter } from './metrics.ts';
import { createPreviews } from './previews.ts';
import type { PreviewService, ScreeningService } from './schema.ts';
import { createScreening, openDecoderPool, type ListsInForce } from './service.ts';

export * from './schema.ts';
export { digestFile, type FileDigests } from './digests.ts';
export { ENGINE_VERSION, type ListsInForce } from './service.ts';

/** The service with drawings of held pictures, and what the checks look at. */
export interface ScreeningDomainService extends ScreeningService, PreviewService {
  readonly pool: DecoderPool;
}

export const screeningDomain = defineDomain({
  name: 'screening',
  migrations: [],
  async create({ config, clock, log, metrics, stopping }, { lists }: { readonly lists: ListsInForce }) {
    const pool = openDecoderPool(config, clock);
    const observe = createScreeningMeter(metrics, () => pool.length);
    const service: ScreeningDomainService = { ...createScreening({ config, clock, log, lists, pool, stopping, observe }), ...createPreviews(pool), pool };
    return { service, stop: () => pool.stop() };
  },
  checks: (service, { clock }) => createScreeningChecks(service.pool, clock),
  commands: screeningCommands,
});
