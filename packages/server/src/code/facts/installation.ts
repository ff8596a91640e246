/** Looks at what this installation does for the service. */
import { DEMO_SERVICE, type AgeService } from '../../age/index.ts';
import type { EventMap } from '../../platform/events.ts';
import type { Installation } from './system-rules.ts';

/** @param pending a change whose transaction is still open, so that nobody can read it yet */
export type Inspect = (pending?: EventMap['age.service_changed']) => Promise<Installation>;

export function createInspect(age: { readonly services: Pick<AgeService['services'], 'list'> }): Inspect {
  return async (pending) => {
    const services = new Set((await age.services.list()).map(({ id }) => id));
    if (pending?.change === 'put') services.add(pending.service);
    if (pending?.change === 'removed') services.delete(pending.service);
    services.delete(DEMO_SERVICE);
    return { ageServices: services.size };
  };
}
