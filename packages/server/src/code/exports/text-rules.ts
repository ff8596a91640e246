/** Texts as OSCAL's data types allow them, whatever people wrote. What is changed is only what could not be said otherwise. */

/** Control characters, line ends of all kinds and runs of space. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}\s]+/gu;
const CONTROLS = /(?!\n)\p{Cc}/gu;
/** Half a character: no UTF-8 has it. */
const HALVES = /\p{Surrogate}/gu;
/** What would be markup (OSCAL's prose is Markdown), or the place of a parameter. */
const MARKUP = /[\\`*_[\]<>{}~^]/g;
const VALUE_MAX = 2000;

/** `StringDatatype`: one line, not empty. */
export function toValue(text: string): string {
  const line = text.replace(HALVES, '\uFFFD').replace(BREAKS, ' ').slice(0, VALUE_MAX).replace(HALVES, '').trim();
  return line === '' ? '-' : line;
}

/** `MarkupLineDatatype`: one line, its signs taken as letters. */
export function toLine(text: string): string {
  return escapeMarkup(toValue(text));
}

/** `MarkupMultilineDatatype`: paragraphs, their signs taken as letters. */
export function toProse(text: string): string {
  const prose = text.replace(HALVES, '\uFFFD').replaceAll('\r\n', '\n').replace(CONTROLS, ' ').trim();
  return prose === '' ? '-' : escapeMarkup(prose);
}

function escapeMarkup(text: string): string {
  return text.replace(MARKUP, String.raw`\$&`);
}

/** `TokenDatatype`. The ids of a catalogue are tokens, unless they begin with a digit. */
export function toToken(text: string): string {
  const token = text.replace(/[^\p{L}\p{N}._-]/gu, '_');
  return /^[\p{L}_]/u.test(token) ? token : `_${token}`;
}
