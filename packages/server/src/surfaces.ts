/** From routes to listeners: the frame that every request passes, on the control socket and, for everybody, on TCP. */
import type { Config } from './platform/config.ts';
import { isLoopback } from './platform/config.ts';
import type { AppContext } from './platform/context.ts';
import { createAddressReader } from './platform/http/client-address.ts';
import { createFrame, type Fetch, type FrameOptions } from './platform/http/frame.ts';
import { createRateLimiter } from './platform/http/rate-limit.ts';
import type { Authenticator } from './platform/http/rights.ts';
import type { Route } from './platform/http/route.ts';
import { listenControl, listenTcp, type Listening } from './platform/http/server.ts';
import { renderErrorPage } from './platform/ui/error-page.tsx';
import { pickPublicRoutes } from './public-only.ts';
import { renderPublicError } from './register/index.ts';

export interface ApplicationParts {
  readonly context: AppContext;
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
}

export interface Surfaces {
  readonly parts: ApplicationParts;
  readonly listen: 'all' | 'control';
  /** On TCP nothing but what is published. */
  readonly isPublicOnly: boolean;
  readonly address: { url: string | undefined };
  onOpen(name: string, close: () => Promise<void>): void;
}

export async function openSurfaces({ parts, listen, isPublicOnly, address, onOpen }: Surfaces): Promise<void> {
  const { config } = parts.context;
  const inside = createFetch(parts, { authenticator: parts.authenticator, renderErrorPage });
  const open = (name: string, listening: Listening): void => onOpen(name, () => listening.close(config.stopTimeoutMs));
  open('control socket', await listenControl(inside, config.dataDir));
  if (listen === 'control') return;
  const tcp = await listenTcp(isPublicOnly ? createPublicFetch(parts) : inside, config);
  open('listener', tcp);
  const host = config.host.includes(':') && !config.host.startsWith('[') ? `[${config.host}]` : config.host;
  address.url = `${config.tlsCertFile === undefined ? 'http' : 'https'}://${host}:${tcp.port}`;
}

type Asking = Pick<FrameOptions, 'authenticator' | 'renderErrorPage'>;

function createFetch({ context, routes }: Pick<ApplicationParts, 'context' | 'routes'>, asking: Asking): Fetch {
  const { config, clock, log, metrics } = context;
  return createFrame({
    routes,
    ...asking,
    limiter: createRateLimiter(clock),
    clock,
    log,
    metrics,
    limits: config,
    readAddress: createAddressReader(config.trustedProxies),
    isAllowedHost: createHostCheck(config),
  });
}

/** Nobody can be anybody there: keys and sessions are not looked at. */
function createPublicFetch({ context, routes }: ApplicationParts): Fetch {
  return createFetch(
    { context, routes: pickPublicRoutes(routes) },
    { authenticator: { authenticate: async () => undefined }, renderErrorPage: (error) => renderPublicError(error) },
  );
}

function createHostCheck(config: Config): (host: string) => boolean {
  const names = new Set(config.allowedHosts.map((name) => name.toLowerCase()));
  if (config.publicUrl !== undefined) names.add(new URL(config.publicUrl).hostname.toLowerCase());
  names.add(config.host.toLowerCase());
  return (host) => names.has(host) || isLoopback(host);
}
