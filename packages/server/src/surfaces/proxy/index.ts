/** The streaming reverse proxy: stands in front of a web application and forwards what was cleared, byte for byte. See README.md. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { GatehouseError } from '../../platform/errors.ts';
import type { Listener, OpenListener } from '../../platform/domain.ts';
import { createAddressCheck } from '../../platform/http/client-address.ts';
import { createBodyScreener } from '../bodies/index.ts';
import { defineRoom, type SurfaceParts } from '../room.ts';
import { describeAddress, letGo, listenOn, splitHostPort } from '../socket-listener.ts';
import { checks } from './checks.ts';
import { passThrough, type Incoming, type ProxyDeps } from './passage.ts';
import { RoutesFileSchema, type ProxyRoutes } from './address-rules.ts';

export interface ProxyService {
  readonly listeners: readonly Listener[];
  address(): string | undefined;
  readonly routeCount: number;
}

export const proxyRoom = defineRoom<ProxyService>({
  async create({ context, intake, screening }: SurfaceParts) {
    const { config, log, outbound } = context;
    const { proxyListen, proxyOrigin, proxyRoutesFile } = config;
    if (proxyListen === undefined) return { service: { listeners: [], address: () => undefined, routeCount: 0 } };
    if (proxyOrigin === undefined)
      throw new GatehouseError('config_invalid', 'proxyListen needs proxyOrigin: the address of the application behind it. Nothing was started.');
    const routes = proxyRoutesFile === undefined ? RoutesFileSchema.parse({ routes: [] }) : await readRoutes(proxyRoutesFile);
    const origin = outbound.openOrigin(proxyOrigin);
    const deps: ProxyDeps = {
      intake,
      screenBody: createBodyScreener({ intake, screening, limits: config }),
      origin,
      routes,
      maxBytes: config.maxUploadBytes,
      isTrustedProxy: createAddressCheck(config.trustedProxies),
      log,
    };
    const listener = createProxyListener(deps, { where: proxyListen, idleMs: config.surfaceIdleSeconds * 1000 });
    return { service: { listeners: [listener], address: listener.address, routeCount: routes.routes.length }, stop: () => origin.close() };
  },
  listeners: ({ listeners }) => listeners,
  checks: (service, { config }) => checks(config, service),
});

/** @throws {GatehouseError} config_invalid, with what is wrong where */
async function readRoutes(path: string): Promise<ProxyRoutes> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'is not JSON' : 'is not there, or may not be read';
    throw new GatehouseError('config_invalid', `The file of routes ${path} ${why}. Nothing was started.`, { cause });
  }
  const parsed = RoutesFileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'the file'}: ${message}`);
  throw new GatehouseError('config_invalid', `The file of routes ${path} is not valid. ${faults.join('; ')}. Nothing was started.`);
}

const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 6 * 3_600_000;

interface Where {
  /** host:port */
  readonly where: string;
  /** A connection on which nothing moves for so long is ended, unless it is us whom the client waits for. */
  readonly idleMs: number;
}

function createProxyListener(deps: ProxyDeps, { where, idleMs }: Where): Listener & { address(): string | undefined } {
  let address: string | undefined;
  return {
    name: 'proxy',
    address: () => address,
    async open() {
      const server = createServer({
        insecureHTTPParser: false,
        requireHostHeader: true,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
      });
      server.timeout = idleMs;
      const handle = (isAsking: boolean) => (request: Incoming['request'], response: Incoming['response']) => {
        passThrough(deps, { request, response, isAsking }).catch((error: unknown) => {
          deps.log.error({ surface: 'proxy', err: error }, 'a request could not be handled; it was not sent on');
          response.destroy();
        });
      };
      server.on('request', handle(false)).on('checkContinue', handle(true));
      // Nothing is sent on that cannot be read: a tunnel, and what follows an upgrade.
      server.on('connect', (_request, socket) => {
        // Node takes its own listener away for whoever would tunnel: without one a client that breaks off would end the process.
        letGo(
          socket.on('error', () => undefined),
          'HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\n\r\n',
        );
      });
      await listenOn(server, { name: 'the proxy', log: deps.log }, splitHostPort(where));
      const opened = toOpen(server);
      ({ address } = opened);
      return opened;
    },
  };
}

function toOpen(server: Server): OpenListener {
  return {
    address: describeAddress(server),
    close: (timeoutMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
