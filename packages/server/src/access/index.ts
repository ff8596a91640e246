/** Who may do what: API keys, sign-in links, sessions. */
import { defineDomain } from '../platform/domain.ts';
import { checks } from './checks.ts';
import { commands } from './commands.ts';
import { jobs } from './jobs.ts';
import { migrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import type { AccessService } from './schema.ts';
import { createAccessService } from './service.ts';
import { logSources } from './store-log.ts';

export { CreatedTicketSchema, NewTicketSchema, TicketParamsSchema } from './schema.ts';
export type { TicketService } from './tickets.ts';
export type { AccessService, CreatedKey, CreatedLink, KeyView, NewKey, NewLink } from './schema.ts';

export const accessDomain = defineDomain({
  name: 'access',
  migrations,
  transient: ['ticket'],
  async create(context, _needs: object) {
    const service: AccessService = createAccessService(context);
    return { service, stop: () => service.settle() };
  },
  routes,
  pages,
  jobs,
  checks,
  logSources: () => logSources,
  commands,
});
