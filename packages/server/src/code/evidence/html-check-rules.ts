/**
 * Faults of accessibility that the source of a page shows by itself, after WCAG 2.2. No full assessment: contrast, keyboard and what scripts make are not seen. Pure.
 */
import type { HtmlToken } from './html-token-rules.ts';

export const FAULTS = {
  language: 'the language of the page is not said (3.1.1)',
  title: 'the page has no title (2.4.2)',
  first_heading: 'there is not exactly one main heading (1.3.1)',
  heading_order: 'a level of headings is left out (1.3.1)',
  picture: 'a picture has no text in its place (1.1.1)',
  label: 'a field of a form has no label (1.3.1, 4.1.2)',
  link: 'a link has no text (2.4.4)',
  zoom: 'the page forbids to enlarge it (1.4.4)',
} as const;
export type Fault = keyof typeof FAULTS;

type Open = Extract<HtmlToken, { kind: 'open' }>;

/** @returns how often each fault is there; those that are not are left out */
export function findFaults(tokens: readonly HtmlToken[]): ReadonlyMap<Fault, number> {
  const opened = tokens.filter((token): token is Open => token.kind === 'open');
  const counts: readonly (readonly [Fault, number])[] = [
    ['language', has(opened, 'html', 'lang') ? 0 : 1],
    ['title', textIn(tokens, 'title').trim() === '' ? 1 : 0],
    ['first_heading', opened.filter(({ name }) => name === 'h1').length === 1 ? 0 : 1],
    ['heading_order', countSkips(opened)],
    ['picture', opened.filter(isPictureWithoutText).length],
    ['label', countUnlabelled(tokens)],
    ['link', countEmptyLinks(tokens)],
    ['zoom', opened.some(forbidsZoom) ? 1 : 0],
  ];
  return new Map(counts.filter(([, count]) => count > 0));
}

/** Texts of all headings, in order. */
export function readHeadings(tokens: readonly HtmlToken[]): string[] {
  return tokens.flatMap((token, at) => (token.kind === 'open' && /^h[1-6]$/.test(token.name) ? [textFrom(tokens, at)] : []));
}

function has(opened: readonly Open[], name: string, attribute: string): boolean {
  return opened.some((one) => one.name === name && (one.attributes.get(attribute) ?? '').trim() !== '');
}

function textIn(tokens: readonly HtmlToken[], name: string): string {
  const at = tokens.findIndex((token) => token.kind === 'open' && token.name === name);
  return at === -1 ? '' : textFrom(tokens, at);
}

/** An element whose end does not come within so many tokens is not read further: pages may leave thousands open. */
const TOKENS_MAX = 100;

/** The text up to the end of the element that is opened here, texts of pictures included. */
function textFrom(tokens: readonly HtmlToken[], at: number): string {
  const opened = tokens[at];
  const parts: string[] = [];
  for (let i = at + 1; i < Math.min(tokens.length, at + TOKENS_MAX); i++) {
    const token = tokens[i];
    if (token === undefined || (token.kind === 'close' && opened?.kind === 'open' && token.name === opened.name)) break;
    if (token.kind === 'text') parts.push(token.text);
    else if (token.kind === 'open') parts.push(token.attributes.get('alt') ?? token.attributes.get('aria-label') ?? '');
  }
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}

function countSkips(opened: readonly Open[]): number {
  const levels = opened.flatMap(({ name }) => (/^h[1-6]$/.test(name) ? [Number(name[1])] : []));
  return levels.filter((level, at) => level > (levels[at - 1] ?? 0) + 1 && at > 0).length;
}

const isHidden = ({ attributes }: Open): boolean => attributes.get('aria-hidden') === 'true' || attributes.has('hidden');
const isNamed = ({ attributes }: Open): boolean =>
  ['aria-label', 'aria-labelledby', 'title'].some((attribute) => (attributes.get(attribute) ?? '').trim() !== '');

/** An empty text says that the picture is decoration. */
function isPictureWithoutText(one: Open): boolean {
  if (isHidden(one) || isNamed(one)) return false;
  if (one.name === 'img') return !one.attributes.has('alt') && !['presentation', 'none'].includes(one.attributes.get('role') ?? '');
  return one.name === 'input' && one.attributes.get('type')?.toLowerCase() === 'image' && (one.attributes.get('alt') ?? '').trim() === '';
}

const SELF_NAMED = new Set(['hidden', 'submit', 'reset', 'button', 'image']);

function countUnlabelled(tokens: readonly HtmlToken[]): number {
  const labelled = new Set(tokens.flatMap((token) => (token.kind === 'open' && token.name === 'label' ? [token.attributes.get('for')] : [])));
  let labels = 0;
  let count = 0;
  for (const token of tokens) {
    if (token.kind !== 'text' && token.name === 'label') labels = Math.max(0, labels + (token.kind === 'open' ? 1 : -1));
    if (token.kind !== 'open' || !isField(token) || isHidden(token) || isNamed(token)) continue;
    const id = token.attributes.get('id');
    if (labels === 0 && (id === undefined || !labelled.has(id))) count += 1;
  }
  return count;
}

function isField({ name, attributes }: Open): boolean {
  return name === 'select' || name === 'textarea' || (name === 'input' && !SELF_NAMED.has((attributes.get('type') ?? 'text').toLowerCase()));
}

function countEmptyLinks(tokens: readonly HtmlToken[]): number {
  return tokens.filter(
    (token, at) =>
      token.kind === 'open' && token.name === 'a' && token.attributes.has('href') && !isHidden(token) && !isNamed(token) && textFrom(tokens, at) === '',
  ).length;
}

/** Text must be able to grow to twice its size. */
function forbidsZoom({ name, attributes }: Open): boolean {
  if (name !== 'meta' || attributes.get('name')?.toLowerCase() !== 'viewport') return false;
  const settings = new Map(
    (attributes.get('content') ?? '').split(/[,;]/).map((pair) => pair.split('=').map((part) => part.trim().toLowerCase()) as [string, string | undefined]),
  );
  const most = Number(settings.get('maximum-scale') ?? Number.NaN);
  return ['no', '0'].includes(settings.get('user-scalable') ?? '') || most < 2;
}
