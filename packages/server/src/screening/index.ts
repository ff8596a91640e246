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
import { stubChecks } from './stub/checks.ts';
import { stubRoutes } from './stub/routes.ts';
import { createStub, forceOutcomes, type Stub, type StubOptions } from './stub/stub.ts';

export * from './schema.ts';
export * from './look-up-schema.ts';
export { detectMediaType, HEAD_BYTES } from './media-type.ts';
export { digestFile, type FileDigests } from './digests.ts';
export { STUB_ENGINE, type Stub } from './stub/stub.ts';
export { ENGINE_VERSION, type ListsInForce } from './service.ts';

/** The service with look-ups, with drawings of held pictures, and what the checks look at. */
export interface ScreeningDomainService extends ScreeningService, PreviewService, LookUpService {
  readonly pool: DecoderPool;
  /** Only while stub mode is on. */
  readonly stub?: Stub;
}

export interface ScreeningNeeds {
  readonly lists: LookUpOptions['lists'] & StubOptions['lists'];
}

export const screeningDomain = defineDomain<'screening', ScreeningDomainService, ScreeningNeeds>({
  name: 'screening',
  migrations: [],
  async create({ config, clock, log, metrics, stopping }, { lists }) {
    const pool = openDecoderPool(config, clock);
    const observe = createScreeningMeter(metrics, () => pool.length);
    // Stub mode answers without any list, too; what nobody forced is screened as ever.
    const requireLists = config.requireLists && !config.stubMode;
    const screening = createScreening({ config: { ...config, requireLists }, clock, log, lists, pool, stopping, observe });
    const stub = config.stubMode ? createStub() : undefined;
    if (stub !== undefined) log.warn({}, 'stub mode is on: outcomes are forced by digest and file name, and nothing here protects anybody');
    const service: ScreeningDomainService = {
      ...(stub === undefined ? screening : { ...forceOutcomes(screening, { stub, clock, lists }), stub }),
      ...createPreviews(pool),
      ...createLookUps({ lists, requireLists: config.requireLists, log, observe: createLookUpMeter(metrics) }),
      pool,
    };
    return { service, stop: () => pool.stop() };
  },
  routes: (service) => [...routes(service), ...(service.stub === undefined ? [] : stubRoutes(service.stub))],
  pages,
  checks: (service, { clock }) => [...createScreeningChecks(service.pool, clock), ...(service.stub === undefined ? [] : stubChecks(service.stub))],
  commands: screeningCommands,
});
