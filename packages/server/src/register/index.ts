/** What became of each recommendation, with evidence that a machine re-checks. See README.md. */
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { commands as checksCommands } from './checks/commands.ts';
import { jobs as checksJobs } from './checks/jobs.ts';
import { migrations as checksMigrations } from './checks/migrations.ts';
import { pages as checksPages } from './checks/pages.tsx';
import { routes as checksRoutes } from './checks/routes.ts';
import { logSources as checksLogSources } from './checks/store-log.ts';
import { composeRegister, type RegisterNeeds, type RegisterService } from './composition.ts';
import { commands as exchangeCommands } from './exchange/commands.ts';
import { jobs as exchangeJobs } from './exchange/jobs.ts';
import { migrations as exchangeMigrations } from './exchange/migrations.ts';
import { routes as exchangeRoutes } from './exchange/routes.ts';
import { commands as modelCommands } from './model/commands.ts';
import { migrations as modelMigrations } from './model/migrations.ts';
import { routes as modelRoutes } from './model/routes.ts';
import { logSources as modelLogSources } from './model/store-log.ts';
import { exchangePages } from './pages/exchange-pages.tsx';
import { pages as editPages } from './pages/pages.tsx';
import { publicPages, publicRoutes } from './public/routes.ts';

export type { RegisterService } from './composition.ts';
export { renderPublicError } from './public/error-page.tsx';

export const registerDomain = defineDomain<'register', RegisterService, RegisterNeeds>({
  name: 'register',
  migrations: [...modelMigrations, ...checksMigrations, ...exchangeMigrations],
  async create(context: AppContext, needs: RegisterNeeds) {
    const service = await composeRegister(context, needs);
    return { service, start: () => service.model.start() };
  },
  routes: ({ model, checks, exchange, publication }, context) => [
    ...modelRoutes(model),
    ...checksRoutes(checks),
    ...exchangeRoutes(exchange),
    ...publicRoutes(publication, context),
  ],
  pages: ({ model, checks, exchange, publication }, context) => [
    ...editPages(model),
    ...exchangePages({ model, exchange, context }),
    ...checksPages(checks),
    ...publicPages(publication, context),
  ],
  jobs: ({ checks, exchange }, context) => [...checksJobs(checks), ...exchangeJobs(exchange, context)],
  logSources: () => [...modelLogSources, ...checksLogSources],
  commands: [...modelCommands, ...checksCommands, ...exchangeCommands],
});
