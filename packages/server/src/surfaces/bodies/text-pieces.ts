/** Text in which files may hide: which text is harmless by itself, and what is written in it. */
import { detectMediaType, HEAD_BYTES } from '../../screening/index.ts';
import { isDrawing } from './reading-rules.ts';

/** Smaller ones are no pictures that a perceptual hash could say anything about. */
export const EMBEDDED_BYTES_MIN = 256;
export const EMBEDDED_MAX = 64;

/** Documents that are text themselves. */
const TEXT_FILES: ReadonlySet<string> = new Set(['application/pdf', 'application/postscript', 'application/rtf']);
/** Pictures that are text: netpbm in letters, XPM, XBM. */
const TEXT_PICTURE = /^\s*(?:P[1-7]\s|\/\* XPM|#define\s+\w+_width\s)/;

/** As text, if it is nothing but text: valid UTF-8, no control characters, no document or picture that is written in letters. */
export function readInertText(bytes: Uint8Array): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  if (hasControl(text) || TEXT_PICTURE.test(text) || isDrawing(text)) return undefined;
  return TEXT_FILES.has(detectMediaType(bytes.subarray(0, HEAD_BYTES))) ? undefined : text;
}

/** Two bytes are no proof: one random token in thirteen thousand begins like one of these. */
const CHANCE: ReadonlySet<string> = new Set(['application/octet-stream', 'audio/mpeg', 'audio/aac', 'application/x-msdownload']);

const DELETE = 0x7f;
const SPACE = 0x20;
/** Tab, line feed, carriage return. */
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d]);

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === DELETE || (code < SPACE && !BLANKS.has(code))) return true;
  }
  return false;
}

function isBinaryString(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

/** Bytes of no kind that is known, nor with a picture somewhere inside. */
export function isOpaque(bytes: Uint8Array): boolean {
  const type = detectMediaType(bytes.subarray(0, HEAD_BYTES));
  const isBitmap = type === 'image/bmp' && bytes.subarray(6, 10).every((byte) => byte === 0);
  return (CHANCE.has(type) || (type === 'image/bmp' && !isBitmap)) && !hasPictureInside(bytes);
}

const MARKS = ['\x89PNG\r\n\x1a\n', 'GIF87a', 'GIF89a', 'ftypavif', 'ftypheic', 'ftypmif1', 'JFIF\0', 'Exif\0\0'].map((mark) => Buffer.from(mark, 'latin1'));
const JPEG = /\xff\xd8\xff[\xc0-\xef\xfe]/;

/** A picture behind other bytes: whoever reads it from there sees it. */
export function hasPictureInside(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (MARKS.some((mark) => buffer.includes(mark))) return true;
  const webp = buffer.indexOf('WEBP');
  return (webp >= 8 && buffer.toString('latin1', webp - 8, webp - 4) === 'RIFF') || JPEG.test(buffer.toString('latin1'));
}

/** Every string literal, also those of names and of members that are given twice: some readers take the first, some the last. */
const JSON_STRING = /"(?:[^"\\]|\\.)*"/gs;

