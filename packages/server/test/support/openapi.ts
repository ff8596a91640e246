/** Holds every answer against the OpenAPI document: the path, the method, the status, the content type and the shape must be documented. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }>>;
}

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface ContractChecker {
  /** @throws when the answer is not what the document says. Reads a clone of the response. */
  check(method: string, path: string, response: Response): Promise<void>;
  /** `GET /v1/lists 200` of everything that was checked. */
  readonly seen: ReadonlySet<string>;
}

export function createContractChecker(document: OpenApiDocument): ContractChecker {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  const compiled = new Map<object, ValidateFunction>();
  const seen = new Set<string>();
  const validatorOf = (schema: object): ValidateFunction => {
    const known = compiled.get(schema) ?? ajv.compile({ ...schema, components: document.components });
    compiled.set(schema, known);
    return known;
  };
  return {
    seen,
    async check(method, path, response) {
      const pattern = Object.keys(document.paths).find((known) => matches(known, path));
      const operation = pattern === undefined ? undefined : document.paths[pattern]?.[method.toLowerCase()];
      if (pattern === undefined || operation === undefined) throw new Error(`${method} ${path} is not documented`);
      const name = `${method.toUpperCase()} ${pattern} ${response.status}`;
      const own = operation.responses[String(response.status)];
      const documented = own ?? (response.status >= 400 ? operation.responses['default'] : undefined);
      if (documented === undefined) throw new Error(`${name}: this status is not documented`);
      seen.add(name);
      const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
      if (documented.content === undefined) {
        if (type !== '') throw new Error(`${name}: a body of type ${type} is not documented`);
        return;
      }
      const media =
        documented.content[type] ??
        documented.content['*/*'] ??
        (response.status >= 400 && own !== undefined ? operation.responses['default']?.content?.[type] : undefined);
      if (media === undefined) throw new Error(`${name}: the content type ${type} is not documented (${Object.keys(documented.content).join(', ')})`);
      if (media.schema === undefined || !type.includes('json') || type.includes('ndjson')) return;
      const validate = validatorOf(media.schema);
      const body: unknown = await response.clone().json();
      if (!validate(body)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 600)}`);
    },
  };
}

function matches(pattern: string, path: string): boolean {
  return new RegExp(`^${pattern.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`).replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
}
