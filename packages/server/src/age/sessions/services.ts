import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { AgeServices, ServiceView } from './schema.ts';
import { deleteService, listServices, putService, type ServiceRow } from './store-services.ts';

export function createAgeServices({ database, clock, outbound, events }: AppContext): AgeServices {
  return {
    async add(input) {
      if (input.callbackUrl !== undefined) outbound.checkUrl(input.callbackUrl);
      const row = {
        id: input.id,
        name: input.name,
        return_origins: input.returnOrigins,
        callback_url: input.callbackUrl ?? null,
        under_url: input.underUrl ?? null,
        help_url: input.helpUrl ?? null,
        created_at: clock.now(),
      };
      return database.transact(async (tx) => {
        const kept = await putService(tx, row);
        await events.emit('age.service_changed', { service: input.id, change: 'put' }, tx);
        return toView(kept);
      });
    },
    list: async () => (await listServices(database.sql)).map(toView),
    async remove(id) {
      await database.transact(async (tx) => {
        if (!(await deleteService(tx, id))) throw new GatehouseError('not_found', 'There is no such service.');
        await events.emit('age.service_changed', { service: id, change: 'removed' }, tx);
      });
    },
  };
}

function toView(row: ServiceRow): ServiceView {
  return {
    id: row.id,
    name: row.name,
    returnOrigins: row.return_origins,
    ...(row.callback_url === null ? {} : { callbackUrl: row.callback_url }),
    ...(row.under_url === null ? {} : { underUrl: row.under_url }),
    ...(row.help_url === null ? {} : { helpUrl: row.help_url }),
    createdAt: row.created_at.toISOString(),
  };
}
