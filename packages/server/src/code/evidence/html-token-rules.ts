/**
 * Tags, attributes and text of an HTML page, for static checks. No tree is built: pages are the words of strangers, and this ends in one pass over at most
 * as many characters as it was given. It follows the tokenizer of the HTML standard (13.2.5) as far as the checks need it. Pure.
 */
export type HtmlToken =
  | { readonly kind: 'open'; readonly name: string; readonly attributes: ReadonlyMap<string, string> }
  | { readonly kind: 'close'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string };

/** What stands in them is text and no markup; of scripts and styles it is nothing that people read. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'noframes', 'iframe', 'xmp']);
const UNREAD = new Set(['script', 'style', 'iframe', 'noframes']);

export function readTokens(html: string): HtmlToken[] {
  const tokens: HtmlToken[] = [];
  let at = 0;
  const text = (value: string): void => {
    if (value !== '') tokens.push({ kind: 'text', text: decodeEntities(value) });
  };
  while (at < html.length) {
    const next = html.indexOf('<', at);
    if (next === -1) break;
    text(html.slice(at, next));
    const end = skipOther(html, next);
    if (end !== undefined) {
      at = end;
      continue;
    }
    const tag = readTag(html, next);
    if (tag === undefined) {
      text('<');
      at = next + 1;
      continue;
    }
    tokens.push(tag.token);
    at = tag.end;
    if (tag.token.kind === 'open' && RAW.has(tag.token.name)) {
      const close = findClose(html, at, tag.token.name);
      if (!UNREAD.has(tag.token.name)) text(html.slice(at, close));
      at = close;
    }
  }
  text(html.slice(at));
  return tokens;
}

/** The place behind a comment, a document type or something malformed that browsers skip; undefined when it is none of them. */
function skipOther(html: string, at: number): number | undefined {
  if (html.startsWith('<!--', at)) return endOf(html, '-->', at + 4);
  return html.startsWith('<!', at) || html.startsWith('<?', at) ? endOf(html, '>', at + 2) : undefined;
}

function endOf(html: string, mark: string, from: number): number {
  const end = html.indexOf(mark, from);
  return end === -1 ? html.length : end + mark.length;
}

function findClose(html: string, from: number, name: string): number {
  const close = new RegExp(`</${name}(?=[\\s/>])`, 'gi');
  close.lastIndex = from;
  return close.exec(html)?.index ?? html.length;
}

const NAME = /<(\/?)([a-zA-Z][^\s/>]*)/y;
const ATTRIBUTE = /[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]*)))?/y;

function readTag(html: string, start: number): { readonly token: HtmlToken; readonly end: number } | undefined {
  NAME.lastIndex = start;
  const found = NAME.exec(html);
  if (found === null) return undefined;
  const [, slash, rawName = ''] = found;
  const name = rawName.toLowerCase();
  const attributes = new Map<string, string>();
  let at = NAME.lastIndex;
  for (;;) {
    ATTRIBUTE.lastIndex = at;
    const attribute = ATTRIBUTE.exec(html);
    if (attribute === null) break;
    const [, key = '', double, single, bare] = attribute;
    // The first one counts.
    if (!attributes.has(key.toLowerCase())) attributes.set(key.toLowerCase(), decodeEntities(double ?? single ?? bare ?? ''));
    at = ATTRIBUTE.lastIndex;
  }
  const end = endOf(html, '>', at);
  return { token: slash === '/' ? { kind: 'close', name } : { kind: 'open', name, attributes }, end };
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  hellip: '…',
  pound: '£',
  copy: '©',
};
const CODE_POINT_MAX = 0x10ffff;

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
    return code > 0 && code <= CODE_POINT_MAX ? String.fromCodePoint(code) : '\uFFFD';
  });
}
