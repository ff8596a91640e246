/** The HTTP API for people, drawn from the same OpenAPI document that machines read, and the table of error codes. */
import type { JSX } from 'hono/jsx/jsx-runtime';
import { z } from 'zod';
import { PROBLEMS } from '../errors.ts';
import type { Principal } from '../http/rights.ts';
import { CodeBlock, Details, Inset, Table, Tag, Title, Words } from './components.tsx';
import { renderPage } from './page.tsx';

const SchemaSchema = z.record(z.string(), z.unknown());
const ContentSchema = z.record(z.string(), z.object({ schema: SchemaSchema.optional() }));
const ParameterSchema = z.object({
  name: z.string(),
  in: z.string(),
  required: z.boolean().default(false),
  description: z.string().optional(),
  schema: SchemaSchema.default({}),
});
const OperationSchema = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).default([]),
  'x-right': z.string(),
  parameters: z.array(ParameterSchema).default([]),
  requestBody: z.object({ description: z.string().optional(), content: ContentSchema }).optional(),
  responses: z.record(z.string(), z.object({ description: z.string(), content: ContentSchema.optional() })),
});
const DocumentSchema = z.object({
  info: z.object({ version: z.string(), description: z.string() }),
  paths: z.record(z.string(), z.record(z.string(), OperationSchema)),
  components: z.object({ schemas: z.record(z.string(), SchemaSchema) }),
});

type Operation = z.output<typeof OperationSchema> & { readonly method: string; readonly path: string };

/** @param openapi what `buildOpenApi` returns */
export function renderApiDocs(openapi: unknown, principal: Principal): string {
  const document = DocumentSchema.parse(openapi);
  const operations: Operation[] = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method, path })),
  );
  const tags = [...new Set(operations.flatMap((operation) => operation.tags))].toSorted();
  return renderPage({
    title: 'HTTP API',
    principal,
    current: 'docs',
    children: (
      <>
        <Title caption={`Gatehouse ${document.info.version}`}>HTTP API</Title>
        <Inset>
          <p>{document.info.description}</p>
        </Inset>
        <p>
          Send an API key with each call: <code>Authorization: Bearer …</code>. Each operation names the right that the key needs. Machines read{' '}
          <a href="/openapi.json">the OpenAPI 3.1 document</a>; every error is <a href="/docs/errors">in this table</a>.
        </p>
        <nav aria-label="On this page">
          <ul>
            {tags.map((tag) => (
              <li>
                <a href={`#${toId(tag)}`}>{toHeading(tag)}</a>
              </li>
            ))}
          </ul>
        </nav>
        {tags.map((tag) => (
          <section aria-labelledby={toId(tag)}>
            <h2 id={toId(tag)}>{toHeading(tag)}</h2>
            {operations
              .filter((operation) => operation.tags.includes(tag))
              .map((operation) => (
                <OperationView operation={operation} />
              ))}
          </section>
        ))}
        <h2 id="shapes">Shapes</h2>
        {Object.entries(document.components.schemas)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([name, schema]) => (
            <div id={`shape-${name}`}>
              <Details summary={name}>
                <CodeBlock label={`JSON Schema of ${name}`}>{JSON.stringify(schema, null, 2)}</CodeBlock>
              </Details>
            </div>
          ))}
      </>
    ),
  });
}

