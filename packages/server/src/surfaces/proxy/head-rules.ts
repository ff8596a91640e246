/** Heads of requests and answers as a proxy must treat them. RFC 9110, section 7.6; RFC 9112, sections 6 and 11. Pure. */

export type RawHeaders = readonly string[];

/** Of one connection, not of the message. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);
/** Two of one of these are read differently by different servers. */
const SINGLE: ReadonlySet<string> = new Set([
  'host',
  'content-type',
  'content-length',
  'content-encoding',
  'content-transfer-encoding',
  'transfer-encoding',
  'content-range',
  'expect',
]);

export function* pairsOf(raw: RawHeaders): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? ''];
}

/** By lower-case name; the first of several. */
export function toRecord(raw: RawHeaders): Readonly<Record<string, string>> {
  const record: Record<string, string> = {};
  for (const [name, value] of pairsOf(raw)) record[name.toLowerCase()] ??= value;
  return record;
}

/** All of one name, in their order: several lines are one list (RFC 9110, section 5.3). */
function listOf(raw: RawHeaders, wanted: string): string | undefined {
  const values = [...pairsOf(raw)].filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** What a gateway (CGI, WSGI) makes of a name: signs that are no letters become one and the same. */
function toGatewayName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
}

export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: RawHeaders;
}

/** What makes a head ambiguous, or undefined. Node's parser has refused bare line feeds, folded lines and names with spaces already. */
export function findHeadFault({ method, url, rawHeaders }: RequestHead): string | undefined {
  if (method === 'CONNECT' || method === 'TRACE') return `the method ${method}`;
  if (!url.startsWith('/')) return 'an address that is no path';
  // For some servers the address ends there.
  if (url.includes('#')) return 'a fragment in the address';
  return findNameFault(rawHeaders) ?? findValueFault(toRecord(rawHeaders)) ?? findOptionFault(rawHeaders);
}

/** What says what a body is, or whose request it is, belongs to no connection; taken away on the way, it would be another body. */
function findOptionFault(rawHeaders: RawHeaders): string | undefined {
  const bad = optionsOf(rawHeaders).find((name) => SINGLE.has(name) && !HOP_BY_HOP.has(name));
  return bad === undefined ? undefined : `${bad} as an option of the connection`;
}

function findNameFault(rawHeaders: RawHeaders): string | undefined {
  const seen = new Set<string>();
  for (const [name] of pairsOf(rawHeaders)) {
    const key = name.toLowerCase();
    if (SINGLE.has(key) && seen.has(key)) return `two headers ${key}`;
    // What a lenient server or gateway takes for a header of the same name.
    if (!SINGLE.has(key) && SINGLE.has(toGatewayName(name))) return 'another sign for the hyphen in a header that says what the body is';
    seen.add(key);
  }
  return undefined;
}

/** What each may be, when it is there. */
const VALUES: readonly (readonly [string, RegExp])[] = [
  ['transfer-encoding', /^chunked$/i],
  ['content-length', /^\d{1,15}$/],
  ['expect', /^100-continue$/i],
  // Never: a piece of a file that is put together elsewhere.
  ['content-range', /^(?!)/],
];

function findValueFault(headers: Readonly<Record<string, string>>): string | undefined {
  if (headers['transfer-encoding'] !== undefined && headers['content-length'] !== undefined) return 'both a length and chunks';
  const bad = VALUES.find(([name, pattern]) => headers[name] !== undefined && !pattern.test(headers[name].trim()));
  return bad === undefined ? undefined : `a header ${bad[0]} of another kind`;
}

export function hasBody(headers: Readonly<Record<string, string>>): boolean {
  const length = headers['content-length'];
  // No bytes under the name of a type are an empty file.
  return headers['transfer-encoding'] !== undefined || (length !== undefined && (Number(length) > 0 || headers['content-type'] !== undefined));
}

export interface Forwarding {
  readonly remoteAddress: string;
  /** One of the operator's own proxies, whose word about the client counts. */
  readonly isTrusted: boolean;
  /** The body's length, when one goes along. */
  readonly bodyBytes: number | undefined;
  readonly added: Readonly<Record<string, string>>;
}

const FORWARDED: ReadonlySet<string> = new Set(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded']);

/** What goes to the application: everything but what is ours or of this connection. */
export function toOriginHeaders(rawHeaders: RawHeaders, forwarding: Forwarding): string[] {
  const dropped = namesOfConnection(rawHeaders);
  const out: string[] = [];
  for (const [name, value] of pairsOf(rawHeaders)) {
    const key = name.toLowerCase();
    const gatewayName = toGatewayName(name);
    // Nobody but Gatehouse says what Gatehouse found.
    if (dropped.has(key) || key === 'content-length' || FORWARDED.has(gatewayName) || gatewayName.startsWith('gatehouse-')) continue;
    out.push(name, value);
  }
  out.push(...describeClient(rawHeaders, forwarding));
  if (forwarding.bodyBytes !== undefined) out.push('Content-Length', String(forwarding.bodyBytes));
  for (const [name, value] of Object.entries(forwarding.added)) out.push(name, value);
  return out;
}

function describeClient(rawHeaders: RawHeaders, { isTrusted, remoteAddress }: Forwarding): string[] {
  const headers = toRecord(rawHeaders);
  const before = isTrusted ? headers : {};
  // HAProxy adds a line of its own behind the client's.
  const hops = isTrusted ? listOf(rawHeaders, 'x-forwarded-for') : undefined;
  return [
    ['X-Forwarded-For', hops === undefined ? remoteAddress : `${hops}, ${remoteAddress}`],
    ['X-Forwarded-Proto', before['x-forwarded-proto'] ?? 'http'],
    ['X-Forwarded-Host', before['x-forwarded-host'] ?? headers['host'] ?? ''],
  ].flat();
}

/** What goes back to the client. */
export function toClientHeaders(rawHeaders: RawHeaders): string[] {
  const dropped = namesOfConnection(rawHeaders);
  return [...pairsOf(rawHeaders)].filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}

function namesOfConnection(rawHeaders: RawHeaders): ReadonlySet<string> {
  return new Set([...HOP_BY_HOP, ...optionsOf(rawHeaders)]);
}

function optionsOf(rawHeaders: RawHeaders): readonly string[] {
  return (listOf(rawHeaders, 'connection') ?? '').split(',').map((name) => name.trim().toLowerCase());
}
