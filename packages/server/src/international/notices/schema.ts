/**
 * What happens to a report about material that is hosted somewhere: the right notice, to the right body, in the right order, with reminders, until there is
 * an outcome. URLs are secrets: they are kept encrypted and shown only to roles with the right `notices:urls`. The default is to draft and hand to the
 * hotline; sending needs a declared legal authority (setting `noticesAuthority`).
 */
import { z } from 'zod';
import { CountrySchema, type Contact, type HostingClaim, type Scope } from '../hosting/schema.ts';
import type { NoticeContent } from './formats/schema.ts';
import type { ReplyKind } from './replies/schema.ts';

/** Of XARF v4, and two that it lacks and that go into tags: `national` (illegal where it is hosted, not baseline), `not_assessed`. */
export const CLASSIFICATIONS = ['baseline', 'A1', 'A2', 'B1', 'B2', 'national', 'not_assessed'] as const;

export const ReportInputSchema = z
  .object({
    url: z.url({ protocol: /^https?$/ }).max(4096),
    classification: z.enum(CLASSIFICATIONS),
    basis: z.string().trim().min(1).max(2000).describe('Who assessed it and under which law; no description of the content.'),
    detection: z.enum(['hash_match', 'ai_detection', 'manual_review', 'user_report', 'automated_scan']),
    mediaType: z.enum(['image', 'video', 'audio', 'text', 'mixed']).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    reference: z.string().max(200).optional().describe('The reporter’s own reference.'),
  })
  .meta({ id: 'HostedReportInput' });
export type ReportInput = z.output<typeof ReportInputSchema>;

export const OUTCOMES = ['removed', 'unavailable', 'moved', 'not_illegal', 'no_answer', 'duplicate', 'withdrawn'] as const;
export type NoticeOutcome = (typeof OUTCOMES)[number];

/**
 *   reported -> traced -> drafted -> (handed | approved -> sent -> reminded … -> escalated) -> closed with an outcome
 * `waiting_police`: police first, and they have not yet said that the host may be told. `waiting_contact`: a contact that nobody approved yet.
 */
export const REPORT_STATES = [
  'reported',
  'traced',
  'drafted',
  'waiting_police',
  'waiting_contact',
  'handed',
  'sent',
  'reminded',
  'escalated',
  'closed',
] as const;
export type ReportState = (typeof REPORT_STATES)[number];

/** Why a report does not go on by itself. Null in a view: it waits for nobody but the time. */
export const WAITS = ['trace', 'draft', 'police', 'contact', 'reply', 'unknown', 'hand'] as const;
export type Wait = (typeof WAITS)[number];

export interface HostedReport {
  readonly id: string;
  readonly state: ReportState;
  readonly country: string | null;
  /** Host name only for those who may see URLs; null otherwise. */
  readonly host: string | null;
  /** Without names of hosts for those who may not see URLs. */
  readonly claim: HostingClaim | null;
  readonly classification: (typeof CLASSIFICATIONS)[number];
  readonly reportedAt: Date;
  readonly reportedBy: string;
  readonly policeAgreedAt: Date | null;
  readonly closedAt: Date | null;
  readonly outcome: NoticeOutcome | null;
  /** The one that it is a duplicate of. */
  readonly duplicateOf: string | null;
  /** A person must do something. */
  readonly waitsFor: Wait | null;
  /** When it is looked at again; null: when a person did something, or never. */
  readonly nextAt: Date | null;
  readonly hasReplyWaiting: boolean;
  readonly notices: readonly Notice[];
}

/** Somebody who can be told about a report, and what a person decided about writing to them. */
export interface NoticeContact {
  readonly id: string;
  /** Without the mailbox of a host for those who may not see URLs: it names the host. */
  readonly contact: Contact;
  readonly decision: 'approved' | 'refused' | null;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
}

/** One line of the history of a report. */
export interface NoticeEvent {
  readonly at: Date;
  readonly change: string;
  readonly actor: string;
  readonly noticeId: string | null;
}

export interface ReportDetail extends HostedReport {
  readonly contacts: readonly NoticeContact[];
  readonly events: readonly NoticeEvent[];
  readonly replies: readonly KeptReply[];
  /** In words, from the ladder. */
  readonly next: { readonly kind: NextStep['kind']; readonly scope: Scope | null; readonly at: Date | null; readonly reason: string };
}

/** Without its text, which may quote addresses. */
export interface KeptReply {
  readonly id: string;
  readonly noticeId: string | null;
  readonly kind: ReplyKind;
  readonly outcome: NoticeOutcome | null;
  readonly status: string | null;
  readonly receivedAt: Date;
  readonly handledAt: Date | null;
  readonly handledBy: string | null;
}

export const FORMATS = ['xarf', 'arf', 'dsa', 'handover'] as const;

/** `queued`: it is being sent. `unknown`: it may have been sent; a person must look. */
export const NOTICE_STATES = ['draft', 'approved', 'queued', 'sent', 'failed', 'unknown', 'answered', 'withdrawn'] as const;