function OperationView({ operation }: { readonly operation: Operation }): JSX.Element {
  const name = `${operation.method.toUpperCase()} ${operation.path}`;
  return (
    <article class="operation" aria-labelledby={operation.operationId}>
      <h3 id={operation.operationId}>{operation.summary}</h3>
      <p>
        <Tag colour="blue">{operation.method.toUpperCase()}</Tag> <code>{operation.path}</code>
      </p>
      {operation.description === undefined ? null : (
        <p>
          <Words text={operation.description} />
        </p>
      )}
      <p>Right: {operation['x-right'] === 'public' ? 'none; anybody may ask' : <code>{operation['x-right']}</code>}</p>
      {operation.parameters.length === 0 ? null : (
        <Table
          caption="Parameters"
          rows={operation.parameters}
          empty=""
          columns={[
            { heading: 'Name', isRowHeading: true, cell: (parameter) => <code>{parameter.name}</code> },
            { heading: 'Where', cell: (parameter) => `${parameter.in}${parameter.required ? ', needed' : ''}` },
            { heading: 'Type', cell: (parameter) => describeType(parameter.schema) },
            { heading: 'Meaning', cell: (parameter) => <Words text={parameter.description ?? ''} /> },
          ]}
        />
      )}
      {operation.requestBody === undefined ? null : (
        <p>
          Body:{' '}
          {Object.entries(operation.requestBody.content).map(([type, content], index) => (
            <>
              {index === 0 ? '' : ' or '}
              <code>{type}</code>
              <ShapeLink schema={content.schema} />
            </>
          ))}
          . {operation.requestBody.description}
        </p>
      )}
      <Table
        caption="Answers"
        rows={Object.entries(operation.responses)}
        empty=""
        columns={[
          { heading: 'Status', isRowHeading: true, cell: ([status]) => (status === 'default' ? 'otherwise' : status) },
          { heading: 'Meaning', cell: ([, response]) => <Words text={response.description} /> },
          {
            heading: 'Content',
            cell: ([, response]) =>
              Object.entries(response.content ?? {}).map(([type, content]) => (
                <>
                  <code>{type}</code>
                  <ShapeLink schema={content.schema} />{' '}
                </>
              )),
          },
        ]}
      />
      <CodeBlock label={`Example of ${name}`} isCopyable>
        {toCurl(operation)}
      </CodeBlock>
    </article>
  );
}

function ShapeLink({ schema }: { readonly schema: Readonly<Record<string, unknown>> | undefined }): JSX.Element | null {
  const reference = schema?.['$ref'];
  const name = typeof reference === 'string' ? reference.split('/').at(-1) : undefined;
  return name === undefined ? null : (
    <>
      {' '}
      (<a href={`#shape-${name}`}>{name}</a>)
    </>
  );
}

function describeType(schema: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String).join(' | ');
  const alternatives = schema['anyOf'];
  if (Array.isArray(alternatives)) return [...new Set(alternatives.map((one) => describeType(SchemaSchema.catch({}).parse(one))))].join(' or ');
  const limits = [
    schema['minimum'] === undefined ? '' : `from ${String(schema['minimum'])}`,
    schema['maximum'] === undefined ? '' : `to ${String(schema['maximum'])}`,
  ].filter((word) => word !== '');
  const type = typeof schema['type'] === 'string' ? schema['type'] : 'any';
  return [type, ...limits].join(' ');
}

/** A line to start from: it works in a shell where GATEHOUSE_URL and GATEHOUSE_API_KEY are set. */
function toCurl(operation: Operation): string {
  const lines = [`curl -sS${operation.method === 'get' ? '' : ` -X ${operation.method.toUpperCase()}`} "$GATEHOUSE_URL${operation.path}"`];
  if (operation['x-right'] !== 'public') lines.push('-H "Authorization: Bearer $GATEHOUSE_API_KEY"');
  const type = Object.keys(operation.requestBody?.content ?? {})[0];
  if (type === 'application/json') lines.push('-H "Content-Type: application/json"', "-d '{ … }'");
  else if (type === 'multipart/form-data') lines.push('-F "file=@picture.jpg"');
  else if (type !== undefined) lines.push(`-H "Content-Type: ${type.includes('*') ? 'application/octet-stream' : type}"`, '--data-binary @file');
  return lines.join(' \\\n  ');
}

function toHeading(tag: string): string {
  return tag.charAt(0).toUpperCase() + tag.slice(1);
}

function toId(tag: string): string {
  return `tag-${tag.replaceAll(/[^a-z0-9]+/gi, '-')}`;
}

export function renderErrorDocs(principal: Principal): string {
  return renderPage({
    title: 'Error codes',
    principal,
    current: 'docs',
    breadcrumbs: [{ text: 'HTTP API', href: '/docs' }],
    children: (
      <>
        <Title>Error codes</Title>
        <p>
          Errors are problem details (RFC 9457, <code>application/problem+json</code>). <code>code</code> is one of this closed set; <code>detail</code> says
          what happened this time and what was kept; <code>remedy</code> is what you can do.
        </p>
        <Table
          caption="All error codes"
          isCaptionHidden
          rows={Object.entries(PROBLEMS)}
          empty=""
          columns={[
            { heading: 'Code', isRowHeading: true, cell: ([code]) => <code id={code}>{code}</code> },
            { heading: 'Status', isNumeric: true, cell: ([, kind]) => String(kind.status) },
            { heading: 'Meaning', cell: ([, kind]) => kind.title },
            { heading: 'What you can do', cell: ([, kind]) => <Words text={kind.remedy} /> },
          ]}
        />
      </>
    ),
  });
}
