/** The OpenAPI 3.1 document, from the routes themselves. Zod writes the schemas (JSON Schema 2020-12, the dialect of OpenAPI 3.1). */
import { z } from 'zod';
import { PROBLEMS } from '../errors.ts';
import { RIGHTS } from './rights.ts';
import type { BodyDoc, ResponseDoc, Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const ProblemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code', 'detail', 'remedy'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    detail: { type: 'string', description: 'what happened this time and what was kept' },
    remedy: { type: 'string', description: 'what you can do' },
    requestId: { type: 'string' },
    errors: { type: 'array', items: { type: 'object', required: ['at', 'message'], properties: { at: { type: 'string' }, message: { type: 'string' } } } },
  },
};

export function buildOpenApi(routes: readonly Route[], version: string): Json {
  const schemas: Record<string, unknown> = { Problem: ProblemSchema };
  const paths: Record<string, Record<string, unknown>> = {};
  const api = routes.filter((route) => route.surface === 'api').toSorted((a, b) => compare(a.path, b.path) || compare(a.method, b.method));
  for (const route of api) (paths[route.path] ??= {})[route.method] = describeRoute(route, schemas);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description: 'Decides what may be published. An HTTP 2xx is never a clearance: publish only with a receipt.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(api.map((route) => route.doc.tag))].toSorted(compare).map((name) => ({ name })),
    paths,
    components: { schemas, securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key. Rights: ' + Object.keys(RIGHTS).join(', ') } } },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describeRoute(route: Route, schemas: Record<string, unknown>): Json {
  const { doc } = route;
  const responses: Record<string, unknown> = {};
  for (const [status, response] of Object.entries(doc.responses)) responses[status] = describeResponse(response, schemas);
  responses['default'] = {
    description: 'Any error: see `code`',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  const parameters = [
    ...describeParameters(doc.params, 'path', schemas),
    ...describeParameters(doc.query, 'query', schemas),
    ...Object.entries(doc.requestHeaders ?? {}).map(([name, description]) => ({
      name,
      in: 'header',
      required: false,
      description,
      schema: { type: 'string' },
    })),
  ];
  return {
    operationId: `${route.method}${route.path.replaceAll(/[^a-zA-Z0-9]+(\w)?/g, (_match, letter: string | undefined) => (letter ?? '').toUpperCase())}`,
    summary: doc.summary,
    ...(doc.description === undefined ? {} : { description: doc.description }),
    tags: [doc.tag],
    'x-right': route.right,
    security: route.right === 'public' ? [] : [{ key: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(doc.body === undefined ? {} : { requestBody: describeBody(doc.body, schemas) }),
    responses,
  };
}

function describeResponse(response: ResponseDoc, schemas: Record<string, unknown>): Json {
  const headers = Object.entries(response.headers ?? {}).map(([name, description]) => [name, { description, schema: { type: 'string' } }]);
  const content =
    response.schema === undefined
      ? response.contentType === undefined
        ? undefined
        : { [response.contentType]: {} }
      : { [response.contentType ?? 'application/json']: { schema: toSchema(response.schema, 'output', schemas) } };
  return {
    description: response.description,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    ...(content === undefined ? {} : { content }),
  };
}

function describeBody(body: BodyDoc, schemas: Record<string, unknown>): Json {
  if (body.kind === 'json' || body.kind === 'form')
    return {
      required: true,
      content: { [body.kind === 'json' ? 'application/json' : 'application/x-www-form-urlencoded']: { schema: toSchema(body.schema, 'input', schemas) } },
    };
  const types = body.kind === 'stream' ? body.contentTypes : ['multipart/form-data'];
  return {
    required: true,
    description: body.description,
    content: Object.fromEntries(types.map((type) => [type, { schema: { type: 'string', contentMediaType: type } }])),
  };
}

function describeParameters(schema: z.ZodType | undefined, place: 'path' | 'query', schemas: Record<string, unknown>): Json[] {
  if (schema === undefined) return [];
  const object = z
    .object({ properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}), required: z.array(z.string()).default([]) })
    .parse(toSchema(schema, 'input', schemas));
  return Object.entries(object.properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || object.required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

/** Schemas with an id (`.meta({ id })`) become components and are referred to by name. */
function toSchema(schema: z.ZodType, io: 'input' | 'output', schemas: Record<string, unknown>): unknown {
  const { $schema: _dialect, $defs, id: _id, ...own } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  const rewrite = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'));
  // A schema with an id comes as a reference into its own definitions.
  for (const [name, { id: _own, ...definition }] of Object.entries($defs ?? {})) schemas[name] = rewrite(definition);
  const id = z.globalRegistry.get(schema)?.id;
  if (id === undefined) return rewrite(own);
  if (!('$ref' in own)) schemas[id] = rewrite(own);
  return { $ref: `#/components/schemas/${id}` };
}
