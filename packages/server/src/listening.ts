/** What the application is reached by: the control socket, TCP with the HTTP frame, and the listeners of domains. Opened last, closed first. */
import type { Listener } from './platform/domain.ts';
import { isLoopback, type Config } from './platform/config.ts';
import type { AppContext } from './platform/context.ts';
import { createAddressReader } from './platform/http/client-address.ts';
import { allowOrigins } from './platform/http/cross-origin.ts';
import { createFrame, createRequestTimer, type Fetch, type FrameOptions, type RequestTimer } from './platform/http/frame.ts';
import { createRateLimiter } from './platform/http/rate-limit.ts';
import type { Authenticator } from './platform/http/rights.ts';
import type { Route } from './platform/http/route.ts';
import { listenControl, listenTcp, type Listening } from './platform/http/server.ts';
import { renderErrorPage } from './platform/ui/error-page.tsx';
import { pickPublicRoutes } from './public-only.ts';
import { renderPublicError } from './register/index.ts';
import type { Undo } from './undo.ts';

export interface Surfaces {
  readonly context: AppContext;
  readonly routes: readonly Route[];
  readonly listeners: readonly Listener[];
  readonly authenticator: Authenticator;
  readonly listen: 'all' | 'control';
  /** On TCP nothing but what is published. */
  readonly isPublicOnly: boolean;
  readonly address: { url: string | undefined };
  readonly undo: Undo;
}

export async function openSurfaces({ context, routes, listeners, authenticator, listen, isPublicOnly, address, undo }: Surfaces): Promise<void> {
  const { config } = context;
  const timer = createRequestTimer(context.metrics);
  const inside = createFetch({ context, routes }, { authenticator, renderErrorPage, timer });
  const open = (name: string, listening: Listening): void => undo.add(name, () => listening.close(config.stopTimeoutMs));
  open('control socket', await listenControl(inside, config.dataDir, context.log));
  if (listen === 'control') return;
  const tcp = await listenTcp(isPublicOnly ? createPublicFetch({ context, routes }, timer) : inside, config, context.log);
  open('listener', tcp);
  const host = config.host.includes(':') && !config.host.startsWith('[') ? `[${config.host}]` : config.host;
  address.url = `${config.tlsCertFile === undefined ? 'http' : 'https'}://${host}:${tcp.port}`;
  if (isPublicOnly) return;
  for (const listener of listeners) {
    const opened = await listener.open();
    undo.add(listener.name, () => opened.close(config.stopTimeoutMs));
    context.log.info({ surface: listener.name, address: opened.address }, 'listening');
  }
}

type Asking = Pick<FrameOptions, 'authenticator' | 'renderErrorPage'> & { readonly timer: RequestTimer };

function createFetch({ context, routes }: Pick<Surfaces, 'context' | 'routes'>, asking: Asking): Fetch {
  const { config, clock, log, metrics } = context;
  const frame = createFrame({
    routes,
    ...asking,
    limiter: createRateLimiter(clock),
    clock,
    log,
    metrics,
    limits: config,
    isStub: config.stubMode,
    readAddress: createAddressReader(config.trustedProxies),
    isAllowedHost: createHostCheck(config),
  });
  return allowOrigins(frame, routes, config.surfaceOrigins);
}

/** Nobody can be anybody there: keys and sessions are not looked at. */
function createPublicFetch({ context, routes }: Pick<Surfaces, 'context' | 'routes'>, timer: RequestTimer): Fetch {
  return createFetch(
    { context, routes: pickPublicRoutes(routes) },
    { authenticator: { authenticate: async () => undefined }, renderErrorPage: renderPublicError, timer },
  );
}

function createHostCheck(config: Config): (host: string) => boolean {
  const names = new Set(config.allowedHosts.map((name) => name.toLowerCase()));
  if (config.publicUrl !== undefined) names.add(new URL(config.publicUrl).hostname.toLowerCase());
  names.add(config.host.toLowerCase());
  return (host) => names.has(host) || isLoopback(host);
}
