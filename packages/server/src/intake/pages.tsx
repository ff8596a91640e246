/** The console's pages about uploads. They work without JavaScript; `web/live.ts` only saves the reloading. */
import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { isSameText } from '../platform/http/body.ts';
import { html } from '../platform/http/reply.ts';
import type { Principal } from '../platform/http/rights.ts';
import { definePage, type Route } from '../platform/http/route.ts';
import { UploadIdSchema, type CallbackView } from './schema.ts';
import type { IntakeService } from './service.ts';
import { renderPreviewPage, renderUploadPage, type Clarity } from './upload-page.tsx';
import { FilterFormSchema, renderUploadsPage, toFilter } from './uploads-page.tsx';

const UploadParams = z.object({ id: UploadIdSchema });
const ClaritySchema = z.object({ clarity: z.enum(['blurred', 'clear']) });
const PREVIEW_MINUTES = 5;
const CALLBACKS_SHOWN = 200;

export function pages(service: IntakeService, context: AppContext): readonly Route[] {
  return [...uploadPages(service), ...previewPages(service, context)];
}

function uploadPages(service: IntakeService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/uploads',
      right: 'uploads:read',
      summary: 'Uploads',
      query: FilterFormSchema,
      async handle({ query, principal }) {
        const { filter, errors } = toFilter(query);
        return html(renderUploadsPage({ form: query, errors, page: await service.list(filter, principal) }, principal), {
          status: errors.length === 0 ? 200 : 400,
        });
      },
    }),
    definePage({
      method: 'get',
      path: '/console/uploads/{id}',
      right: 'uploads:read',
      summary: 'One upload and why it was decided so',
      params: UploadParams,
      async handle({ params, principal, signal }) {
        const upload = await service.get(params.id, { principal, waitS: 0, signal });
        const looks = principal.rights.has('held:view') ? await service.looks(upload.id) : undefined;
        return html(renderUploadPage({ upload, callbacks: await findCallbacks(service, upload.id, principal), canView: service.canView(), looks }, principal));
      },
    }),
  ];
}

async function findCallbacks(service: IntakeService, uploadId: string, principal: Principal): Promise<readonly CallbackView[] | undefined> {
  if (!principal.rights.has('callbacks:manage')) return undefined;
  const { items } = await service.listCallbacks({ limit: CALLBACKS_SHOWN });
  return items.filter((callback) => callback.uploadId === uploadId);
}

/**
 * Held content is drawn only after a button was pressed. The button's POST answers with a page whose picture has an address that this
 * session alone can use, for a few minutes; typing or following an address shows nothing. Each look is recorded by the service.
 */
function previewPages(service: IntakeService, context: AppContext): readonly Route[] {
  const slot = (): number => Math.floor(context.clock.now().getTime() / (PREVIEW_MINUTES * 60_000));
  return [
    definePage({
      method: 'post',
      path: '/console/uploads/{id}/view',
      right: 'held:view',
      summary: 'Look at held content',
      params: UploadParams,
      body: ClaritySchema,
      async handle({ params, body, principal, signal }) {
        const upload = await service.get(params.id, { principal, waitS: 0, signal });
        if (upload.state !== 'held') throw new GatehouseError('conflict', `This upload is ${upload.state}, not held. Nothing was shown.`);
        const ticket = signLook(principal, { id: params.id, clarity: body.clarity, slot: slot() });
        const pictureUrl = `/console/uploads/${params.id}/preview?clarity=${body.clarity}&ticket=${ticket}`;
        return html(renderPreviewPage({ upload, clarity: body.clarity, pictureUrl }, principal));
      },
    }),
    definePage({
      method: 'get',
      path: '/console/uploads/{id}/preview',
      right: 'held:view',
      summary: 'The drawing of held content, with a ticket of the page before',
      params: UploadParams,
      query: ClaritySchema.extend({ ticket: z.string().max(100) }),
      async handle({ params, query, principal, signal }) {
        const isValid = [slot(), slot() - 1].some((at) => isSameText(query.ticket, signLook(principal, { id: params.id, clarity: query.clarity, slot: at })));
        if (!isValid) throw new GatehouseError('forbidden', 'This picture is shown only from the page of its upload, for a few minutes. Nothing was shown.');
        const { bytes, mediaType } = await service.view(params.id, { isBlurred: query.clarity === 'blurred', principal, signal });
        return new Response(new Uint8Array(bytes), { headers: { 'content-type': mediaType, 'cache-control': 'no-store' } });
      },
    }),
  ];
}

interface Look {
  readonly id: string;
  readonly clarity: Clarity;
  /** Which few minutes. */
  readonly slot: number;
}

/** Bound to the session by its token, which no other site and no key holds; nothing needs to be kept, so any node can answer. */
function signLook(principal: Principal, { id, clarity, slot }: Look): string {
  if (principal.csrfToken === undefined) throw new GatehouseError('forbidden', 'Only a person who has signed in may look at held content.');
  return createHmac('sha256', principal.csrfToken).update(`${id} ${clarity} ${slot}`).digest('base64url');
}