/** @returns the strings of a JSON text, or of several one after the other; undefined when one is not well-formed */
export function readJsonStrings(text: string): string[] | undefined {
  const isLines = (): boolean => text.split('\n').every((line) => line.trim() === '' || isJson(line));
  if (!isJson(text) && !isLines()) return undefined;
  return (text.match(JSON_STRING) ?? []).map((literal) => String(JSON.parse(literal)));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Names and values of a urlencoded body, as bytes; undefined for a percent sign without two digits. */
export function readFormValues(text: string): Buffer[] | undefined {
  const values: Buffer[] = [];
  for (const field of text.split(/[&;]/).flatMap((pair) => [pair, ...pair.split('=')])) {
    if (/%(?![0-9a-f]{2})/i.test(field)) return undefined;
    values.push(decodePercent(field.replaceAll('+', ' ')));
  }
  return values;
}

function decodePercent(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return Buffer.from(
    bytes.replaceAll(/%([0-9a-f]{2})/gi, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    'latin1',
  );
}

/** So long is a run of base64 of `EMBEDDED_BYTES_MIN` bytes. */
const RUN = Math.ceil((EMBEDDED_BYTES_MIN * 4) / 3);
/** Unbroken, or in lines of equal use as mail writes them; both alphabets. */
const BASE64 = new RegExp(`(?:[A-Za-z0-9+/_-]{40,}[ \\t]*\\r?\\n[ \\t]*)*[A-Za-z0-9+/_-]{40,}={0,2}`, 'g');
const DATA_URL = /data:[^,"'<>\s]{0,256}?,((?:%[0-9a-f]{2}|[^\s"'<>()\\,]){16,})/gi;
/** `[255,216,255,…]`, as some libraries write bytes: whole rows, however long, so that no sign is looked at twice. */
const NUMBERS = /[\d\s,]+/g;
const HEX = /^(?:[0-9a-f]{2})+$/i;

/** @returns bytes that somebody may read out of a text, in any of its readings */
export function findEmbedded(readings: readonly string[]): Buffer[] {
  const found: Buffer[] = [];
  const add = (bytes: Buffer): void => {
    // One more than may be is enough to say so.
    if (bytes.length >= EMBEDDED_BYTES_MIN && found.length <= EMBEDDED_MAX && !found.some((one) => one.equals(bytes))) found.push(bytes);
  };
  for (const reading of readings) {
    addRuns(reading, add);
    addBroken(reading, add);
  }
  return found;
}

type Add = (bytes: Buffer) => void;

function addRuns(text: string, add: Add): void {
  for (const [run] of text.matchAll(BASE64)) {
    const letters = run.replaceAll(/\s/g, '');
    if (letters.length < RUN) continue;
    // Buffer reads both alphabets.
    add(Buffer.from(letters, 'base64'));
    if (HEX.test(letters)) add(Buffer.from(letters, 'hex'));
  }
  for (const [, data = ''] of text.matchAll(DATA_URL)) if (data.includes('%')) addDataUrl(decodePercent(data), add);
  for (const [run] of text.matchAll(NUMBERS)) if (run.length >= EMBEDDED_BYTES_MIN) readRows(run).forEach(add);
  // Bytes as characters, the way that old scripts do it.
  if (text.length >= EMBEDDED_BYTES_MIN && hasControl(text) && isBinaryString(text)) add(Buffer.from(text, 'latin1'));
}

/** Each row of numbers that could be bytes, up to one that could not. */
function readRows(run: string): Buffer[] {
  const rows: number[][] = [[]];
  for (const field of run.split(',')) {
    for (const [i, token] of field.trim().split(/\s+/).entries()) {
      const isByte = token.length <= 3 && Number(token) <= 255;
      if (i > 0 || !isByte) rows.push([]);
      if (isByte && token !== '') rows.at(-1)?.push(Number(token));
    }
  }
  return rows.map((row) => Buffer.from(row));
}

function isPicture(start: Buffer): boolean {
  return !CHANCE.has(detectMediaType(start)) && hasPictureInside(start);
}

const BASE64_MARK = /;[ \t]*base64[ \t]*,/gi;

/**
 * Many readers leave out what is no letter of base64, so it can be broken up by anything. Told from other text by what it begins with, at the
 * beginning of a string or of a data: address.
 */
function addBroken(text: string, add: Add): void {
  // Each one ends where the next begins, else many marks would be many times the work.
  for (const [i, part] of text.split(BASE64_MARK).entries()) {
    const end = i === 0 ? -1 : part.search(/["'<>)]/);
    const letters = (end === -1 ? part : part.slice(0, end)).replaceAll(/[^A-Za-z0-9+/_-]/g, '');
    if (isPicture(Buffer.from(letters.slice(0, 64), 'base64'))) add(Buffer.from(letters, 'base64'));
  }
}

function addDataUrl(bytes: Buffer, add: Add): void {
  add(bytes);
  const letters = bytes.toString('latin1').replaceAll(/\s/g, '');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(letters)) add(Buffer.from(letters, 'base64'));
}

/** The same letters read from the second, third and fourth on: other bytes, which count only when there is a picture among them. */
export function isShiftedPicture(readings: readonly string[]): boolean {
  for (const [run] of readings.flatMap((reading) => [...reading.matchAll(BASE64)])) {
    const letters = run.replaceAll(/\s/g, '');
    if (letters.length < RUN) continue;
    for (const shift of [1, 2, 3]) if (hasPictureInside(Buffer.from(letters.slice(shift), 'base64'))) return true;
  }
  return false;
}
