/**
 * Holds a document against a JSON schema (draft 7), as far as the schemas of OSCAL and XARF go: a closed set of keywords, and a schema with another one is
 * refused. ajv, which knows all of them, is in the tests only: there both must agree.
 */
/** Keywords that say nothing about validity. `format` counts where the caller names it: the data types of OSCAL have theirs as patterns, too. */
const SILENT = new Set(['$comment', '$id', '$schema', 'description', 'title', 'definitions', 'contentEncoding', 'examples', 'x-recommended']);
const FAULTS_MAX = 20;

type Schema = Readonly<Record<string, unknown>>;

export interface SchemaFault {
  /** JSON pointer. */
  readonly at: string;
  readonly message: string;
}

export interface SchemaChecker {
  /** @param definition name below `definitions`. @returns at most 20 faults */
  check(definition: string, value: unknown): readonly SchemaFault[];
}

/** What a text of that format must fulfil. */
export type Formats = Readonly<Record<string, (text: string) => boolean>>;

interface Walk {
  readonly root: Schema;
  readonly patterns: Map<string, RegExp>;
  readonly formats: Formats;
}

/**
 * @param formats those that count; others say nothing
 * @throws {TypeError} when the document is no schema, or uses a keyword that is not known here
 */
export function compileSchema(document: unknown, formats: Formats = {}): SchemaChecker {
  const root = toObject(document);
  const walk: Walk = { root, patterns: new Map(), formats };
  assertKnown(root, '');
  const definitions = toObject(root['definitions']);
  for (const [name, schema] of Object.entries(definitions)) assertKnown(schema, name);
  return {
    check(definition, value) {
      const schema = definitions[definition];
      if (schema === undefined) throw new TypeError(`the schema has no definition ${definition}`);
      return checkValue(walk, schema, { value, at: '' }).slice(0, FAULTS_MAX);
    },
  };
}

/** Keywords whose argument is a schema, or a list of them. */
const NESTING = new Set(['items', 'anyOf', 'allOf', 'oneOf']);

function assertKnown(schema: unknown, where: string): void {
  if (Array.isArray(schema)) for (const one of schema) assertKnown(one, where);
  if (!isObject(schema)) return;
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties') for (const one of Object.values(toObject(value))) assertKnown(one, where);
    else if (NESTING.has(keyword)) assertKnown(value, where);
    else if (!SILENT.has(keyword) && !(keyword in KEYWORDS)) throw new TypeError(`the keyword ${keyword} in ${where} is not known here`);
  }
}

interface At {
  readonly value: unknown;
  readonly at: string;
}

