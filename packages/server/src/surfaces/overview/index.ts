/** Every way in of this node: open or not, where, what came over it. */
import type { Created } from '../../platform/domain.ts';
import { defineRoom } from '../room.ts';
import { commands } from './commands.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import { createOverview, type OverviewService } from './service.ts';

export type { OverviewService } from './service.ts';

export const overviewRoom = defineRoom<OverviewService>({
  async create({ context, intake, siblings }): Promise<Created<OverviewService>> {
    const known = (addresses: readonly (string | undefined)[]): string[] => addresses.filter((address) => address !== undefined);
    const addresses = (): ReturnType<Parameters<typeof createOverview>[0]['addresses']> => {
      const { proxy, icap, clamd } = siblings();
      return {
        proxy: known([proxy?.address()]),
        icap: [...(icap?.addresses() ?? [])].map(([name, address]) => `${name}://${address}`),
        clamd: known((clamd?.listeners ?? []).map((listener) => listener.address())),
      };
    };
    return { service: createOverview({ config: context.config, intake, addresses }) };
  },
  routes,
  pages,
  commands,
});
