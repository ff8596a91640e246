/** What `gatehouse doctor` says about the reverse proxy. */
import type { Config } from '../../platform/config.ts';
import type { Check } from '../../platform/domain.ts';

export function checks(config: Pick<Config, 'proxyListen' | 'proxyOrigin'>, service: { readonly routeCount: number }): readonly Check[] {
  if (config.proxyListen === undefined) return [];
  return [
    {
      name: 'proxy.routes',
      title: 'The reverse proxy',
      run: async () =>
        service.routeCount === 0
          ? {
              status: 'attention',
              finding: `It listens on ${config.proxyListen} for ${config.proxyOrigin} and has no route: no request with a body passes.`,
              remedy: 'Name the addresses that take content in a file of routes (GATEHOUSE_PROXY_ROUTES_FILE; docs/guide/proxy.md).',
            }
          : {
              status: 'ok',
              finding: `It listens on ${config.proxyListen} for ${config.proxyOrigin}, with ${service.routeCount} routes for content. See that nobody reaches the application past it.`,
            },
    },
  ];
}
