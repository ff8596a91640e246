/** Answers that others may keep for a minute and then ask about again (RFC 9110, section 13). */
import { createHash } from 'node:crypto';
import { Reply, type Answer } from '../../platform/http/reply.ts';

export interface CachedOptions {
  readonly contentType: string;
  /** Undefined: it may change with time alone. */
  readonly changedAt: Date | undefined;
  readonly now: Date;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Asked {
  header(name: string): string | undefined;
}

/** A status that changed by itself must not be shown for longer as it was. */
const KEEP_S = 60;
const DIGITS = 32;

export function replyCached(asked: Asked, text: string, { contentType, changedAt, now, headers = {} }: CachedOptions): Answer {
  const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, DIGITS)}"`;
  const modifiedAt = toModifiedAt(changedAt, now);
  const all = {
    ...headers,
    etag,
    'cache-control': `public, max-age=${KEEP_S}`,
    ...(modifiedAt === undefined ? {} : { 'last-modified': modifiedAt.toUTCString() }),
  };
  // Without a length, which would be taken for that of the text (RFC 9110, section 8.6).
  if (isKnown(asked, etag, modifiedAt)) return new Response(null, { status: 304, headers: all });
  return new Reply(text, { headers: { 'content-type': contentType, ...all } });
}

/** The entity tag counts before the time (RFC 9110, section 13.2.2). */
function isKnown({ header }: Asked, etag: string, modifiedAt: Date | undefined): boolean {
  const tags = header('if-none-match');
  if (tags !== undefined) return tags.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
  const since = Date.parse(header('if-modified-since') ?? '');
  return modifiedAt !== undefined && Number.isFinite(since) && modifiedAt.getTime() <= since;
}

/** HTTP dates have no fractions: until the second is over something more may change in it, and the date would say nothing. */
function toModifiedAt(changedAt: Date | undefined, now: Date): Date | undefined {
  if (changedAt === undefined) return undefined;
  const second = Math.floor(changedAt.getTime() / 1000) * 1000;
  return now.getTime() < second + 1000 ? undefined : new Date(second);
}
