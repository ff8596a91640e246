/** The Atom feed (RFC 4287). Pure. */
import type { Happening } from './schema.ts';

export interface FeedOptions {
  readonly title: string;
  /** Address of the feed; also its id. */
  readonly self: string;
  /** The page that it belongs to. */
  readonly page: string;
  /** When nothing happened yet. */
  readonly begunAt: Date;
  addressOf(subject: string): string;
}

export function formatFeed(happenings: readonly Happening[], options: FeedOptions): string {
  const { title, self, page, begunAt } = options;
  const updated = happenings[0]?.at ?? begunAt;
  const lines = [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">',
    `  <id>${escapeXml(self)}</id>`,
    `  <title>${escapeXml(title)}</title>`,
    `  <updated>${updated.toISOString()}</updated>`,
    `  <author><name>${escapeXml(title)}</name></author>`,
    '  <generator>Gatehouse</generator>',
    `  <link rel="self" type="application/atom+xml" href="${escapeXml(self)}"/>`,
    `  <link rel="alternate" type="text/html" href="${escapeXml(page)}"/>`,
    ...happenings.flatMap((happening) => formatEntry(happening, options)),
    '</feed>',
  ];
  return `${lines.join('\n')}\n`;
}

function formatEntry({ id, at, subject, title, text }: Happening, { addressOf }: FeedOptions): string[] {
  const address = addressOf(subject);
  return [
    '  <entry>',
    `    <id>${escapeXml(`${address}#${id}`)}</id>`,
    `    <title>${escapeXml(title)}</title>`,
    `    <updated>${at.toISOString()}</updated>`,
    `    <link rel="alternate" type="text/html" href="${escapeXml(`${address}#${id}`)}"/>`,
    `    <category term="${escapeXml(subject)}"/>`,
    `    <content type="text">${escapeXml(text)}</content>`,
    '  </entry>',
  ];
}

/** What XML 1.0 (section 2.2) has no way to say is left out; half a surrogate pair too. */
// oxlint-disable-next-line no-control-regex -- these are the characters that XML forbids
const FORBIDDEN = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escapeXml(text: string): string {
  return text.replace(FORBIDDEN, '').replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
