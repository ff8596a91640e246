/** The console's pages about lists. They work without JavaScript; `web/import.ts` only adds the progress of an import. */
import { z } from 'zod';
import type { AppContext } from '../platform/context.ts';
import { isGatehouseError, type FieldError } from '../platform/errors.ts';
import { html, seeOther } from '../platform/http/reply.ts';
import { definePage, type Route } from '../platform/http/route.ts';
import { importPages } from './import-pages.tsx';
import { renderConfirmPage } from './confirm-page.tsx';
import { renderListPage, renderListsPage, type SettingsForm } from './list-page.tsx';
import { ListIdSchema, ListSettingsSchema, MAX_RADIUS } from './schema.ts';
import type { Difference } from './schema-changes.ts';
import type { ListsService } from './service.ts';
import { renderDifferencePage, renderVersionsPage } from './version-page.tsx';

const ListParams = z.object({ id: ListIdSchema });
const EntryParams = ListParams.extend({ entry: z.coerce.number().int().min(1) });
const afterNumber = z.coerce.number().int().min(0).catch(0).default(0);
const ACTIONS = ['disable', 'enable'] as const;
const ENTRIES_SHOWN = 50;
const VERSIONS_SHOWN = 50;

const DoneSchema = z.enum(['settings', 'disable', 'enable', 'entry-disable', 'entry-enable']).optional().catch(undefined);
type Done = z.output<typeof DoneSchema>;
const SettingsFormSchema = z.object({
  name: z.string(),
  source: z.string(),
  radius: z.string(),
  qualityFloor: z.string(),
  disposition: z.string().default(''),
});
const SETTING_ERRORS: Readonly<Record<string, string>> = {
  name: 'Enter a name of 1 to 120 characters',
  source: 'The source may have at most 200 characters',
  radius: `The radius must be a whole number from 0 to ${MAX_RADIUS}`,
  qualityFloor: 'The quality floor must be a whole number from 0 to 100',
  disposition: 'Choose what a match leads to',
};

export function listsPages(service: ListsService, context: AppContext): readonly Route[] {
  // `import` and `versions` come before `{id}`, which would take them.
  return [...importPages(service, context), ...versionPages(service), ...listPages(service), ...settingsPages(service), ...entryPages(service)];
}

function listPages(service: ListsService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/lists',
      right: 'lists:read',
      summary: 'Lists',
      handle: async ({ principal }) => html(renderListsPage({ lists: await service.list(), listSetVersion: service.freshness().listSetVersion }, principal)),
    }),
    definePage({
      method: 'get',
      path: '/console/lists/{id}',
      right: 'lists:read',
      summary: 'One list: settings and entries',
      params: ListParams,
      query: z.object({ after: afterNumber, done: DoneSchema, entry: z.coerce.number().int().optional().catch(undefined) }),
      async handle({ params, query, principal }) {
        const [list, page] = [await service.get(params.id), await service.entries(params.id, { after: query.after, limit: ENTRIES_SHOWN })];
        return html(renderListPage({ list, page, after: query.after, done: describeDone(query.done, query.entry) }, principal));
      },
    }),
    ...ACTIONS.flatMap((action) => [
      definePage({
        method: 'get',
        path: `/console/lists/{id}/${action}`,
        right: 'lists:write',
        summary: `Confirm that a list is to be ${action}d`,
        params: ListParams,
        handle: async ({ params, principal }) => html(renderConfirmPage(await service.get(params.id), action, principal)),
      }),
      definePage({
        method: 'post',
        path: `/console/lists/{id}/${action}`,
        right: 'lists:write',
        summary: `${action === 'disable' ? 'Disable' : 'Enable'} a list`,
        params: ListParams,
        body: z.object({}),
        async handle({ params, principal }) {
          await service[action](params.id, principal.id);
          return seeOther(`/console/lists/${params.id}?done=${action}`);
        },
      }),
    ]),
  ];
}

function describeDone(done: Done, entry: number | undefined): string | undefined {
  if (done === 'settings') return 'The settings were saved and are in force.';
  if (done === 'disable') return 'The list was disabled.';
  if (done === 'enable') return 'The list was enabled.';
  if (done === undefined || entry === undefined) return undefined;
  return `Entry ${entry} was ${done === 'entry-disable' ? 'disabled' : 'enabled'}.`;
}

