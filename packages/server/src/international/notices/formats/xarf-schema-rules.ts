/** The schema files of XARF as one document for our checker: each file, and each of its `$defs`, becomes a definition. */

const REF_FILE = /^(?:\.\.?\/)+(?:types\/)?([a-z-]+)\.json$/;
const REF_DEF = /^#\/\$defs\/([a-z_]+)$/;

/** @param files the schemas by the names of their files, without `.json` */
export function joinSchemas(files: Readonly<Record<string, unknown>>): { readonly definitions: Readonly<Record<string, unknown>> } {
  const definitions: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(files)) {
    const { $defs, ...rest } = toRecord(schema);
    definitions[name] = rewrite(rest, name);
    for (const [key, definition] of Object.entries($defs === undefined ? {} : toRecord($defs))) definitions[`${name}.${key}`] = rewrite(definition, name);
  }
  return { definitions };
}

/** What stands in `examples` is data. Beside a reference there are only descriptions, which our checker would pass over. */
function rewrite(schema: unknown, file: string): unknown {
  if (Array.isArray(schema)) return schema.map((one) => rewrite(one, file));
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(([key]) => key !== 'examples');
  return Object.fromEntries(entries.map(([key, value]) => [key, key === '$ref' ? rewriteRef(String(value), file) : rewrite(value, file)]));
}

function rewriteRef(ref: string, file: string): string {
  const other = REF_FILE.exec(ref)?.[1];
  if (other !== undefined) return `#/definitions/${other}`;
  const definition = REF_DEF.exec(ref)?.[1];
  if (definition !== undefined) return `#/definitions/${file}.${definition}`;
  throw new TypeError(`the reference ${ref} in ${file} is of a kind that is not known here`);
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('a schema must be an object');
  return { ...value };
}

/** RFC 3986, 3986 host names, RFC 3339, RFC 9562, RFC 5321: as far as a report of ours can have them. */
export const XARF_FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  'date-time': (text) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text)),
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  hostname: (text) => text.length <= 253 && /^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/i.test(text),
  uri: (text) => /^[a-z][a-z0-9+.-]*:(?:%[0-9a-f]{2}|[a-z0-9\-._~:/?#[\]@!$&'()*+,;=])+$/i.test(text),
};
