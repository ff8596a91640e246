/** The log for everybody (files, as C2SP tlog-tiles lays them out), and for those who may see records. */
import { z } from 'zod';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { json, Reply, type Answer } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { checkRoutes } from './check-routes.ts';
import { EntryViewSchema, ProofSchema, StatusSchema } from './schema.ts';
import type { LogService } from './service.ts';
import { witnessRoutes } from './witness-routes.ts';

const IndexParams = z.object({ index: z.coerce.number().int().min(0) });
const PathSchema = z.string().regex(/^[a-z0-9.]{1,8}$/);
/** An index of up to 10^12 in groups of three digits, and the folder of partial files. */
const DEPTH_MAX = 5;
const IMMUTABLE = { 'cache-control': 'public, max-age=31536000, immutable' } as const;

export function routes(service: LogService, { config }: AppContext): readonly Route[] {
  const assertPublic = (): void => {
    if (!config.logPublic) throw new GatehouseError('not_found', 'This log is not published.');
  };
  return [
    defineRoute({
      method: 'get',
      path: '/log/checkpoint',
      right: 'public',
      tag: 'log',
      summary: 'The last signed checkpoint of the log',
      responses: { 200: { description: 'A signed note (C2SP tlog-checkpoint)', contentType: 'text/plain' } },
      async handle() {
        assertPublic();
        return new Reply(await service.lastNote(), { headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' } });
      },
    }),
    ...Array.from({ length: DEPTH_MAX }, (_none, i) => tileRoute(service, { depth: i + 1, assertPublic })),
    ...apiRoutes(service),
    ...witnessRoutes(service.outside),
    ...checkRoutes(service),
  ];
}

interface TileRouteOptions {
  readonly depth: number;
  assertPublic(): void;
}

function tileRoute(service: LogService, { depth, assertPublic }: TileRouteOptions): Route {
  const names = Array.from({ length: depth }, (_none, i) => `part${i + 1}`);
  return defineRoute({
    method: 'get',
    path: `/log/tile/{level}/${names.map((name) => `{${name}}`).join('/')}`,
    right: 'public',
    tag: 'log',
    summary: `A tile of hashes or a bundle of entries (${depth} part${depth === 1 ? '' : 's'})`,
    params: z.object(Object.fromEntries(['level', ...names].map((name) => [name, PathSchema]))),
    responses: { 200: { description: 'Its bytes (C2SP tlog-tiles)', contentType: 'application/octet-stream' } },
    async handle({ params }) {
      assertPublic();
      const path = ['tile', params['level'], ...names.map((name) => params[name])].join('/');
      return bytes(await service.readFile(path));
    },
  });
}

function bytes(content: Uint8Array): Answer {
  return new Response(Buffer.from(content), { headers: { 'content-type': 'application/octet-stream', ...IMMUTABLE } });
}

function apiRoutes(service: LogService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/log',
      right: 'log:read',
      tag: 'log',
      summary: 'The state of the log',
      responses: { 200: { description: 'Size, key, last checkpoint', schema: StatusSchema } },
      handle: async () => json(await service.status()),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/log/entries',
      right: 'log:read',
      tag: 'log',
      summary: 'Entries, newest first, with what they commit to',
      query: z.object({ before: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER), limit: z.coerce.number().int().min(1).max(500).default(50) }),
      responses: { 200: { description: 'A page', schema: z.object({ entries: z.array(EntryViewSchema) }) } },
      handle: async ({ query }) => json({ entries: await service.entries(query) }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/log/entries/{index}',
      right: 'log:read',
      tag: 'log',
      summary: 'One entry',
      params: IndexParams,
      responses: { 200: { description: 'The entry', schema: EntryViewSchema } },
      handle: async ({ params }) => json(await service.entry(params.index)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/log/entries/{index}/proof',
      right: 'log:read',
      tag: 'log',
      summary: 'A proof that an entry is in the log, to hand out',
      params: IndexParams,
      responses: { 200: { description: 'Entry and proof', schema: ProofSchema } },
      handle: async ({ params }) => json(await service.prove(params.index)),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/checkpoints',
      right: 'log:manage',
      tag: 'log',
      summary: 'Sign a checkpoint now',
      description: 'Without this one is signed every minute in which the log grew.',
      responses: { 200: { description: 'The checkpoint', schema: z.object({ size: z.number().int(), at: z.iso.datetime(), note: z.string() }) } },
      async handle() {
        const { size, at, note } = await service.checkpoint();
        return json({ size, at: at.toISOString(), note });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/exports',
      right: 'backup:write',
      tag: 'log',
      summary: 'Copy the log into a new folder of this machine (control socket only)',
      body: z.strictObject({ folder: z.string().min(1).max(4096).startsWith('/', 'must be an absolute path') }),
      responses: { 200: { description: 'What was written', schema: z.object({ folder: z.string(), entries: z.number().int(), files: z.number().int() }) } },
      async handle({ principal, body }) {
        // The folder is one of the server's machine: only whoever owns the data directory may name it.
        if (principal.kind !== 'local') throw new GatehouseError('forbidden', 'Copies are made with `gatehouse log export` on the machine of the server.');
        return json(await service.export(body.folder));
      },
    }),
  ];
}
