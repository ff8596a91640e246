/** Surfaces: every way that a service takes uploads, besides the HTTP API of intake. Each only translates. See README.md. */
import { defineDomain, type AppContext, type Created } from '../platform/domain.ts';
import { clamdRoom, type ClamdService } from './clamd/index.ts';
import { hmaRoom, type HmaService } from './hma/index.ts';
import { hooksRoom, type HooksService } from './hooks/index.ts';
import { icapRoom, type IcapService } from './icap/index.ts';
import { overviewRoom, type OverviewService } from './overview/index.ts';
import { permitsRoom, type PermitsService } from './permits/index.ts';
import { proxyRoom, type ProxyService } from './proxy/index.ts';
import { s3Room, type S3Service } from './s3/index.ts';
import { tusRoom, type TusService } from './tus/index.ts';
import type { Room, SurfaceNeeds, SurfaceParts } from './room.ts';

export interface SurfacesService {
  readonly tus: TusService;
  readonly proxy: ProxyService;
  readonly icap: IcapService;
  readonly clamd: ClamdService;
  readonly s3: S3Service;
  readonly hooks: HooksService;
  readonly hma: HmaService;
  readonly permits: PermitsService;
  readonly overview: OverviewService;
}

/** In this order they start; they stop in reverse. */
const ROOMS: { readonly [R in keyof SurfacesService]: Room<SurfacesService[R]> } = {
  tus: tusRoom,
  proxy: proxyRoom,
  icap: icapRoom,
  clamd: clamdRoom,
  s3: s3Room,
  hooks: hooksRoom,
  hma: hmaRoom,
  permits: permitsRoom,
  overview: overviewRoom,
};

type AnyRoom = Room<unknown>;
const LIST = Object.entries(ROOMS) as readonly (readonly [keyof SurfacesService, AnyRoom])[];

/** What each room gives for its own service. */
function fold<T>(service: SurfacesService, pick: (room: AnyRoom, own: unknown) => readonly T[] | undefined): T[] {
  return LIST.flatMap(([name, room]) => pick(room, service[name]) ?? []);
}

export const surfacesDomain = defineDomain<'surfaces', SurfacesService, SurfaceNeeds>({
  name: 'surfaces',
  migrations: LIST.flatMap(([, room]) => room.migrations ?? []),
  transient: LIST.flatMap(([, room]) => room.transient ?? []),
  async create(context: AppContext, needs) {
    const services: Partial<Record<keyof SurfacesService, unknown>> = {};
    const parts: SurfaceParts = { ...needs, context, siblings: () => services as Partial<SurfacesService> };
    const created: Created<unknown>[] = [];
    for (const [name, room] of LIST) {
      const made = await room.create(parts);
      created.push(made);
      services[name] = made.service;
    }
    return {
      // The only place where the erased services get their types back; ROOMS names both.
      service: services as unknown as SurfacesService,
      async start() {
        for (const made of created) await made.start?.();
      },
      async stop() {
        for (const made of created.toReversed()) await made.stop?.();
      },
    };
  },
  routes: (service, context) => fold(service, (room, own) => room.routes?.(own, context)),
  pages: (service, context) => fold(service, (room, own) => room.pages?.(own, context)),
  listeners: (service, context) => fold(service, (room, own) => room.listeners?.(own, context)),
  jobs: (service, context) => fold(service, (room, own) => room.jobs?.(own, context)),
  checks: (service, context) => fold(service, (room, own) => room.checks?.(own, context)),
  logSources: (service, context) => fold(service, (room, own) => room.logSources?.(own, context)),
  metrics: (service, context) => LIST.forEach(([name, room]) => room.metrics?.(service[name], context)),
  commands: LIST.flatMap(([, room]) => room.commands ?? []),
});
