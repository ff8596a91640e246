/**
 * What a reply says by itself: which notice it names, what kind of message it is, and an outcome only where it stands there as an explicit line.
 * Everything in it is hostile.
 */
import type { NoticeOutcome } from '../schema.ts';
import type { ReplyKind } from './schema.ts';

/** As `names.ts` makes them. Between other digits it is another number. */
const TOKEN = /(?<![0-9a-z-])gh-[0-9a-f]{26}(?![0-9a-z])/gi;
const MESSAGE_ID = /<([^<>\s]{3,250})>/g;
/** No more are looked up. */
export const REFERENCES_MAX = 30;
const TOKENS_MAX = 5;

export function findTokens(text: string): string[] {
  return [...new Set([...text.matchAll(TOKEN)].map(([token]) => token.toLowerCase()))].slice(0, TOKENS_MAX);
}

/** In the order of the text. */
export function findMessageIds(text: string): string[] {
  return [...text.matchAll(MESSAGE_ID)].map(([, id]) => id ?? '');
}

const WORDS: Readonly<Record<string, NoticeOutcome>> = {
  removed: 'removed',
  unavailable: 'unavailable',
  moved: 'moved',
  'not illegal': 'not_illegal',
  duplicate: 'duplicate',
};
const OUTCOME_LINE = /^[ \t]*\*{0,2}outcome[ \t]*:[ \t]*\*{0,2}[ \t]*(removed|unavailable|moved|not[ _-]illegal|duplicate)[ \t]*[.]?\*{0,2}[ \t]*$/i;
/** Where what somebody wrote ends and what they quote begins, as mail programs mark it. */
const QUOTE_BEGINS = /^(>|-{2,}\s*(original message|forwarded message)|_{10,}$|from:\s|on .{3,200} wrote:$|am .{3,200} schrieb|le .{3,200} a écrit)/i;

/** @returns null when there is no such line, or when two of them differ: then a person reads it */
export function readOutcome(text: string): NoticeOutcome | null {
  const found = new Set<NoticeOutcome>();
  for (const line of text.split(/\r?\n/)) {
    if (QUOTE_BEGINS.test(line.trim())) break;
    const word = OUTCOME_LINE.exec(line)?.[1]?.toLowerCase().replace(/[_-]/g, ' ');
    const outcome = word === undefined ? undefined : WORDS[word];
    if (outcome !== undefined) found.add(outcome);
  }
  const [first, ...others] = found;
  return first === undefined || others.length > 0 ? null : first;
}

/** RFC 3834, 5, and what programs before it used. */
export function isAutomatic(header: (name: string) => string | undefined): boolean {
  const submitted = header('auto-submitted')?.trim().toLowerCase();
  if (submitted !== undefined && !/^no\b/.test(submitted)) return true;
  if (/^(auto[_-]?reply|bulk|junk|list)$/i.test(header('precedence')?.trim() ?? '')) return true;
  return ['x-autoreply', 'x-autorespond', 'x-auto-reply', 'x-autoresponder', 'x-vacation'].some((name) => header(name) !== undefined);
}

export interface DeliveryStatus {
  readonly kind: Extract<ReplyKind, 'bounce' | 'delayed' | 'delivered'>;
  readonly status: string | null;
}

/** RFC 3464, 2.3: of several recipients the worst counts; ours has one. */
const ACTIONS: Readonly<Record<string, DeliveryStatus['kind']>> = {
  failed: 'bounce',
  delayed: 'delayed',
  delivered: 'delivered',
  relayed: 'delivered',
  expanded: 'delivered',
};
const ORDER: readonly DeliveryStatus['kind'][] = ['bounce', 'delayed', 'delivered'];

/** @param text of a `message/delivery-status`; groups of fields with empty lines between */
export function readDeliveryStatus(text: string): DeliveryStatus | null {
  const found: DeliveryStatus[] = [];
  for (const group of text
    .replace(/\r\n?/g, '\n')
    .split(/\n[ \t]*\n/)
    .slice(0, 50)) {
    const action = /^action[ \t]*:[ \t]*([a-z]{1,20})/im.exec(group)?.[1]?.toLowerCase() ?? '';
    const status = /^status[ \t]*:[ \t]*([245]\.\d{1,3}\.\d{1,3})/im.exec(group)?.[1] ?? null;
    const kind = ACTIONS[action];
    if (kind !== undefined) found.push({ kind, status });
  }
  return found.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))[0] ?? null;
}

/** HTML to text for a person to read: nothing of it is ever shown as HTML. */
export function toPlain(html: string): string {
  return html
    .replace(/<(style|script|head|title)\b[\s\S]*?(<\/\1\s*>|$)/gi, ' ')
    .replace(/<blockquote\b/gi, '\n> <')
    .replace(/<(br|\/p|\/div|\/tr|\/li|\/h[1-6])\b[^>]*>/gi, '\n')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&nbsp;/gi, ' ')
    .replace(/&lt;/gi, '<')
    .replace(/&gt;/gi, '>')
    .replace(/&amp;/gi, '&')
    .replace(/[ \t]+/g, ' ');
}
