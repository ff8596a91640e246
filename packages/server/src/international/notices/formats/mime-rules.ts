/** Messages as RFC 5322 and MIME (RFC 2045 to 2047) want them: 7-bit, CRLF, lines of at most 76 octets, headers that no value can leave. */

export interface Part {
  /** `text/plain; charset=utf-8` */
  readonly type: string;
  readonly encoding: '7bit' | 'base64' | 'quoted-printable';
  readonly body: string;
  readonly filename?: string;
}

export interface Multipart {
  /** `multipart/mixed`, with parameters but without the boundary. */
  readonly type: string;
  readonly parts: readonly (Part | Multipart)[];
}

const CRLF = '\r\n';
/** RFC 2045, 6.7 and 6.8: encoded lines. */
const LINE_MAX = 76;
/** RFC 2047, 2: an encoded word has at most 75 characters, and the first shares its line with the name; 39 bytes are 52 in base64. */
const WORD_BYTES = 39;

/**
 * @param headers names and values, in order; values may be any text
 * @param seed what boundaries are made of: the same message has the same bytes. Nobody outside may be able to put it into a body
 */
export function writeMessage(headers: readonly (readonly [string, string])[], content: Part | Multipart, seed: string): Uint8Array {
  const lines = headers.map(([name, value]) => writeHeader(name, value));
  const text = [...lines, 'MIME-Version: 1.0', ...writeEntity(content, seed)].join(CRLF);
  return new TextEncoder().encode(`${text}${CRLF}`);
}

function writeEntity(entity: Part | Multipart, seed: string): string[] {
  if ('parts' in entity) {
    // An equals sign and an underscore in a row stand in no quoted-printable and no base64 text (RFC 2045, 6.7).
    const boundary = `=_${seed}`;
    const inner = entity.parts.flatMap((part, i) => [`--${boundary}`, ...writeEntity(part, `${seed}.${i}`)]);
    return [`Content-Type: ${entity.type};`, ` boundary="${boundary}"`, '', ...inner, `--${boundary}--`, ''];
  }
  return [
    `Content-Type: ${entity.type}`,
    `Content-Transfer-Encoding: ${entity.encoding}`,
    ...(entity.filename === undefined ? [] : [`Content-Disposition: attachment; filename="${entity.filename}"`]),
    '',
    ...encodeBody(entity),
  ];
}

function encodeBody({ encoding, body }: Part): string[] {
  if (encoding === 'quoted-printable') return encodeQuotedPrintable(body);
  if (encoding === '7bit') return body.split('\n');
  return toBase64(new TextEncoder().encode(body)).match(new RegExp(`.{1,${LINE_MAX}}`, 'g')) ?? [''];
}

/** Text lines to quoted-printable lines (RFC 2045, 6.7). */
export function encodeQuotedPrintable(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const written: string[] = [];
    let current = '';
    const tokens = [...new TextEncoder().encode(line)].map((byte) => quoteByte(byte));
    for (const [i, token] of tokens.entries()) {
      const isLast = i === tokens.length - 1;
      // A space at the end of a line would be cut off on its way.
      const safe = isLast && token === ' ' ? '=20' : token;
      // A soft break needs a place of its own.
      if (current.length + safe.length > LINE_MAX - (isLast ? 0 : 1)) {
        written.push(`${current}=`);
        current = '';
      }
      current += current === '' ? guardFirst(safe) : safe;
    }
    return [...written, current];
  });
}

/** A dot at the beginning of a line, and "From ", are changed by old programs. */
function guardFirst(token: string): string {
  return token === '.' || token === 'F' || token === '-' ? toHex(token.charCodeAt(0)) : token;
}

function quoteByte(byte: number): string {
  return byte >= 0x20 && byte <= 0x7e && byte !== 0x3d ? String.fromCharCode(byte) : toHex(byte);
}

function toHex(byte: number): string {
  return `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Folded at spaces; whatever a value is, it stays one header. */
export function writeHeader(name: string, value: string): string {
  // oxlint-disable-next-line no-control-regex -- controls are what is looked for
  const flat = value.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();
  const words = isAscii(flat) ? flat.split(/ +/) : encodeWords(flat);
  return foldWords(`${name}:`, words);
}

/** A name and an address; the address was checked before. */
export function writeMailbox(name: string, address: string): string {
  const flat = name.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
  if (flat === '') return `<${address}>`;
  if (!isAscii(flat)) return `${encodeWords(flat).join(' ')} <${address}>`;
  return `"${flat.replace(/["\\]/g, String.raw`\$&`)}" <${address}>`;
}

function foldWords(head: string, words: readonly string[]): string {
  let [text, column] = [head, head.length];
  for (const word of words) {
    const isTooLong = column + 1 + word.length > LINE_MAX && column > head.length;
    text += isTooLong ? `${CRLF} ${word}` : ` ${word}`;
    column = isTooLong ? 1 + word.length : column + 1 + word.length;
  }
  return text;
}

/** RFC 2047, 5: whole characters in each word. */
function encodeWords(text: string): string[] {
  const chunks: Uint8Array[] = [];
  let chunk: number[] = [];
  for (const character of text) {
    const bytes = [...new TextEncoder().encode(character)];
    if (chunk.length + bytes.length > WORD_BYTES) {
      chunks.push(Uint8Array.from(chunk));
      chunk = [];
    }
    chunk.push(...bytes);
  }
  return [...chunks, Uint8Array.from(chunk)].map((bytes) => `=?UTF-8?B?${toBase64(bytes)}?=`);
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** RFC 5322, 3.3, in UTC. */
export function toMailDate(at: Date): string {
  return at.toUTCString().replace('GMT', '+0000');
}
