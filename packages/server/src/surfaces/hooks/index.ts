/** Calls that other software makes about a file: pict-rs, Matrix, whatever can send one to an address. See README.md. */
import { defineRoom, type SurfaceParts } from '../room.ts';
import { hookRoutes } from './hook-routes.ts';
import { createMatrix } from './matrix.ts';
import { matrixRoutes } from './matrix-routes.ts';
import { createHooksService, type HooksService } from './service.ts';

export type { HooksService } from './service.ts';

export const hooksRoom = defineRoom<HooksService>({
  async create(parts: SurfaceParts) {
    const homeserver = parts.context.config.hooksMatrixHomeserver;
    return { service: createHooksService(parts.intake, homeserver === undefined ? undefined : await createMatrix(parts, homeserver)) };
  },
  routes: (service, context) => [...hookRoutes(service, context), ...matrixRoutes(service)],
});
