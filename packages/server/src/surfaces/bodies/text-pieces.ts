/** Text in which files may hide: which text is harmless by itself, and what is written in it. */
import type { Steps } from '../../platform/slices.ts';
import { detectMediaType, HEAD_BYTES } from '../../screening/index.ts';
import { isDrawing, isLong } from './reading-rules.ts';

/** Smaller ones are no pictures that a perceptual hash could say anything about. */
export const EMBEDDED_BYTES_MIN = 256;
export const EMBEDDED_MAX = 64;

/** Documents that are text themselves. */
const TEXT_FILES: ReadonlySet<string> = new Set(['application/pdf', 'application/postscript', 'application/rtf']);
/** Pictures that are text: netpbm in letters, XPM, XBM. */
const TEXT_PICTURE = /^\s*(?:P[1-7]\s|\/\* XPM|#define\s+\w+_width\s)/;

/** As text, if it is nothing but text: valid UTF-8, no control characters, no document or picture that is written in letters. */
export function readInertText(bytes: Uint8Array): string | undefined {
  return readText(bytes, { isWhole: true });
}

/** Whether a beginning could go on as such text. */
export function isTextSoFar(bytes: Uint8Array): boolean {
  return readText(bytes, { isWhole: false }) !== undefined;
}

function readText(bytes: Uint8Array, { isWhole }: { readonly isWhole: boolean }): string | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: !isWhole });
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
/** Unbroken, or in lines as mail writes them, also where XML has made spaces of their ends; both alphabets. */
const BASE64 = /(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{40,}\s+)*[A-Za-z0-9+/_-]{40,}={0,2}/g;
/** The last of such lines; or a word behind them. */
const LAST_LINE = /\s+([A-Za-z0-9+/_-]{1,39}={0,2})(?![A-Za-z0-9+/_-])/y;
const DATA_URL = /data:[^,"'<>\s]{0,256}?,((?:%[0-9a-f]{2}|[^\s"'<>()\\,]){16,})/gi;
/** Bytes as a form or an address writes them. */
const PERCENT = /[^\s"<>&=,;\\]+/g;
/** `[255,216,255,…]`, as some libraries write bytes, also with signs (Java): whole rows, however long, so that no sign is looked at twice. */
const NUMBERS = /[-\d\s,]+/g;
/** `{"0":255,"1":216,…}` is what JSON makes of the bytes of a script. */
const INDEX = /"\d{1,9}"\s{0,9}:/g;
const HEX = /^(?:[0-9a-f]{2})+$/i;

/** @returns bytes that somebody may read out of a text, in any of its readings */
export function* findEmbedded(readings: readonly string[]): Steps<Buffer[]> {
  const found: Buffer[] = [];
  const add = (bytes: Buffer): void => {
    // One more than may be is enough to say so.
    if (bytes.length >= EMBEDDED_BYTES_MIN && found.length <= EMBEDDED_MAX && !found.some((one) => one.equals(bytes))) found.push(bytes);
  };
  for (const reading of readings) {
    for (const look of LOOKS) {
      look(reading, add);
      if (isLong(reading)) yield undefined;
    }
  }
  return found;
}

type Add = (bytes: Buffer) => void;
const LOOKS: readonly ((text: string, add: Add) => void)[] = [addRuns, addDataUrls, addPercents, addNumbers, addBinary, addBroken];

function addRuns(text: string, add: Add): void {
  for (const letters of findRuns(text)) {
    // Buffer reads both alphabets.
    add(Buffer.from(letters, 'base64'));
    if (HEX.test(letters)) add(Buffer.from(letters, 'hex'));
  }
}

function addDataUrls(text: string, add: Add): void {
  for (const [, data = ''] of text.matchAll(DATA_URL)) if (data.length >= EMBEDDED_BYTES_MIN && data.includes('%')) addDataUrl(decodePercent(data), add);
}

function addPercents(text: string, add: Add): void {
  if (!text.includes('%')) return;
  for (const [run] of text.matchAll(PERCENT)) if (run.length >= EMBEDDED_BYTES_MIN && run.includes('%')) addPercent(run, add);
}

function addNumbers(text: string, add: Add): void {
  for (const [run] of text.replaceAll(INDEX, '').matchAll(NUMBERS)) if (run.length >= EMBEDDED_BYTES_MIN && run.includes(',')) readRows(run).forEach(add);
}

/** Bytes as characters, the way that old scripts do it. */
function addBinary(text: string, add: Add): void {
  if (text.length >= EMBEDDED_BYTES_MIN && hasControl(text) && isBinaryString(text)) add(Buffer.from(text, 'latin1'));
}

function* findRuns(text: string): Generator<string> {
  for (const { 0: run, index } of text.matchAll(BASE64)) {
    const letters = run.replaceAll(/\s/g, '');
    if (letters.length >= RUN) yield letters;
    LAST_LINE.lastIndex = index + run.length;
    const last = letters.length < run.length && !run.endsWith('=') ? LAST_LINE.exec(text)?.[1] : undefined;
    if (last !== undefined && letters.length + last.length >= RUN) yield letters + last;
  }
}

/** Each row of numbers that could be bytes, up to one that could not. */
function readRows(run: string): Buffer[] {
  const rows: Buffer[] = [];
  let row: number[] = [];
  const endRow = (): void => {
    if (row.length >= EMBEDDED_BYTES_MIN) rows.push(Buffer.from(row));
    if (row.length > 0) row = [];
  };
  for (const field of run.split(',')) {
    for (const [i, token] of field.trim().split(/\s+/).entries()) {
      const isByte = /^(?:-?\d{1,3})?$/.test(token) && Number(token) >= -128 && Number(token) <= 255;
      if (i > 0 || !isByte) endRow();
      if (isByte && token !== '') row.push(Number(token) & 0xff);
    }
  }
  endRow();
  return rows;
}

/** Of other files than pictures, long enough that no word of a text reads so by chance. */
const STARTS = ['PK\x03\x04', '%PDF-', '\x1a\x45\xdf\xa3', 'Rar!\x1a\x07', '7z\xbc\xaf', 'OggS', 'II*\0', 'MM\0*'].map((mark) => Buffer.from(mark, 'latin1'));

function isFile(start: Buffer): boolean {
  if (STARTS.some((mark) => start.indexOf(mark) === 0) || start.toString('latin1', 4, 8) === 'ftyp') return true;
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
    const data = end === -1 ? part : part.slice(0, end);
    if (data.length < RUN) continue;
    for (const toText of data.includes(' ') ? [asItIs, withPlus] : [asItIs]) {
      if (isFile(Buffer.from(startOf(data, toText), 'base64'))) add(Buffer.from(lettersOf(toText(data)), 'base64'));
    }
  }
}

const asItIs = (text: string): string => text;
/** Forms make a space of a plus sign, and applications put it back. */
const withPlus = (text: string): string => text.trim().replaceAll(' ', '+');
const lettersOf = (text: string): string => text.replaceAll(/[^A-Za-z0-9+/_-]/g, '');

const START_LETTERS = 64;

/** From a small piece where that is enough: most text is no file. */
function startOf(data: string, toText: (text: string) => string): string {
  const few = lettersOf(toText(data.slice(0, 4096)));
  return (few.length >= START_LETTERS ? few : lettersOf(toText(data))).slice(0, START_LETTERS);
}

function addPercent(run: string, add: Add): void {
  const bytes = decodePercent(run.replaceAll(/%(?:25)+/g, '%'));
  // Text was read with its letters in place; an address in another alphabet is no file.
  if (readInertText(bytes) === undefined && hasControl(bytes.toString('latin1'))) add(bytes);
}

function addDataUrl(bytes: Buffer, add: Add): void {
  add(bytes);
  const letters = bytes.toString('latin1').replaceAll(/\s/g, '');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(letters)) add(Buffer.from(letters, 'base64'));
}

/** The same letters read from the second, third and fourth on: other bytes, which count only when there is a picture among them. */
export function* findShiftedPicture(readings: readonly string[]): Steps<boolean> {
  for (const reading of readings) {
    for (const letters of findRuns(reading)) {
      for (const shift of [1, 2, 3]) if (hasPictureInside(Buffer.from(letters.slice(shift), 'base64'))) return true;
      if (isLong(letters)) yield undefined;
    }
    if (isLong(reading)) yield undefined;
  }
  return false;
}
