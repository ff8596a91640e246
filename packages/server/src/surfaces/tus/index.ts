/** Resumable uploads (tus 1.0). See README.md. */
import { inDataDir } from '../../platform/config.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { takeNodeName } from '../../platform/node-name.ts';
import { defineRoom, type SurfaceParts } from '../room.ts';
import { createHandover } from './handover.ts';
import { migrations } from './migrations.ts';
import { openParts } from './parts.ts';
import { routes } from './routes.ts';
import { createTusService, type TusService } from './service.ts';
import { createTurns } from './turns.ts';
import { sweepAgain } from './upkeep.ts';

export type { TusService } from './service.ts';

const QUEUE_RETRY_S = 30;

export const tusRoom = defineRoom<TusService>({
  migrations,
  transient: ['tus_upload'],
  async create(surface: SurfaceParts) {
    const { context, intake, siblings } = surface;
    const { config, clock } = context;
    const book = (bytes: number): void => {
      if (intake.waitingBytes() + bytes <= config.spoolMaxBytes) return;
      throw new GatehouseError('queue_full', 'Too many bytes wait to be screened (GATEHOUSE_SPOOL_MAX_BYTES). What was received before is kept.', {
        retryAfterS: QUEUE_RETRY_S,
      });
    };
    const parts = await openParts({ dir: inDataDir(config, 'tus'), book });
    intake.countElsewhere(parts.usedBytes);
    const deps = { context, intake, parts, turns: createTurns(clock), permits: () => siblings().permits };
    const handover = createHandover(deps);
    const service = createTusService({ ...surface, ...deps, handover, node: await takeNodeName(config) });
    const stopping = new AbortController();
    let loop: Promise<void> = Promise.resolve();
    return {
      service,
      async start() {
        loop = sweepAgain(context, service, stopping.signal);
      },
      async stop() {
        stopping.abort();
        await loop;
        await handover.settle();
      },
    };
  },
  routes,
});
