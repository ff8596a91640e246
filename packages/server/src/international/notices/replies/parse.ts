/**
 * One message to what it says. The parser is postal-mime (no dependencies, limits of depth and headers); size and breadth are bounded before it begins.
 * Of what a reply carries only text is kept: whatever is attached may be the very thing that nobody may keep.
 */
import { createHash } from 'node:crypto';
import PostalMime, { type Attachment, type Email } from 'postal-mime';
import { findMessageIds, findTokens, isAutomatic, readDeliveryStatus, readOutcome, REFERENCES_MAX, toPlain, type DeliveryStatus } from './reply-rules.ts';
import { REPLY_BYTES_MAX, TEXT_MAX, type Reply } from './schema.ts';

const NESTING_MAX = 20;
const HEADER_BYTES_MAX = 262_144;
/** Every part costs, and every boundary is compared with every line that could be one. */
const BOUNDARIES_MAX = 60;
const PART_LINES_MAX = 4_000;
/** Of a returned message only the head is looked at. */
const RETURNED_BYTES_MAX = 65_536;

export async function parseReply(raw: Uint8Array): Promise<Reply> {
  const digest = createHash('sha256').update(raw).digest('hex');
  if (raw.byteLength > REPLY_BYTES_MAX || isTooWide(raw)) return toUnreadable(digest);
  try {
    const email = await PostalMime.parse(raw, { maxNestingDepth: NESTING_MAX, maxHeadersSize: HEADER_BYTES_MAX, forceRfc822Attachments: true });
    return await readEmail(email, digest);
  } catch {
    return toUnreadable(digest);
  }
}

function isTooWide(raw: Uint8Array): boolean {
  const text = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('latin1');
  return count(text, /boundary\s*(?:\*\d*\*?)?\s*=/gi, BOUNDARIES_MAX) || count(text, /^--/gm, PART_LINES_MAX);
}

/** Whether there are more than `most`. */
function count(text: string, pattern: RegExp, most: number): boolean {
  for (let found = 0; pattern.exec(text) !== null;) if (++found > most) return true;
  return false;
}

function toUnreadable(digest: string): Reply {
  return { kind: 'unreadable', digest, messageId: null, refersTo: [], tokens: [], from: null, outcome: null, status: null, text: '', droppedParts: 0 };
}

async function readEmail(email: Email, digest: string): Promise<Reply> {
  const delivery = readDelivery(email.attachments);
  const text = readText(email);
  const outcome = delivery === null ? readOutcome(text) : null;
  return {
    kind: delivery?.kind ?? readKind(email, outcome),
    digest,
    messageId: findMessageIds(email.messageId ?? '')[0] ?? null,
    ...(await readNames(email, { text, isDelivery: delivery !== null })),
    from: email.from?.address?.slice(0, 254) ?? null,
    outcome,
    status: delivery?.status ?? null,
    text,
    droppedParts: email.attachments.filter(({ mimeType }) => !UNDERSTOOD.has(mimeType)).length,
  };
}

/** Abuse desks answer by machine, too: an explicit outcome is an answer, whatever the headers say. */
function readKind({ headers }: Email, outcome: Reply['outcome']): Reply['kind'] {
  const isNote = isAutomatic((name) => headers.find(({ key }) => key === name)?.value);
  return outcome === null && isNote ? 'automatic' : 'answer';
}

interface Seen {
  readonly text: string;
  readonly isDelivery: boolean;
}

async function readNames(email: Email, { text, isDelivery }: Seen): Promise<Pick<Reply, 'refersTo' | 'tokens'>> {
  const returned = isDelivery ? await readReturned(email.attachments) : { ids: [], tokens: [] };
  const named = [...findMessageIds(email.inReplyTo ?? ''), ...findMessageIds(email.references ?? '').toReversed()];
  const inSubject = new Set([...findTokens(email.subject ?? ''), ...returned.tokens]);
  return {
    refersTo: [...new Set([...returned.ids, ...named])].slice(0, REFERENCES_MAX),
    // Ticket systems write subjects of their own; what they quote still has the reference.
    tokens: inSubject.size > 0 ? [...inSubject] : findTokens(text),
  };
}

const UNDERSTOOD = new Set(['message/delivery-status', 'message/global-delivery-status', 'message/rfc822', 'message/rfc822-headers', 'text/rfc822-headers']);

/** Controls other than lines and tabs, and what turns the direction of text. */
// oxlint-disable-next-line no-control-regex -- controls are what is looked for
const UNSHOWN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function readText({ text, html }: Email): string {
  const plain = text === undefined || text.trim() === '' ? toPlain((html ?? '').slice(0, REPLY_BYTES_MAX)) : text;
  return plain.replace(/\r\n?/g, '\n').replace(UNSHOWN, '').slice(0, TEXT_MAX);
}

function readDelivery(attachments: readonly Attachment[]): DeliveryStatus | null {
  const part = attachments.find(({ mimeType }) => mimeType === 'message/delivery-status' || mimeType === 'message/global-delivery-status');
  return part === undefined ? null : readDeliveryStatus(decode(part));
}

/** The head of our own message as a server sends it back. */
async function readReturned(attachments: readonly Attachment[]): Promise<{ readonly ids: readonly string[]; readonly tokens: readonly string[] }> {
  const part = attachments.find(({ mimeType }) => /rfc822/.test(mimeType));
  if (part === undefined) return { ids: [], tokens: [] };
  const [head = ''] = decode(part).split(/\r?\n\r?\n/, 1);
  const { messageId, subject } = await PostalMime.parse(`${head}\r\n\r\n`, { maxNestingDepth: 1, maxHeadersSize: RETURNED_BYTES_MAX });
  return { ids: findMessageIds(messageId ?? '').slice(0, 1), tokens: findTokens(subject ?? '') };
}

function decode({ content }: Attachment): string {
  if (typeof content === 'string') return content.slice(0, RETURNED_BYTES_MAX);
  const bytes = content instanceof Uint8Array ? content : new Uint8Array(content);
  return new TextDecoder().decode(bytes.subarray(0, RETURNED_BYTES_MAX));
}
