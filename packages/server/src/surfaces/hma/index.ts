/** The read side of the API of Hasher-Matcher-Actioner, for its clients. See README.md. */
import { defineRoom, type SurfaceParts } from '../room.ts';
import { curationRoutes } from './curation-routes.ts';
import { hmaRoutes } from './routes.ts';
import { createHmaService, type HmaService } from './service.ts';

export type { HmaService } from './service.ts';

export const hmaRoom = defineRoom<HmaService>({
  async create(parts: SurfaceParts) {
    return { service: createHmaService(parts) };
  },
  routes: (service, { config }) => [...hmaRoutes(service, config), ...curationRoutes(service)],
});
