/** What a body is by its headers, read strictly: where two readers could differ, there is no answer. Pure. RFC 9110, section 8.3; RFC 2046, section 5.1.1 */

export type Shape =
  | { readonly kind: 'file' }
  | { readonly kind: 'multipart'; readonly boundary: string }
  /** Read as text, in which files may hide. */
  | { readonly kind: 'text'; readonly as: 'json' | 'form' | 'plain' }
  | { readonly kind: 'refuse'; readonly reason: 'malformed' | 'unknown_type' | 'content_coding' | 'transfer_coding' };

export interface ContentType {
  /** `image/jpeg`, lower case. */
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const ESSENCE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*(?=;|$)`);
/** A quoted value without escapes: what a backslash means there differs between readers. */
const PARAMETER = new RegExp(`^;[ \\t]*(${TOKEN})=(?:(${TOKEN})|"([^"\\\\\\x00-\\x1f\\x7f]*)")[ \\t]*(?=;|$)`);
/** Of what RFC 2046 allows, without what ends a boundary for a reader that does not know quotes (Rack: a comma), or is left out as a comment. */
const BOUNDARY = /^[0-9A-Za-z+_\-./:=?]{1,70}$/;

/** @returns undefined for what is not well-formed, or names a parameter twice, or in pieces (RFC 2231) */
export function parseContentType(text: string): ContentType | undefined {
  const [all = '', essence] = ESSENCE.exec(text.trim()) ?? [];
  if (essence === undefined) return undefined;
  const parameters = parseParameters(text.trim().slice(all.length));
  return parameters === undefined ? undefined : { essence: essence.toLowerCase(), parameters };
}

function parseParameters(text: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  // One semicolon at the end is common and harmless.
  for (let rest = text; rest !== '' && !/^;[ \t]*$/.test(rest);) {
    const [all = '', given, token, quoted] = PARAMETER.exec(rest) ?? [];
    const name = given?.toLowerCase();
    if (name === undefined || name.includes('*') || parameters.has(name)) return undefined;
    parameters.set(name, token ?? quoted ?? '');
    rest = rest.slice(all.length);
  }
  return parameters;
}

const FILE_TYPES = /^(?:image|video|audio|font|model)\//;
const FILES: ReadonlySet<string> = new Set([
  'application/octet-stream',
  'binary/octet-stream',
  'application/pdf',
  'application/zip',
  'application/x-zip-compressed',
  'application/gzip',
  'application/x-tar',
  'application/x-7z-compressed',
  'application/vnd.rar',
  'application/msword',
  'application/rtf',
]);
const OFFICE = /^application\/vnd\.(?:openxmlformats-officedocument|oasis\.opendocument|ms-)/;
const JSON_TYPES = /^(?:application\/json|application\/[\w.-]+\+json|text\/json|application\/x-ndjson|application\/csp-report)$/;
const TEXT_TYPES = /^(?:text\/[\w.+-]+|application\/(?:xml|javascript|x-javascript|ecmascript|graphql|sql|x-yaml|yaml|toml)|application\/[\w.-]+\+xml)$/;
const CHARSETS: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii', 'iso-8859-1', 'latin1', 'windows-1252']);

/** @param headers lower-case names, each once */
export function shapeOf(headers: Readonly<Record<string, string | undefined>>): Shape {
  if (!isIdentity(headers['content-encoding'])) return { kind: 'refuse', reason: 'content_coding' };
  if (!isPlainTransfer(headers['content-transfer-encoding']) || !isIdentity(headers['transfer-encoding'])) return { kind: 'refuse', reason: 'transfer_coding' };
  const given = headers['content-type'];
  if (given === undefined || given.trim() === '') return { kind: 'file' };
  const type = parseContentType(given);
  return type === undefined || !isReadAlike(given, type) ? { kind: 'refuse', reason: 'malformed' } : shapeOfType(type);
}

const SHAPE_WORDS = /multipart|urlencoded|octet-stream/i;

/**
 * Many readers do not take a type apart: they search in it. PHP takes the first `boundary` and what stands behind the next equals sign, Rack the
 * last `boundary=`; formidable reads a form wherever `multipart` stands. All of them must find the same.
 */
function isReadAlike(text: string, { essence, parameters }: ContentType): boolean {
  const others = [...parameters].filter(([name]) => name !== 'boundary').flat();
  const isForm = essence.startsWith('multipart/');
  if (others.some((word) => SHAPE_WORDS.test(word)) || (!isForm && /multipart/.test(essence))) return false;
  if (!isForm || !parameters.has('boundary')) return true;
  const at = text.search(/boundary/i);
  const rest = text.slice(at + 'boundary'.length);
  if (!/[; \t]/.test(text.charAt(at - 1)) || !rest.startsWith('=') || /boundary[ \t]*=/i.test(rest)) return false;
  // PHP looks for small letters first.
  return text.startsWith('boundary', at) || !rest.includes('boundary');
}