type Keyword = (walk: Walk, argument: unknown, place: At & { readonly schema: Schema }) => readonly SchemaFault[];

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  $ref: (walk, ref, place) => checkValue(walk, resolve(walk.root, String(ref)), place),
  type: (_walk, type, { value, at }) => (isOfType(value, type) ? [] : [{ at, message: `is not of type ${JSON.stringify(type)}` }]),
  enum: (_walk, values, { value, at }) => (listOf(values).includes(value) ? [] : [{ at, message: `is none of ${JSON.stringify(values)}` }]),
  minimum: (_walk, least, { value, at }) => (typeof value !== 'number' || value >= Number(least) ? [] : [{ at, message: `is less than ${String(least)}` }]),
  const: (_walk, expected, { value, at }) => (value === expected ? [] : [{ at, message: `is not ${JSON.stringify(expected)}` }]),
  maximum: (_walk, most, { value, at }) => (typeof value !== 'number' || value <= Number(most) ? [] : [{ at, message: `is more than ${String(most)}` }]),
  // In characters, as the specification counts, not in units of UTF-16.
  maxLength: (_walk, most, { value, at }) =>
    typeof value !== 'string' || Array.from(value).length <= Number(most) ? [] : [{ at, message: `has more than ${String(most)} characters` }],
  format: ({ formats }, name, { value, at }) =>
    typeof value !== 'string' || (formats[String(name)]?.(value) ?? true) ? [] : [{ at, message: `is no ${String(name)}` }],
  maxItems: (_walk, most, { value, at }) =>
    !Array.isArray(value) || value.length <= Number(most) ? [] : [{ at, message: `has more than ${String(most)} items` }],
  minItems: (_walk, least, { value, at }) =>
    !Array.isArray(value) || value.length >= Number(least) ? [] : [{ at, message: `has fewer than ${String(least)} items` }],
  pattern: checkPattern,
  required: (_walk, names, { value, at }) =>
    isObject(value) ? listOf(names).flatMap((name) => (Object.hasOwn(value, String(name)) ? [] : [{ at, message: `lacks ${String(name)}` }])) : [],
  items: (walk, schema, { value, at }) =>
    Array.isArray(value) ? value.flatMap((one: unknown, i) => checkValue(walk, schema, { value: one, at: `${at}/${i}` })) : [],
  properties: (walk, properties, { value, at }) => {
    const known = toObject(properties);
    return isObject(value)
      ? Object.entries(value).flatMap(([name, one]) => (Object.hasOwn(known, name) ? checkValue(walk, known[name], { value: one, at: `${at}/${name}` }) : []))
      : [];
  },
  additionalProperties: (_walk, allowed, { value, at, schema }) => {
    if (allowed !== false || !isObject(value)) return [];
    const known = schema['properties'] === undefined ? {} : toObject(schema['properties']);
    return Object.keys(value).flatMap((name) => (Object.hasOwn(known, name) ? [] : [{ at, message: `has ${name}, which is not in the schema` }]));
  },
  allOf: (walk, schemas, place) => listOf(schemas).flatMap((schema) => checkValue(walk, schema, place)),
  anyOf: (walk, schemas, place) => checkChoice(walk, listOf(schemas), { ...place, isExact: false }),
  oneOf: (walk, schemas, place) => checkChoice(walk, listOf(schemas), { ...place, isExact: true }),
};

function checkValue(walk: Walk, schema: unknown, { value, at }: At): readonly SchemaFault[] {
  if (typeof schema === 'boolean') return schema ? [] : [{ at, message: 'must not be there' }];
  if (!isObject(schema)) throw new TypeError('a schema must be an object');
  // Draft 7: what stands beside a reference is passed over.
  if (typeof schema['$ref'] === 'string') return checkValue(walk, resolve(walk.root, schema['$ref']), { value, at });
  return Object.entries(schema).flatMap(([keyword, argument]) => KEYWORDS[keyword]?.(walk, argument, { value, at, schema }) ?? []);
}

/** The faults of the choice that comes nearest are the ones that help. */
function checkChoice(walk: Walk, schemas: readonly unknown[], { value, at, isExact }: At & { readonly isExact: boolean }): readonly SchemaFault[] {
  const tried = schemas.map((schema) => checkValue(walk, schema, { value, at }));
  const fitting = tried.filter(({ length }) => length === 0).length;
  if (fitting === 1 || (fitting > 1 && !isExact)) return [];
  if (fitting > 1) return [{ at, message: 'fits more than one of the choices' }];
  return tried.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

function checkPattern({ patterns }: Walk, pattern: unknown, { value, at }: At): readonly SchemaFault[] {
  if (typeof value !== 'string') return [];
  const text = String(pattern);
  const compiled = patterns.get(text) ?? new RegExp(text, 'u');
  patterns.set(text, compiled);
  return compiled.test(value) ? [] : [{ at, message: `does not fit ${text.length > 60 ? 'the pattern of its type' : text}` }];
}

function resolve(root: Schema, ref: string): unknown {
  const name = /^#\/definitions\/([^/]+)$/.exec(ref)?.[1];
  const found = name === undefined ? undefined : toObject(root['definitions'])[name];
  if (found === undefined) throw new TypeError(`the reference ${ref} leads nowhere`);
  return found;
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'null') return value === null;
  return typeof value === type;
}

/** A schema is read at every value that it is held against: this must cost nothing. */
function toObject(value: unknown): Schema {
  if (!isObject(value)) throw new TypeError('a schema must be an object');
  return value;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
