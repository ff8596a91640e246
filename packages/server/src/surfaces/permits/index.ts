/** Tickets for browsers, and permits: screening on the device before the upload. See README.md. */
import { defineRoom } from '../room.ts';
import { migrations } from './migrations.ts';
import { routes } from './routes.ts';
import { createPermits, type PermitsService } from './service.ts';

export type { AdmissionRequest, AdmissionService, NewlyAdmitted } from './admission.ts';
export type { PermitsService } from './service.ts';

export const permitsRoom = defineRoom<PermitsService>({
  migrations,
  transient: ['permit', 'permit_allowance'],
  create: async (parts) => ({ service: createPermits(parts) }),
  routes,
  jobs: (service) => [{ name: 'surfaces.remove_old_permits', cron: '37 * * * *', run: () => service.removeOld() }],
});
