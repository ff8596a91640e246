/** Hooks for whatever can send a file to an address and look at the status. */
import { z } from 'zod';
import { openFeed } from '../../intake/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { json, type Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { describeHook, hookHeaders, outcomeOf, PICTRS_STATUS, RAW_STATUS, type Outcome } from './answer-rules.ts';
import { HookReplySchema } from './schema.ts';
import type { HookRequest, HooksService } from './service.ts';

const HEADERS = {
  'Gatehouse-Outcome': '`release`, `stop` or `error`; only `release` lets the content through',
  'Gatehouse-Reference': 'the id, for the operator',
  'Gatehouse-Receipt': 'the receipt, if there is one',
};
const reply = { schema: HookReplySchema, headers: HEADERS };
const KEY = {
  Authorization: '`Bearer <key>`, or Basic with the key as the password: callers that know only an address put it there, `http://hook:<key>@host/…`',
};

export function hookRoutes(service: HooksService, { config }: AppContext): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/hooks/raw',
      right: 'scan',
      takesBasic: true,
      tag: 'hooks',
      summary: 'Ask about one file, by status alone',
      description: `The whole body is the file, or one file in multipart/form-data without other fields. Publish on 200 and on nothing else. At most ${config.maxUploadBytes} bytes.`,
      query: z.object({ receipt: z.enum(['0', '1']).default('0') }),
      requestHeaders: KEY,
      rawBody: { kind: 'stream', contentTypes: ['application/octet-stream', 'multipart/form-data'], description: 'The bytes as they will be published.' },
      responses: {
        200: { description: 'May be published', ...reply },
        422: { description: 'May not be published', ...reply },
        503: { description: 'Not decided: do not publish; try again', ...reply },
      },
      async handle(exchange) {
        const feed = openFeed({ ...exchange, params: {}, query: new URLSearchParams() }, config.maxUploadBytes);
        return answer(service, RAW_STATUS, { ...feed, principal: exchange.principal, surface: 'hook', wantsReceipt: exchange.query.receipt === '1' });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/hooks/pictrs',
      right: 'scan',
      takesBasic: true,
      tag: 'hooks',
      summary: 'External validation of pict-rs',
      description: 'For `media.external_validation` of pict-rs, which stores what is answered with 2xx and drops it otherwise.',
      requestHeaders: KEY,
      rawBody: { kind: 'stream', contentTypes: ['image/*', 'video/*'], description: 'The media as pict-rs would serve it.' },
      responses: {
        200: { description: 'May be stored', ...reply },
        406: { description: 'May not be stored', ...reply },
        503: { description: 'Not decided: pict-rs does not store it', ...reply },
      },
      async handle(exchange) {
        const feed = openFeed({ ...exchange, params: {}, query: new URLSearchParams() }, config.maxUploadBytes);
        return answer(service, PICTRS_STATUS, { ...feed, principal: exchange.principal, surface: 'pictrs', wantsReceipt: false });
      },
    }),
  ];
}

async function answer(service: HooksService, statuses: Readonly<Record<Outcome, number>>, request: HookRequest): Promise<Reply> {
  const passed = await service.screen(request);
  return json(describeHook(passed), { status: statuses[outcomeOf(passed)], headers: hookHeaders(passed) });
}
