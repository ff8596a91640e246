/** S3: content waits in a quarantine bucket and is promoted when it was cleared. See README.md. */
import { z } from 'zod';
import type { AppContext, Created } from '../../platform/domain.ts';
import { defineRoom } from '../room.ts';
import { checks } from './checks.ts';
import { commands } from './commands.ts';
import { migrations } from './migrations.ts';
import { routes } from './routes.ts';
import { createS3, LOOK_JOB, type S3Service } from './service.ts';

export type { S3Service } from './service.ts';

const LookSchema = z.object({ keys: z.array(z.string()).max(2000) });

export const s3Room = defineRoom<S3Service>({
  migrations,
  async create(parts): Promise<Created<S3Service>> {
    const service = await createS3(parts);
    return { service, start: service.start, stop: service.stop };
  },
  routes,
  jobs: (service) => [
    { name: LOOK_JOB, concurrency: 2, run: async (data, signal) => (service.isOn ? service.lookAt(LookSchema.parse(data).keys, signal) : undefined) },
    { name: 'surfaces.s3_remove_old', cron: '43 3 * * *', run: () => service.removeOld() },
  ],
  checks,
  commands,
  metrics(service: S3Service, { metrics }: AppContext) {
    if (!service.isOn) return;
    metrics.gauge(
      { name: 'gatehouse_s3_objects_waiting', help: 'Objects of the quarantine bucket that were not yet screened and put where they belong.' },
      async () => {
        const { objects } = await service.status();
        return objects.found + objects.received;
      },
    );
    metrics.gauge({ name: 'gatehouse_s3_objects_failing', help: 'Objects whose last attempt failed.' }, async () => (await service.status()).failing);
  },
});