/** Parts are messages where nothing says otherwise, or pieces of a file that is put together elsewhere. */
const UNKNOWN_FORMS: ReadonlySet<string> = new Set(['multipart/digest', 'multipart/byteranges']);

function shapeOfType({ essence, parameters }: ContentType): Shape {
  if (UNKNOWN_FORMS.has(essence) || !isCharsetKnown({ essence, parameters })) return { kind: 'refuse', reason: 'unknown_type' };
  if (essence.startsWith('multipart/')) {
    const boundary = parameters.get('boundary') ?? '';
    return BOUNDARY.test(boundary) ? { kind: 'multipart', boundary } : { kind: 'refuse', reason: 'malformed' };
  }
  if (isFileType(essence)) return { kind: 'file' };
  const as = textOf(essence);
  return as === undefined ? { kind: 'refuse', reason: 'unknown_type' } : { kind: 'text', as };
}

/** In another alphabet (UTF-16, UTF-7) the same bytes are another text; those of a file are the same. */
function isCharsetKnown({ essence, parameters }: ContentType): boolean {
  return isFileType(essence) || CHARSETS.has(parameters.get('charset')?.toLowerCase() ?? 'utf-8');
}

function isFileType(essence: string): boolean {
  return FILE_TYPES.test(essence) || FILES.has(essence) || OFFICE.test(essence);
}

function textOf(essence: string): 'json' | 'form' | 'plain' | undefined {
  if (JSON_TYPES.test(essence)) return 'json';
  if (essence === 'application/x-www-form-urlencoded') return 'form';
  return TEXT_TYPES.test(essence) ? 'plain' : undefined;
}

function isIdentity(value: string | undefined): boolean {
  return value === undefined || /^[ \t]*(?:identity)?[ \t]*$/i.test(value);
}

/** `base64` and `quoted-printable` are of mail; a reader that undoes them sees another file than one that does not. */
function isPlainTransfer(value: string | undefined): boolean {
  return value === undefined || /^[ \t]*(?:7bit|8bit|binary)?[ \t]*$/i.test(value);
}

const FIELD = new RegExp(`^(${TOKEN}):[ \\t]*([^\\x00-\\x08\\x0a-\\x1f\\x7f]*)$`);
/** Of these a part may have one each. */
const SINGLE: ReadonlySet<string> = new Set([
  'content-disposition',
  'content-type',
  'content-transfer-encoding',
  'content-encoding',
  'content-length',
  'content-id',
]);

export type PartFault = 'malformed' | 'nested' | 'transfer_coding' | 'content_coding' | 'unknown_type';
export interface PartHead {
  readonly fault?: PartFault;
  /** Some readers (aiohttp) take so many bytes, and not those up to the boundary. */
  readonly announcedBytes?: number;
}

/**
 * The head of one part of a multipart body. Every part is a file for us, whatever its head says; it is read only to refuse what another
 * reader would undo or take apart.
 * @param block with the empty line that ends it
 */
export function readPartHead(block: string): PartHead {
  const headers = parseFields(block.slice(0, -4).split('\r\n'));
  if (headers === undefined || headers.has('content-range')) return { fault: 'malformed' };
  const length = headers.get('content-length');
  if (length !== undefined && !/^\d{1,15}[ \t]*$/.test(length)) return { fault: 'malformed' };
  const fault = findCodingFault(headers) ?? findTypeFault(headers.get('content-type'));
  return { ...(fault === undefined ? {} : { fault }), ...(length === undefined ? {} : { announcedBytes: Number(length) }) };
}

function findCodingFault(headers: ReadonlyMap<string, string>): PartFault | undefined {
  if (!isIdentity(headers.get('content-encoding'))) return 'content_coding';
  return isPlainTransfer(headers.get('content-transfer-encoding')) ? undefined : 'transfer_coding';
}

function findTypeFault(type: string | undefined): PartFault | undefined {
  if (type === undefined) return undefined;
  const parsed = parseContentType(type);
  if (parsed === undefined) return 'malformed';
  if (/^(?:multipart|message)\//.test(parsed.essence)) return 'nested';
  return isCharsetKnown(parsed) ? undefined : 'unknown_type';
}

function parseFields(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, given, value = ''] = FIELD.exec(line) ?? [];
    const name = given?.toLowerCase();
    if (name === undefined || (SINGLE.has(name) && headers.has(name))) return undefined;
    headers.set(name, value);
  }
  return headers;
}
