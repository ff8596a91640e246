/** What came back: parsed, matched by what only a recipient can know, and never believed further than its explicit words. */
import { z } from 'zod';
import type { NoticeOutcome } from '../schema.ts';

/**
 * `answer`: somebody wrote, or a machine gave an explicit outcome. `automatic`: an out-of-office or ticket note (RFC 3834). `bounce`, `delayed`,
 * `delivered`: a delivery status (RFC 3464). `unreadable`: over the limits, or no message at all; a person looks into the mailbox.
 */
export const REPLY_KINDS = ['answer', 'automatic', 'bounce', 'delayed', 'delivered', 'unreadable'] as const;
export type ReplyKind = (typeof REPLY_KINDS)[number];

export interface Reply {
  readonly kind: ReplyKind;
  /** SHA-256 of the bytes, hexadecimal: the same message twice is one reply. */
  readonly digest: string;
  /** Of the reply itself, without angle brackets. */
  readonly messageId: string | null;
  /** Message-IDs that it refers to, nearest first: In-Reply-To, References from the last, and those in a returned message. */
  readonly refersTo: readonly string[];
  /** Tokens of ours in its subject, or in the subject of a returned message. */
  readonly tokens: readonly string[];
  /** For a person to read; never used to match. */
  readonly from: string | null;
  /** Only from an explicit line; null: a person reads it. */
  readonly outcome: NoticeOutcome | null;
  /** Enhanced status (RFC 3463) of a delivery status: `5.1.1`. */
  readonly status: string | null;
  /** At most `TEXT_MAX` characters. It may quote addresses: keep it as secret as they are. */
  readonly text: string;
  /** Parts that were thrown away: what a reply carries besides text is never kept. */
  readonly droppedParts: number;
}

/** 64 KiB. */
export const TEXT_MAX = 65_536;
/** Bytes of a reply; larger ones are `unreadable`. */
export const REPLY_BYTES_MAX = 2_097_152;

/** The webhook of a mail gateway, when it does not send the message itself (`message/rfc822`). */
export const ReplyInputSchema = z
  .strictObject({
    raw: z
      .base64()
      .max(Math.ceil(REPLY_BYTES_MAX / 3) * 4)
      .describe('The message as it arrived, base64.'),
  })
  .meta({ id: 'NoticeReplyInput' });

/** Looks a notice up by what was kept before it was sent. */
export interface ReplyIndex {
  /** @returns the id of the notice with that Message-ID */
  byMessageId(messageId: string): Promise<string | null>;
  byToken(token: string): Promise<string | null>;
}

export interface PollResult {
  readonly received: number;
  /** Could not be received this time; they stay in the folder. */
  readonly failed: number;
}

export interface Replies {
  parse(raw: Uint8Array): Promise<Reply>;
  /** @returns the id of the notice that it answers; null: nobody knows, a person looks */
  match(reply: Reply, index: ReplyIndex): Promise<string | null>;
  /** Null unless an IMAP mailbox is set. Moves what was received out of the folder; what `receive` throws at stays. */
  readonly poll: ((receive: (raw: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<PollResult>) | null;
}
