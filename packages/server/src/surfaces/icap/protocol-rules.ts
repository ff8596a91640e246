/** The heads of ICAP messages (RFC 3507) and of the HTTP messages inside them. Strict: what two readers could read differently is a fault. */

export type IcapFaultCode = 400 | 404 | 405 | 408 | 500 | 501 | 503 | 505;

/** What the client did that cannot be answered with content; the connection ends with the answer. */
export class IcapFault extends Error {
  readonly code: IcapFaultCode;
  constructor(code: IcapFaultCode, message: string) {
    super(message);
    this.name = 'IcapFault';
    this.code = code;
  }
}

export type IcapMethod = 'OPTIONS' | 'REQMOD' | 'RESPMOD';

export interface Section {
  readonly name: string;
  readonly offset: number;
}

/** Everything before the encapsulated message. */
export interface IcapHead {
  readonly method: IcapMethod;
  /** The path of the service without slashes around it and without its query: `avscan`. */
  readonly service: string;
  /** Lower-case names; repeated ones are joined with a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** Empty for OPTIONS without one: Squid sends none. */
  readonly sections: readonly Section[];
  readonly allows204: boolean;
  readonly preview: number | undefined;
  readonly wantsClose: boolean;
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROLS = /[\u0000-\u0008\u000A-\u001F\u007F]/;
const METHODS = new Set<string>(['OPTIONS', 'REQMOD', 'RESPMOD']);
const BODIES = new Set(['req-body', 'res-body', 'opt-body', 'null-body']);
/** RFC 3507 4.4.1: which parts stand in which request, in this order; the last is the body. */
const SHAPES: Readonly<Record<IcapMethod, RegExp>> = {
  OPTIONS: /^(?:(?:opt|null)-body)?$/,
  REQMOD: /^(?:req-hdr )?(?:req-body|null-body)$/,
  RESPMOD: /^(?:req-hdr )?(?:res-hdr )?(?:res-body|null-body)$/,
};
/** A second one of these could be read by one side and not by the other. */
const SINGLE = ['encapsulated', 'preview'] as const;

/** @param text the request line and headers, each line ended by CRLF, without the empty line. @throws {IcapFault} */
export function parseIcapHead(text: string): IcapHead {
  const [line = '', ...rest] = splitLines(text);
  const [method = '', uri = '', version = '', ...more] = line.split(' ');
  if (more.length > 0 || uri === '' || !version.startsWith('ICAP/')) throw new IcapFault(400, 'the request line is malformed');
  if (version !== 'ICAP/1.0') throw new IcapFault(505, 'only ICAP/1.0 is spoken');
  if (!isMethod(method)) throw new IcapFault(501, 'only OPTIONS, REQMOD and RESPMOD are known');
  const fields = rest.map(parseField);
  for (const name of SINGLE) if (fields.filter(([found]) => found === name).length > 1) throw new IcapFault(400, `${name} is repeated`);
  const headers = joinFields(fields);
  return {
    method,
    service: parseService(uri),
    headers,
    sections: parseEncapsulated(method, headers.get('encapsulated')),
    allows204: listOf(headers.get('allow')).includes('204'),
    preview: parsePreview(headers.get('preview')),
    wantsClose: listOf(headers.get('connection')).includes('close'),
  };
}

/** Bytes of the encapsulated heads: they end where the body begins. */
export function countHeadBytes({ sections }: Pick<IcapHead, 'sections'>): number {
  return sections.at(-1)?.offset ?? 0;
}

export function hasBody({ sections }: Pick<IcapHead, 'sections'>): boolean {
  return sections.length > 0 && sections.at(-1)?.name !== 'null-body';
}

/** An HTTP head inside a message: its bytes as they came, and what it says. */
export interface InnerHead {
  readonly bytes: Buffer;
  readonly startLine: string;
  readonly headers: ReadonlyMap<string, string>;
  /** Names that stand more than once. */
  readonly repeated: ReadonlySet<string>;
}

/** Cuts the encapsulated heads apart. @throws {IcapFault} 400 when one of them is no HTTP head */
export function parseInnerHeads(bytes: Buffer, sections: readonly Section[]): ReadonlyMap<string, InnerHead> {
  const heads = new Map<string, InnerHead>();
  for (const [index, { name, offset }] of sections.entries()) {
    const next = sections[index + 1];
    if (next !== undefined) heads.set(name, parseInnerHead(bytes.subarray(offset, next.offset)));
  }
  return heads;
}

function parseInnerHead(bytes: Buffer): InnerHead {
  const text = bytes.toString('latin1');
  if (!text.endsWith('\r\n\r\n')) throw new IcapFault(400, 'an encapsulated head does not end where Encapsulated says');
  const [startLine = '', ...rest] = splitLines(text.slice(0, -4));
  if (startLine === '' || rest.includes('')) throw new IcapFault(400, 'an encapsulated head is malformed');
  const fields = rest.map(parseField);
  const names = fields.map(([name]) => name);
  return { bytes, startLine, headers: joinFields(fields), repeated: new Set(names.filter((name, index) => names.indexOf(name) !== index)) };
}

function splitLines(text: string): string[] {
  const lines = text.split('\r\n');
  if (lines.some((line) => CONTROLS.test(line))) throw new IcapFault(400, 'a head holds control characters or bare line ends');
  return lines;
}

function parseField(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(colon, 0));
  if (!TOKEN.test(name)) throw new IcapFault(400, 'a header is malformed');
  return [name.toLowerCase(), line.slice(colon + 1).trim()];
}

function joinFields(fields: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  const joined = new Map<string, string>();
  for (const [name, value] of fields) joined.set(name, joined.has(name) ? `${joined.get(name) ?? ''}, ${value}` : value);
  return joined;
}

function listOf(value: string | undefined): string[] {
  return (value ?? '').split(',').map((word) => word.trim().toLowerCase());
}

function isMethod(word: string): word is IcapMethod {
  return METHODS.has(word);
}

function parseService(uri: string): string {
  const path = /^(?:icaps?:\/\/[^/?#\s]+)?(\/[^?#\s]*)?(?:\?\S*)?$/i.exec(uri);
  if (path === null) throw new IcapFault(400, 'the address of the service is malformed');
  return (path[1] ?? '').replace(/^\/+|\/+$/g, '');
}

function parsePreview(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,9}$/.test(value)) throw new IcapFault(400, 'Preview is no number');
  return Number(value);
}

function parseEncapsulated(method: IcapMethod, value: string | undefined): readonly Section[] {
  if (value === undefined && method !== 'OPTIONS') throw new IcapFault(400, 'Encapsulated is missing');
  const sections = value === undefined || value === '' ? [] : value.split(',').map((part) => parseSection(part.trim()));
  const isAscending = sections.every(({ offset }, index) => (index === 0 ? offset === 0 : offset > (sections[index - 1]?.offset ?? 0)));
  const isShaped = SHAPES[method].test(sections.map(({ name }) => name).join(' '));
  if (!isAscending || !isShaped) throw new IcapFault(400, 'Encapsulated is not of a shape that this method has');
  return sections;
}

function parseSection(part: string): Section {
  const [, name = '', offset = ''] = /^([a-z-]+) ?= ?(\d{1,9})$/i.exec(part) ?? [];
  const lower = name.toLowerCase();
  if (!BODIES.has(lower) && lower !== 'req-hdr' && lower !== 'res-hdr') throw new IcapFault(400, 'Encapsulated is malformed');
  return { name: lower, offset: Number(offset) };
}
