/** What a room of surfaces is given, and what it gives back. */
import type { AccessService } from '../access/index.ts';
import type { IntakeService } from '../intake/index.ts';
import type { ListsService } from '../lists/index.ts';
import type { AppContext, Created, Domain } from '../platform/domain.ts';
import type { Principal } from '../platform/http/rights.ts';
import type { SurfacesService } from './index.ts';
import type { ScreeningDomainService } from '../screening/index.ts';

export interface SurfaceNeeds {
  readonly access: AccessService;
  readonly intake: IntakeService;
  readonly lists: ListsService;
  readonly screening: ScreeningDomainService;
}

export interface SurfaceParts extends SurfaceNeeds {
  readonly context: AppContext;
  /** The other rooms, once they are made. */
  siblings(): Partial<SurfacesService>;
}

/** One surface with all that it has; `index.ts` folds them into the domain. */
export interface Room<Service> extends Omit<Domain<string, Service>, 'name' | 'create' | 'migrations'> {
  readonly migrations?: Domain['migrations'];
  create(parts: SurfaceParts): Promise<Created<Service>>;
}

export function defineRoom<Service>(room: Room<Service>): Room<Service> {
  return room;
}

/** Who brings content over a surface whose protocol knows no keys: whoever reaches the port. */
export function principalOf(surface: string): Principal {
  return { kind: 'surface', id: `surface:${surface}`, name: surface, rights: new Set(['scan', 'uploads:write']) };
}
