/** The console's pages about trust. Rules are the services'; all of it works without JavaScript. */
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError, isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { AddStatusListSchema, StatusIdSchema, type StatusService } from '../status/schema.ts';
import { renderAnchorPage, renderRemovePage, type AnchorPage } from './confirm-pages.tsx';
import { importPages } from './import-pages.tsx';
import { AnchorIdSchema, ImportSchema, MuteSchema } from './schema.ts';
import type { TrustService } from './service.ts';
import { renderTrustPage, type StatusForm, type TrustView } from './trust-page.tsx';

export interface TrustPageParts {
  readonly trust: TrustService;
  readonly status: StatusService;
  readonly clock: AppContext['clock'];
}

const DONE = {
  muted: 'The issuer is muted. What came from it before is void.',
  unmuted: 'The issuer is believed again.',
  'list-removed': 'The trust list was removed with its issuers.',
  'status-added': 'The status list is registered and was fetched.',
  'status-fetched': 'The status list was fetched.',
  'status-removed': 'The status list was removed.',
} as const;
const DoneSchema = z
  .enum(Object.keys(DONE) as (keyof typeof DONE)[])
  .optional()
  .catch(undefined);

const HOME = '/console/age/trust';
const AnchorParams = z.object({ id: AnchorIdSchema });
const ListParams = z.object({ name: ImportSchema.shape.name });
const StatusParams = z.object({ id: StatusIdSchema });

export function pages(parts: TrustPageParts): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: HOME,
      right: 'age:read',
      summary: 'Whom age checks believe',
      query: z.object({ done: DoneSchema }),
      handle: async ({ query, principal }) =>
        html(renderTrustPage({ ...(await readView(parts)), done: query.done === undefined ? undefined : DONE[query.done] }, principal)),
    }),
    ...importPages(parts.trust),
    ...anchorPages(parts.trust),
    ...removalPages(parts),
    ...statusPages(parts),
  ];
}

async function readView({ trust, status, clock }: TrustPageParts): Promise<TrustView> {
  return { lists: await trust.listLists(), anchors: await trust.listAnchors(), statusLists: await status.list(), seen: await status.seen(), now: clock.now() };
}

async function findAnchors(trust: TrustService, id: string): Promise<AnchorPage['anchors']> {
  const [first, ...others] = (await trust.listAnchors()).filter((anchor) => anchor.id === id);
  if (first === undefined) throw new GatehouseError('not_found', 'No list has an anchor of this id.');
  return [first, ...others];
}

function anchorPages(trust: TrustService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${HOME}/anchors/{id}`,
      right: 'age:read',
      summary: 'One issuer of age checks',
      params: AnchorParams,
      handle: async ({ params, principal }) => html(renderAnchorPage({ anchors: await findAnchors(trust, params.id) }, principal)),
    }),
    definePage({
      method: 'post',
      path: `${HOME}/anchors/{id}/mute`,
      right: 'age:manage',
      summary: 'Mute an issuer of age checks',
      params: AnchorParams,
      body: z.object({ reason: z.string().default('') }),
      async handle({ params, body, principal }) {
        const checked = MuteSchema.safeParse({ reason: body.reason.trim() });
        if (!checked.success) {
          const errors = [{ at: 'reason', message: 'Enter a reason of at most 500 characters' }];
          return html(renderAnchorPage({ anchors: await findAnchors(trust, params.id), reason: body.reason, errors }, principal), { status: 400 });
        }
        await trust.mute(params.id, checked.data.reason, principal.id);
        return seeOther(`${HOME}?done=muted`);
      },
    }),
    definePage({
      method: 'post',
      path: `${HOME}/anchors/{id}/unmute`,
      right: 'age:manage',
      summary: 'Believe a muted issuer of age checks again',
      params: AnchorParams,
      body: z.object({}),
      async handle({ params, principal }) {
        await trust.unmute(params.id, principal.id);
        return seeOther(`${HOME}?done=unmuted`);
      },
    }),
  ];
}

function removalPages({ trust, status }: TrustPageParts): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${HOME}/lists/{name}/remove`,
      right: 'age:manage',
      summary: 'Confirm that a trust list is to be removed',
      params: ListParams,
      handle: async ({ params, principal }) =>
        html(
          renderRemovePage(
            {
              title: `Remove the trust list “${params.name}”?`,
              warning: 'Its issuers are not believed any more, unless another list has them too, and every result, token and passkey from before becomes void.',
              action: `${HOME}/lists/${params.name}/remove`,
              button: 'Remove this list',
            },
            principal,
          ),
        ),
    }),
    definePage({
      method: 'post',
      path: `${HOME}/lists/{name}/remove`,
      right: 'age:manage',
      summary: 'Remove a trust list of age checks',
      params: ListParams,
      body: z.object({}),
      async handle({ params, principal }) {
        await trust.removeList(params.name, principal.id);
        return seeOther(`${HOME}?done=list-removed`);
      },
    }),
    definePage({
      method: 'get',
      path: `${HOME}/status/{id}/remove`,
      right: 'age:manage',
      summary: 'Confirm that a status list is to be removed',
      params: StatusParams,
      async handle({ params, principal }) {
        const list = (await status.list()).find(({ id }) => id === params.id);
        if (list === undefined) throw new GatehouseError('not_found', 'No status list of this id is registered.');
        return html(
          renderRemovePage(
            {
              title: 'Remove this status list?',
              subject: list.uri,
              warning: 'Credentials that name it are refused from the next one on.',
              action: `${HOME}/status/${list.id}/remove`,
              button: 'Remove this list',
            },
            principal,
          ),
        );
      },
    }),
    definePage({
      method: 'post',
      path: `${HOME}/status/{id}/remove`,
      right: 'age:manage',
      summary: 'Remove a status list of age checks',
      params: StatusParams,
      body: z.object({}),
      async handle({ params, principal }) {
        await status.remove(params.id, principal.id);
        return seeOther(`${HOME}?done=status-removed`);
      },
    }),
  ];
}

