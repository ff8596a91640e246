/** What the same text is for readers that undo escapes, and whether it is a drawing. Pure. Every step looks at each sign a fixed number of times: the text is a stranger's. */

import type { Steps } from '../../platform/slices.ts';

const NAMED: Readonly<Record<string, string>> = { sol: '/', plus: '+', equals: '=', lowbar: '_', hyphen: '-', newline: '\n', tab: '\t', amp: '&' };
const CODE_POINT_MAX = 0x10_ffff;

/** The text, and, when they differ, as JSON or a script reads it, as CSS does, as HTML or XML does; and each with letters in place of percent signs. */
export function* readingsOf(text: string): Steps<readonly string[]> {
  const readings = new Set([text]);
  for (const read of [readScript, readStyle, readMarkup]) {
    readings.add(read(text));
    if (isLong(text)) yield undefined;
  }
  for (const reading of [...readings]) {
    readings.add(readPercent(reading));
    if (isLong(text)) yield undefined;
  }
  return [...readings];
}

/** One look at more takes milliseconds: others get their turn in between. */
export function isLong(text: string): boolean {
  return text.length > 65_536;
}

/** Of printable ASCII alone: other bytes are looked for as they are written. Percent signs that are escaped themselves are undone together. */
function readPercent(text: string): string {
  return text.includes('%') ? text.replaceAll(/%(?:25)*([2-7][0-9a-f]|0[9ad])/gi, toCharacter) : text;
}

/** Escapes in escapes (JSON within JSON) are undone together. */
function readScript(text: string): string {
  if (!text.includes('\\')) return text;
  return text
    .replaceAll(/\\+/g, '\\')
    .replaceAll(/\\u\{?([0-9a-f]{4})\}?/gi, toCharacter)
    .replaceAll(/\\x([0-9a-f]{2})/gi, toCharacter)
    .replaceAll(/\\[nrt]/g, '\n')
    .replaceAll(/\\(?:\r?\n)?/g, '');
}

function readStyle(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\([0-9a-f]{1,6})[ \t\r\n]?/gi, toCharacter).replaceAll(/\\(?:\r?\n)?/g, '') : text;
}

function readMarkup(text: string): string {
  if (!text.includes('&')) return text;
  return text
    .replaceAll(/&#x([0-9a-f]{1,16});?/gi, toCharacter)
    .replaceAll(/&#(\d{1,16});?/g, (_all, digits: string) => fromCode(Number(digits)))
    .replaceAll(/&([a-z]{3,7});/gi, (all, name: string) => NAMED[name.toLowerCase()] ?? all);
}

function toCharacter(_all: string, digits: string): string {
  return fromCode(Number.parseInt(digits, 16));
}

function fromCode(code: number): string {
  return code <= CODE_POINT_MAX ? String.fromCodePoint(code) : '';
}

const SVG_HERE = /<(?:[\w-]+:)?svg[\s>/]/iy;
const SVG = /<(?:[\w-]+:)?svg[\s>/]/i;
const BLANK = /\s*/y;
/** What may stand before the first element, and how it ends. */
const BEFORE: readonly (readonly [start: string, end: string])[] = [
  ['<!--', '-->'],
  ['<?', '?>'],
  ['<!doctype', '>'],
];

/** A drawing as a file of its own; a drawing within other text shows nothing but what is written there. */
export function isDrawing(text: string): boolean {
  for (let at = skipBlank(text, 0); ;) {
    SVG_HERE.lastIndex = at;
    if (SVG_HERE.test(text)) return true;
    const [start, mark] = BEFORE.find(([one]) => text.slice(at, at + one.length).toLowerCase() === one) ?? ['', ''];
    const end = start === '' ? -1 : text.indexOf(mark, at + start.length);
    if (end === -1) return false;
    // In brackets it declares things of its own; where they end is not worth a parser.
    if (start === '<!doctype' && text.slice(at, end).includes('[')) return SVG.test(text.slice(at));
    at = skipBlank(text, end + mark.length);
  }
}

function skipBlank(text: string, at: number): number {
  BLANK.lastIndex = at;
  return at + (BLANK.exec(text)?.[0].length ?? 0);
}
