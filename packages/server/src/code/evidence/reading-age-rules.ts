/**
 * The age at which a text can be read: Flesch-Kincaid grade (J. P. Kincaid et al., 1975) and five, the age at which the first year of school begins. An
 * estimate from lengths of words and sentences; it knows nothing of what they mean. English only. Pure.
 */
import type { HtmlToken } from './html-token-rules.ts';

/** Fewer words say nothing about a text. */
export const WORDS_MIN = 100;
const SCHOOL_AGE = 5;

const BLOCKS = new Set([
  'p',
  'li',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'td',
  'th',
  'dt',
  'dd',
  'blockquote',
  'div',
  'section',
  'article',
  'br',
  'tr',
  'label',
  'legend',
  'summary',
  'main',
]);
/** What every page repeats around its text. */
const AROUND = new Set(['nav', 'header', 'footer', 'title', 'button', 'select', 'textarea', 'svg', 'noscript']);

export function readText(tokens: readonly HtmlToken[]): string {
  const hasMain = tokens.some((token) => token.kind === 'open' && token.name === 'main');
  let [around, main] = [0, 0];
  const parts: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'text') {
      if (around === 0 && (!hasMain || main > 0)) parts.push(token.text.replace(/\s+/g, ' '));
      continue;
    }
    const step = token.kind === 'open' ? 1 : -1;
    if (AROUND.has(token.name)) around = Math.max(0, around + step);
    if (token.name === 'main') main = Math.max(0, main + step);
    // The end of a block ends a sentence, with a full stop or without.
    if (BLOCKS.has(token.name)) parts.push('\n');
  }
  return parts.join('');
}

/** In years, to a tenth; undefined for too short a text. */
export function estimateReadingAge(text: string): number | undefined {
  const sentences = text
    .split(/[.!?]+(?=\s|$)|\n+/)
    .map((sentence) => sentence.match(/[A-Za-z][A-Za-z’'-]*/g) ?? [])
    .filter((words) => words.length > 0);
  const words = sentences.flat();
  if (words.length < WORDS_MIN) return undefined;
  const syllables = words.reduce((sum, word) => sum + countSyllables(word), 0);
  const grade = 0.39 * (words.length / sentences.length) + 11.8 * (syllables / words.length) - 15.59;
  return Math.round(10 * Math.max(SCHOOL_AGE, grade + SCHOOL_AGE)) / 10;
}

/** Groups of vowels, without most silent ones at the end. */
export function countSyllables(word: string): number {
  const letters = word.toLowerCase().replace(/[^a-z]/g, '');
  const spoken = letters.replace(/(?:[^laeiouy]|[aeiouy]l)es$|(?<=[^aeiouy]{1}[^aeioutd])ed$|(?<=[aeiouy][^aeiouy]+)(?<![^aeiouy]l)e$/, '');
  return Math.max(1, spoken.match(/[aeiouy]{1,2}/g)?.length ?? 0);
}