export interface Notice {
  readonly id: string;
  readonly reportIds: readonly string[];
  readonly contactId: string;
  readonly recipient: Contact;
  readonly scope: Scope;
  readonly country: string | null;
  readonly format: (typeof FORMATS)[number];
  /** 1 for the first, then reminders. */
  readonly sequence: number;
  readonly state: (typeof NOTICE_STATES)[number];
  readonly dueAt: Date | null;
  readonly sentAt: Date | null;
  readonly answeredAt: Date | null;
  readonly messageId: string | null;
  /** What the sender said, in our words: codes, no text of the other side. */
  readonly remark: string | null;
}

/** What must happen next with a report, decided by rules alone (notices/ladder-rules.ts). */
export interface NextStep {
  readonly kind: 'hand_to_hotline' | 'tell_police' | 'wait_for_police' | 'notify' | 'remind' | 'escalate' | 'close_no_answer' | 'approve_contact' | 'nothing';
  readonly scope: Scope | null;
  /** Null: when a person did something. */
  readonly at: Date | null;
  readonly reason: string;
}

export const AuthoritySchema = z
  .object({
    body: z.string().trim().min(1),
    law: z.string().trim().min(1),
    countries: z.array(CountrySchema).min(1),
    contactEmail: z.email(),
    deliveryNetworks: z
      .boolean()
      .optional()
      .describe('May it notify delivery networks, behind which the country is unknown, and so also the rule on the police? Default: no.'),
  })
  .meta({ id: 'NoticesAuthority' });
export type Authority = z.output<typeof AuthoritySchema>;

/** One message to one address; SMTP and HTTP APIs are two implementations, with one contract suite. */
export type { Sender, SendResult } from './senders/schema.ts';

/** Who looks: whoever lacks the right `notices:urls` sees neither addresses nor names of hosts. */
export interface Viewer {
  readonly seesUrls: boolean;
}

export interface ReportQuery {
  readonly state?: ReportState | undefined;
  readonly country?: string | undefined;
  readonly waits?: Wait | 'any' | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface Advanced {
  readonly sent: number;
  readonly failed: number;
  /** Open reports that wait for a person. */
  readonly waiting: number;
}

export interface DraftText {
  readonly subject: string;
  readonly text: string;
  /** What a sheet for print is made of; null for what goes by mail. */
  readonly sheet: NoticeContent | null;
  readonly json: readonly string[];
}

export interface NoticesService {
  report(input: ReportInput, actor: string): Promise<HostedReport>;
  find(id: string, viewer?: Viewer): Promise<ReportDetail>;
  list(page: ReportQuery, viewer?: Viewer): Promise<readonly HostedReport[]>;
  countWaiting(): Promise<Readonly<Partial<Record<Wait, number>>>>;
  /** The address itself; each look is an event. */
  revealUrl(id: string, actor: string): Promise<string>;
  /** Makes what is due next as a draft at once, without waiting for more of the same host. */
  draft(id: string, actor: string): Promise<readonly Notice[]>;
  /** What a notice says, addresses included: a look at each of its reports. */
  readNotice(noticeId: string, actor: string): Promise<DraftText>;
  /** A mail goes out at the next turn; a sheet or form counts as handed over. */
  approve(noticeId: string, actor: string): Promise<Notice>;
  withdraw(noticeId: string, actor: string): Promise<Notice>;
  /** Of a notice of which nobody knew whether it was sent. */
  settleUnknown(noticeId: string, hasArrived: boolean, actor: string): Promise<Notice>;
  approveContact(contactId: string, actor: string): Promise<void>;
  refuseContact(contactId: string, actor: string): Promise<void>;
  close(id: string, outcome: NoticeOutcome, actor: string): Promise<void>;
  policeAgreed(id: string, actor: string): Promise<void>;
  /** Every due step: sends, reminds, escalates. Nothing when another node is at it. */
  advance(signal: AbortSignal): Promise<Advanced>;
  receive(reply: { readonly raw: Uint8Array }): Promise<{ readonly matched: string | null }>;
  /** Those that nobody could match, and that no person has dealt with yet. */
  strayReplies(): Promise<readonly KeptReply[]>;
  findReply(replyId: string): Promise<KeptReply>;
  /** What it says; a look at each report that it is about. */
  readReply(replyId: string, actor: string): Promise<{ readonly from: string | null; readonly text: string }>;
  /** @param outcome of every open report of the notice; null: it says nothing that ends them */
  settleReply(replyId: string, outcome: NoticeOutcome | null, actor: string): Promise<void>;
  /** Seals everything with a new key. @returns how many rows were sealed again */
  rekey(actor: string): Promise<{ readonly sealed: number }>;
  /** Takes what arrived in the mailbox of the settings, if there is one. */
  poll(signal: AbortSignal): Promise<void>;
  /** Of reports that were made in the period, for figures; nothing of an address is in them. */
  facts(period: { readonly from: Date; readonly to: Date }): Promise<readonly ReportFact[]>;
  /** Notices that went out in the period, by country (`unknown` for none). */
  countSent(period: { readonly from: Date; readonly to: Date }): Promise<readonly { readonly country: string; readonly sent: number }[]>;
}

export interface ReportFact {
  readonly country: string | null;
  /** `AS64496 Example`; null: not known. */
  readonly network: string | null;
  /** Whom the first notice that went out was for. */
  readonly scope: Scope | null;
  readonly reportedAt: Date;
  /** Handed over counts as sent. */
  readonly firstSentAt: Date | null;
  readonly closedAt: Date | null;
  readonly outcome: NoticeOutcome | null;
}
