import { z } from 'zod';
import { json } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { CallbackIdSchema, CallbackPageSchema, CallbackViewSchema, ListCallbacksSchema } from './schema.ts';
import type { IntakeService } from './service.ts';

export function callbackRoutes(service: IntakeService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/callbacks',
      right: 'callbacks:manage',
      tag: 'callbacks',
      summary: 'List callbacks, newest first',
      description: 'With `state=dead`: the dead letters.',
      query: ListCallbacksSchema,
      responses: { 200: { description: 'A page; `next` is the `before` of the following one', schema: CallbackPageSchema } },
      handle: async ({ query }) => json(await service.listCallbacks(query)),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/callbacks/{id}/resend',
      right: 'callbacks:manage',
      tag: 'callbacks',
      summary: 'Deliver a dead callback again',
      params: z.object({ id: CallbackIdSchema }),
      responses: { 202: { description: 'It will be tried again', schema: CallbackViewSchema } },
      handle: async ({ params }) => json(await service.resendCallback(params.id), { status: 202 }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/callbacks/secret',
      right: 'callbacks:manage',
      tag: 'callbacks',
      summary: 'The secret that callbacks are signed with',
      description: 'For the receivers (Standard Webhooks, `whsec_…`).',
      responses: { 200: { description: 'The secret', schema: z.object({ secret: z.string() }) } },
      handle: async () => json({ secret: await service.callbackSecret() }),
    }),
  ];
}
