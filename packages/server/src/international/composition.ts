/** Makes the services of the domain out of each other. One folder is a few lines here and a few in index.ts. */
import type { AppContext } from '../platform/context.ts';
import type { FiguresService } from './figures/schema.ts';
import { createFiguresService } from './figures/service.ts';
import type { HostingRoom } from './hosting/schema.ts';
import { createHostingService } from './hosting/service.ts';
import type { NoticesService } from './notices/schema.ts';
import { createNoticesService } from './notices/service.ts';
import type { ProfilesRoom } from './profiles/schema.ts';
import { createProfilesService } from './profiles/service.ts';

export interface InternationalService {
  readonly hosting: HostingRoom;
  readonly profiles: ProfilesRoom;
  readonly notices: NoticesService;
  readonly figures: FiguresService;
}

export async function composeInternational(context: AppContext): Promise<InternationalService> {
  const hosting = await createHostingService({ context });
  const profiles = await createProfilesService({ context });
  const notices = await createNoticesService({ context, hosting, profiles });
  const figures = await createFiguresService({ context, notices, profiles });
  return { hosting, profiles, notices, figures };
}