const StatusFormSchema = z.object({ uri: z.string().default(''), issuer: z.string().default('') });
const FORM_ERRORS: Readonly<Record<string, string>> = {
  uri: 'Enter an http(s) address without a user name and without #',
  issuer: 'The issuer must be an id of 64 hexadecimal digits',
};

function statusPages(parts: TrustPageParts): readonly Route[] {
  const { status } = parts;
  return [
    definePage({
      method: 'post',
      path: `${HOME}/status`,
      right: 'age:manage',
      summary: 'Register a status list',
      body: StatusFormSchema,
      async handle({ body, principal }) {
        const form = { uri: body.uri.trim(), issuer: body.issuer.trim() };
        const errors = await addList(status, form, principal.id);
        if (errors.length === 0) return seeOther(`${HOME}?done=status-added`);
        // What was registered is in the table; only what was not is shown again in the form.
        const isRegistered = errors.every(({ at }) => at === '');
        return html(renderTrustPage({ ...(await readView(parts)), ...(isRegistered ? {} : { form }), errors }, principal), {
          status: isRegistered ? 502 : 400,
        });
      },
    }),
    definePage({
      method: 'post',
      path: `${HOME}/status/{id}/refresh`,
      right: 'age:manage',
      summary: 'Fetch a status list now',
      params: StatusParams,
      body: z.object({}),
      async handle({ params, principal }) {
        const { failure } = await status.refresh(params.id);
        if (failure === null) return seeOther(`${HOME}?done=status-fetched`);
        return html(renderTrustPage({ ...(await readView(parts)), errors: [notFetched(failure)] }, principal), { status: 502 });
      },
    }),
  ];
}

/** What is wrong with the form, or with the list that was registered all the same. */
async function addList(status: StatusService, { uri, issuer }: StatusForm, actor: string): Promise<FieldError[]> {
  const parsed = AddStatusListSchema.safeParse({ uri, ...(issuer === '' ? {} : { issuer }) });
  if (!parsed.success)
    return [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))].map((at) => ({ at, message: FORM_ERRORS[at] ?? 'The form cannot be read' }));
  try {
    const { failure } = await status.add(parsed.data, actor);
    return failure === null ? [] : [notFetched(failure)];
  } catch (error) {
    if (!isGatehouseError(error, 'conflict') && !isGatehouseError(error, 'outbound_refused')) throw error;
    return [{ at: 'uri', message: error.message }];
  }
}

function notFetched(failure: string): FieldError {
  return { at: '', message: `The status list is registered and could not be fetched (${failure}). It is tried again; what was fetched before is kept.` };
}
