/**
 * What a notice says, whatever its form. The service makes it out of reports, their claims and the declared authority; nothing here knows the store.
 *
 * Everything that comes from a report or from a registry is hostile text: names of networks are what somebody typed into a registry.
 */
import type { Contact, HostingClaim, Scope } from '../../hosting/schema.ts';
import type { Authority, FORMATS, ReportInput } from '../schema.ts';

/** One address in a notice. */
export interface NoticeItem {
  readonly reportId: string;
  readonly input: ReportInput;
  readonly reportedAt: Date;
  readonly claim: HostingClaim | null;
}

export interface NoticeContent {
  readonly noticeId: string;
  /** Of `makeToken()`; in the subject, so that a reply is recognised whose headers were lost. Never used for two notices. */
  readonly token: string;
  /** Of `makeMessageId()`, without angle brackets. Kept before anything is sent. */
  readonly messageId: string;
  /** Message-IDs of the earlier notices about the same, oldest first: the mail of a reminder continues their thread. */
  readonly earlier: readonly string[];
  readonly firstSentAt: Date | null;
  /** At least one, all of them for the same recipient; at most `ITEMS_MAX`. */
  readonly items: readonly NoticeItem[];
  readonly recipient: Contact;
  readonly scope: Scope;
  readonly country: string | null;
  /** 1 for the first, then reminders. */
  readonly sequence: number;
  readonly legalBasis: string | null;
  /** Who sends it. Null: nobody declared an authority, and only a hand-over sheet can be made. */
  readonly authority: Authority | null;
  readonly madeAt: Date;
}

/** Hosts ask for few reports at once; more than this go into further notices. */
export const ITEMS_MAX = 100;

export type NoticeFormat = (typeof FORMATS)[number];

export interface ComposedNotice {
  readonly format: NoticeFormat;
  readonly to: string;
  /** Without any address. */
  readonly subject: string;
  readonly messageId: string;
  /** The whole message (RFC 5322), 7-bit, with CRLF. */
  readonly raw: Uint8Array;
  /** What a person reads, for the draft. */
  readonly text: string;
  /** What a machine reads, each one checked; empty when there is nothing that the format can say truthfully. */
  readonly json: readonly string[];
  /** Reports that the machine's part leaves out, and why. */
  readonly leftOut: readonly { readonly reportId: string; readonly reason: string }[];
}

/** What a hotline, or a person at a portal, gets. For print there is `handover-sheet.tsx`, which pages and routes use themselves. */
export interface Handover {
  readonly json: string;
  readonly text: string;
}

export interface Formats {
  /** @throws {GatehouseError} `notice_invalid`: no authority, an address that is none, too many items */
  compose(format: NoticeFormat, content: NoticeContent): Promise<ComposedNotice>;
  handover(content: NoticeContent): Handover;
  /** The elements of article 16(2) of Regulation (EU) 2022/2065, for a form of a platform. @throws {GatehouseError} `notice_invalid` */
  dsa(content: NoticeContent): { readonly json: string; readonly text: string };
}
