/** Hosting claims and datasets, for programs. */
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { DATASET_BYTES_MAX } from './dataset-file.ts';
import { DatasetMetaSchema } from './dataset-meta.ts';
import { DatasetNameSchema, DatasetUpdateSchema, DatasetViewSchema, HostingClaimSchema, TargetSchema, type HostingRoom } from './schema.ts';

const PATH = '/v1/international/datasets';
const DatasetsSchema = z.object({ datasets: z.array(DatasetViewSchema) });
const UpdatesSchema = z.object({ updated: z.array(DatasetUpdateSchema) });
const { licence, date, sha256 } = DatasetMetaSchema.shape;

export function routes(hosting: HostingRoom): readonly Route[] {
  return [claimRoute(hosting), ...datasetRoutes(hosting)];
}

function claimRoute(hosting: HostingRoom): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/international/hosting',
    right: 'international:read',
    tag: 'international',
    summary: 'Where something is hosted: a claim with its methods, datasets and dates, and whom one could turn to',
    description:
      'Resolvers and registries are asked, and the datasets of the operator read. Nothing is fetched from the host itself, and neither the address nor the claim is kept. Of a URL only the host name is used.',
    body: TargetSchema,
    responses: {
      200: {
        description:
          'The claim. `edge_origin_unknown`: it is behind a delivery network. `disputed`: the datasets do not agree. What could not be asked is in `problems`.',
        schema: HostingClaimSchema,
      },
    },
    handle: async ({ body, signal }) => json(await hosting.claim(body, signal)),
  });
}

function datasetRoutes(hosting: HostingRoom): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: PATH,
      right: 'international:read',
      tag: 'international',
      summary: 'The datasets of addresses in use, with date, licence and number of entries',
      responses: { 200: { description: 'Those that cannot be used are listed with the reason', schema: DatasetsSchema } },
      handle: async () => json({ datasets: await hosting.datasets() }),
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/reload`,
      right: 'international:manage',
      tag: 'international',
      summary: 'Read the files of the datasets again, on this node',
      description: 'What is damaged is refused, and what was read of it before stays in use.',
      responses: { 200: { description: 'The datasets', schema: DatasetsSchema } },
      handle: async () => json({ datasets: await hosting.reload() }),
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/update`,
      right: 'international:manage',
      tag: 'international',
      summary: 'Fetch datasets: those of the setting geoUpdateUrls, or the one given',
      description:
        'The digest is taken from `#sha256=…` at the end of the address, or from a file beside it whose name ends with `.sha256`. A file is read as a dataset before it takes the place of the old one.',
      body: z.object({
        url: z
          .url({ protocol: /^https?$/ })
          .max(2000)
          .optional(),
      }),
      responses: { 200: { description: 'What was taken', schema: UpdatesSchema } },
      handle: async ({ body: { url }, principal }) => json({ updated: await hosting.update(url, principal.id) }),
    }),
    defineRoute({
      method: 'put',
      path: `${PATH}/{name}`,
      right: 'international:manage',
      tag: 'international',
      summary: 'Give a dataset as a file',
      params: z.object({ name: DatasetNameSchema }),
      query: z.object({ sha256, licence, date }),
      rawBody: { kind: 'stream', contentTypes: ['application/octet-stream'], description: `The file, of at most ${DATASET_BYTES_MAX} bytes.` },
      responses: { 200: { description: 'It is in use', schema: DatasetUpdateSchema } },
      async handle({ params: { name }, query, incoming, principal }) {
        return json(await hosting.put({ name, bytes: await readWhole(incoming), ...query }, principal.id));
      },
    }),
  ];
}

async function readWhole(incoming: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming) {
    size += chunk.length;
    if (size > DATASET_BYTES_MAX) throw new GatehouseError('too_large', `A dataset may have at most ${DATASET_BYTES_MAX} bytes. Nothing was taken.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
