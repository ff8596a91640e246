/** The protocol of clamd, for whatever speaks to ClamAV. See README.md. */
import type { Listener } from '../../platform/domain.ts';
import { VERSION } from '../../platform/version.ts';
import { createFragmentWatch } from '../fragments.ts';
import { defineRoom, type SurfaceParts } from '../room.ts';
import { createSocketListener, splitHostPort, type SocketOptions } from '../socket-listener.ts';
import { checks } from './checks.ts';
import { serveClamd, type ClamdDeps } from './session.ts';

export interface ClamdService {
  readonly listeners: readonly (Listener & { address(): string | undefined })[];
}

export const clamdRoom = defineRoom<ClamdService>({
  async create({ context, intake, lists }: SurfaceParts) {
    const { config, clock, log } = context;
    const deps: ClamdDeps = {
      intake,
      fragments: createFragmentWatch(clock, config.surfaceFragmentBytes),
      maxBytes: config.maxUploadBytes,
      version: () => `Gatehouse ${VERSION}/${lists.matcher().listSetVersion}/${clock.now().toUTCString()}`,
    };
    const common: Omit<SocketOptions, 'where'> = {
      name: 'clamd',
      allow: config.surfaceAllow,
      maxConnections: config.surfaceMaxConnections,
      idleMs: config.surfaceIdleSeconds * 1000,
      log,
      busy: 'Too many connections; try again. ERROR\n',
      handle: (connection) => serveClamd(deps, connection),
    };
    const listeners = [
      ...(config.clamdListen === undefined ? [] : [createSocketListener({ ...common, where: splitHostPort(config.clamdListen) })]),
      ...(config.clamdSocket === undefined
        ? []
        : [createSocketListener({ ...common, where: { path: config.clamdSocket, mode: Number.parseInt(config.clamdSocketMode, 8) } })]),
    ];
    return { service: { listeners } };
  },
  listeners: ({ listeners }) => listeners,
  checks: (_service, { config }) => checks(config),
});
