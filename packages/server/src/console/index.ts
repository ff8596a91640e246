/** The console's own pages. See README.md. */
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { pages } from './pages.tsx';
import { createConsoleService, type ConsoleNeeds } from './service.ts';

export type { ConsoleService } from './service.ts';

export const consoleDomain = defineDomain({
  name: 'console',
  migrations: [],
  create: async (context: AppContext, needs: ConsoleNeeds) => ({ service: createConsoleService(context, needs) }),
  pages,
});
