/** What happens to a report about material that is hosted somewhere else, country by country. See README.md. */
import { defineDomain, type AppContext } from '../platform/domain.ts';
import { composeInternational, type InternationalService } from './composition.ts';
import { commands as figuresCommands } from './figures/commands.ts';
import { jobs as figuresJobs } from './figures/jobs.ts';
import { migrations as figuresMigrations } from './figures/migrations.ts';
import { pages as figuresPages } from './figures/pages.tsx';
import { routes as figuresRoutes } from './figures/routes.ts';
import { logSources as figuresLogSources } from './figures/store-log.ts';
import { checks as hostingChecks } from './hosting/checks.ts';
import { commands as hostingCommands } from './hosting/commands.ts';
import { migrations as hostingMigrations } from './hosting/migrations.ts';
import { pages as hostingPages } from './hosting/pages.tsx';
import { routes as hostingRoutes } from './hosting/routes.ts';
import { checks as noticesChecks } from './notices/checks.ts';
import { commands as noticesCommands } from './notices/commands.ts';
import { jobs as noticesJobs } from './notices/jobs.ts';
import { measureNotices } from './notices/measures.ts';
import { migrations as noticesMigrations } from './notices/migrations.ts';
import { pages as noticesPages } from './notices/pages.tsx';
import { routes as noticesRoutes } from './notices/routes.ts';
import { logSources as noticesLogSources } from './notices/store-log.ts';
import { commands as profilesCommands } from './profiles/commands.ts';
import { migrations as profilesMigrations } from './profiles/migrations.ts';
import { pages as profilesPages } from './profiles/pages.tsx';
import { routes as profilesRoutes } from './profiles/routes.ts';
import { logSources as profilesLogSources } from './profiles/store-log.ts';

export type { InternationalService } from './composition.ts';

export const internationalDomain = defineDomain<'international', InternationalService, object>({
  name: 'international',
  migrations: [...hostingMigrations, ...profilesMigrations, ...noticesMigrations, ...figuresMigrations],
  async create(context: AppContext) {
    const service = await composeInternational(context);
    return { service, start: () => service.profiles.start() };
  },
  transient: ['rdap_answer'],
  routes: ({ hosting, profiles, notices, figures }, context) => [
    ...hostingRoutes(hosting),
    ...profilesRoutes(profiles),
    ...noticesRoutes(notices),
    ...figuresRoutes(figures, context),
  ],
  pages: ({ hosting, profiles, notices, figures }, context) => [
    ...hostingPages(hosting),
    ...profilesPages(profiles),
    ...noticesPages(notices),
    ...figuresPages(figures, context),
  ],
  jobs: ({ notices, figures }) => [...noticesJobs(notices), ...figuresJobs(figures)],
  checks: ({ hosting, notices }) => [...hostingChecks(hosting), ...noticesChecks(notices)],
  logSources: () => [...profilesLogSources, ...figuresLogSources, ...noticesLogSources],
  metrics: ({ notices }, { evidence }) => measureNotices(notices, evidence),
  commands: [...hostingCommands, ...profilesCommands, ...noticesCommands, ...figuresCommands],
});