function settingsPages(service: ListsService): readonly Route[] {
  return [
    definePage({
      method: 'post',
      path: '/console/lists/{id}',
      right: 'lists:write',
      summary: 'Change the settings of a list',
      params: ListParams,
      body: SettingsFormSchema,
      async handle({ params, body, principal }) {
        const errors = await saveSettings(service, { id: params.id, form: body, actor: principal.id });
        if (errors.length === 0) return seeOther(`/console/lists/${params.id}?done=settings`);
        const [list, page] = [await service.get(params.id), await service.entries(params.id, { limit: ENTRIES_SHOWN })];
        return html(renderListPage({ list, page, after: 0, form: body, errors }, principal), { status: 400 });
      },
    }),
  ];
}

interface SettingsChange {
  readonly id: string;
  readonly form: SettingsForm;
  readonly actor: string;
}

/** @returns what is wrong with the form; nothing was changed then */
async function saveSettings(service: ListsService, { id, form, actor }: SettingsChange): Promise<readonly FieldError[]> {
  const parsed = ListSettingsSchema.required().safeParse({ ...form, radius: toWhole(form.radius), qualityFloor: toWhole(form.qualityFloor) });
  if (!parsed.success)
    return [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))].map((at) => ({ at, message: SETTING_ERRORS[at] ?? 'This is not valid' }));
  try {
    await service.update(id, parsed.data, actor);
    return [];
  } catch (error) {
    if (isGatehouseError(error, 'conflict')) return [{ at: 'name', message: error.message }];
    throw error;
  }
}

/** An empty or odd field must not count as 0. */
function toWhole(text: string): number | undefined {
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;
}

function entryPages(service: ListsService): readonly Route[] {
  return ACTIONS.map((action) =>
    definePage({
      method: 'post',
      path: `/console/lists/{id}/entries/{entry}/${action}`,
      right: 'lists:write',
      summary: `${action === 'disable' ? 'Disable' : 'Enable'} an entry`,
      params: EntryParams,
      body: z.object({ after: afterNumber }),
      async handle({ params, body, principal }) {
        await (action === 'disable' ? service.disableEntry(params.id, params.entry, principal.id) : service.enableEntry(params.id, params.entry, principal.id));
        return seeOther(`/console/lists/${params.id}?done=entry-${action}&entry=${params.entry}${body.after === 0 ? '' : `&after=${body.after}`}`);
      },
    }),
  );
}

function versionPages(service: ListsService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: '/console/lists/versions',
      right: 'lists:read',
      summary: 'Versions of the list set',
      query: z.object({ before: z.coerce.number().int().min(1).optional().catch(undefined) }),
      async handle({ query, principal }) {
        const { versions, next } = await service.versions({ before: query.before, limit: VERSIONS_SHOWN });
        return html(renderVersionsPage({ versions, next, current: service.freshness().listSetVersion, isFirstPage: query.before === undefined }, principal));
      },
    }),
    definePage({
      method: 'get',
      path: '/console/lists/versions/diff',
      right: 'lists:read',
      summary: 'What differs between two versions',
      query: z.object({ from: z.string().default(''), to: z.string().default(''), list: ListIdSchema.optional().catch(undefined), after: afterNumber }),
      async handle({ query, principal }) {
        const { difference, errors } = await compare(service, query);
        return html(renderDifferencePage({ from: query.from, to: query.to, errors, difference }, principal), { status: errors.length === 0 ? 200 : 400 });
      },
    }),
  ];
}

interface CompareQuery {
  readonly from: string;
  readonly to: string;
  readonly list?: string | undefined;
  readonly after: number;
}

async function compare(
  service: ListsService,
  query: CompareQuery,
): Promise<{ readonly difference: Difference | undefined; readonly errors: readonly FieldError[] }> {
  const [from, to] = [toWhole(query.from), toWhole(query.to)];
  const missing = (['from', 'to'] as const)
    .filter((at) => toWhole(query[at]) === undefined)
    .map((at) => ({ at, message: `Enter the number of the version to compare ${at}` }));
  if (from === undefined || to === undefined) return { difference: undefined, errors: missing };
  try {
    return { difference: await service.compare({ from, to, listId: query.list, after: query.after }), errors: [] };
  } catch (error) {
    if (isGatehouseError(error, 'invalid_request')) return { difference: undefined, errors: [{ at: 'from', message: error.message }] };
    if (isGatehouseError(error, 'not_found')) return { difference: undefined, errors: [{ at: 'to', message: error.message }] };
    throw error;
  }
}
