import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { CatalogueDifferenceSchema, AmendmentViewSchema, NOTE_BYTES_MAX, ReleaseViewSchema, VersionSchema, type AmendmentsService } from './release-schema.ts';
import { CatalogueSchema, ControlSchema, GroupSchema, MetricSchema, SourceSchema, type CatalogueService, type LoadedCatalogue } from './schema.ts';

const ReasonSchema = z.string().trim().min(1).max(500);
const UseSchema = z.object({
  allowOlder: z.boolean().default(false).describe('Use it although a newer release is held; needs a reason.'),
  reason: ReasonSchema.optional(),
});
const FileSchema = z.object({
  catalogue: z.string().min(1).describe('The file, as a text: its bytes in UTF-8 are what is signed.'),
  note: z.string().min(1).max(NOTE_BYTES_MAX).describe('The signed note (C2SP signed-note).'),
});
export const ControlViewSchema = z.object({
  release: z.string(),
  group: GroupSchema.omit({ controls: true }),
  control: ControlSchema,
  source: SourceSchema.nullable(),
  metrics: z.array(MetricSchema),
});

export function routes(catalogue: CatalogueService, amendments: AmendmentsService): readonly Route[] {
  return [...readRoutes(catalogue), ...releaseRoutes(catalogue), amendmentsRoute(amendments)];
}

function readRoutes(catalogue: CatalogueService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/catalogue',
      right: 'code:read',
      tag: 'code',
      summary: 'The catalogue of measures in use',
      description: "Ours: not Ofcom's, not the government's and not legal advice. What `verify` marks was not compared with the primary text.",
      query: z.object({ version: VersionSchema.optional().describe('Another release that is held here.') }),
      responses: { 200: { description: 'The whole catalogue', schema: CatalogueSchema } },
      handle: async ({ query: { version } }) => json((await pick(catalogue, version)).catalogue),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/catalogue/controls/{id}',
      right: 'code:read',
      tag: 'code',
      summary: 'One measure, with its document, source and metrics',
      params: z.object({ id: z.string() }),
      query: z.object({ version: VersionSchema.optional() }),
      responses: { 200: { description: 'The measure', schema: ControlViewSchema } },
      handle: async ({ params: { id }, query: { version } }) => json(toControlView(await pick(catalogue, version), id)),
    }),
  ];
}

async function pick(catalogue: CatalogueService, version: string | undefined): Promise<LoadedCatalogue> {
  await catalogue.refresh();
  return version === undefined ? catalogue.current() : catalogue.release(version);
}

function toControlView(loaded: LoadedCatalogue, id: string): z.output<typeof ControlViewSchema> {
  const { catalogue } = loaded;
  const found = loaded.control(id);
  if (found === undefined) throw new GatehouseError('not_found', `Release ${catalogue.version} of the catalogue has no measure ${id}.`);
  const { controls: _controls, ...group } = found.group;
  return {
    release: catalogue.version,
    group,
    control: found.control,
    source: catalogue.sources.find((source) => source.id === found.control.source.sourceId) ?? null,
    metrics: found.control.evidence.flatMap(({ metric }) => loaded.metric(metric) ?? []),
  };
}

function releaseRoutes(catalogue: CatalogueService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/releases',
      right: 'code:read',
      tag: 'code',
      summary: 'Every release of the catalogue that is held here, newest first',
      responses: { 200: { description: 'The releases', schema: z.object({ releases: z.array(ReleaseViewSchema) }) } },
      handle: async () => json({ releases: await catalogue.releases() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/releases',
      right: 'code:manage',
      tag: 'code',
      summary: 'Import a signed release of the catalogue; it is in use at once',
      body: FileSchema.extend(UseSchema.shape),
      responses: { 201: { description: 'It is in use', schema: ReleaseViewSchema } },
      async handle({ body: { catalogue: text, note, ...options }, principal }) {
        return json(await catalogue.import({ bytes: new TextEncoder().encode(text), note }, principal.id, options), { status: 201 });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/releases/{version}',
      right: 'code:read',
      tag: 'code',
      summary: 'A release as it was signed: the file and the note, for whoever wants to verify them',
      params: z.object({ version: VersionSchema }),
      responses: { 200: { description: 'Both as texts', schema: FileSchema } },
      async handle({ params: { version } }) {
        const { bytes, note } = await catalogue.file(version);
        return json({ catalogue: new TextDecoder().decode(bytes), note });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/releases/{version}/use',
      right: 'code:manage',
      tag: 'code',
      summary: 'Use a release that is held already',
      params: z.object({ version: VersionSchema }),
      body: UseSchema,
      responses: { 200: { description: 'It is in use', schema: ReleaseViewSchema } },
      handle: async ({ params: { version }, body, principal }) => json(await catalogue.use(version, principal.id, body)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/releases/{from}/difference/{to}',
      right: 'code:read',
      tag: 'code',
      summary: 'What differs between two releases, measure by measure',
      params: z.object({ from: VersionSchema, to: VersionSchema }),
      responses: { 200: { description: 'The difference', schema: CatalogueDifferenceSchema } },
      handle: async ({ params: { from, to } }) => json(await catalogue.compare(from, to)),
    }),
  ];
}

function amendmentsRoute(amendments: AmendmentsService): Route {
  return defineRoute({
    method: 'get',
    path: '/v1/code/amendments',
    right: 'code:read',
    tag: 'code',
    summary: 'What changed in the law, the codes and the catalogue, and what that is to this service',
    responses: { 200: { description: 'Newest first', schema: z.object({ amendments: z.array(AmendmentViewSchema) }) } },
    handle: async () => json({ amendments: await amendments.list() }),
  });
}
