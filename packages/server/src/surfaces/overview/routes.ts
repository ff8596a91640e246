/** What is open, over HTTP. */
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { SurfaceListSchema } from './schema.ts';
import type { OverviewService } from './service.ts';

export const routes = (service: OverviewService): readonly Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/surfaces',
    right: 'settings:read',
    tag: 'surfaces',
    summary: 'Every way in of this node: open or not, where, what came over it',
    responses: { 200: { description: 'The surfaces', schema: SurfaceListSchema } },
    handle: async () => json({ items: service.list() }),
  }),
];
