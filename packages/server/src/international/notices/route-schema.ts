/** Reports and notices as programs see them. */
import { z } from 'zod';
import { ContactSchema, CountrySchema, HostingClaimSchema, SCOPES } from '../hosting/schema.ts';
import { REPLY_KINDS } from './replies/schema.ts';
import {
  CLASSIFICATIONS,
  FORMATS,
  NOTICE_STATES,
  OUTCOMES,
  REPORT_STATES,
  WAITS,
  type HostedReport,
  type KeptReply,
  type Notice,
  type ReportDetail,
} from './schema.ts';

const Time = z.iso.datetime();

export const NoticeSchema = z
  .object({
    id: z.string(),
    reportIds: z.array(z.string()),
    contactId: z.string(),
    recipient: ContactSchema,
    scope: z.enum(SCOPES),
    country: CountrySchema.nullable(),
    format: z.enum(FORMATS),
    sequence: z.number().int().describe('1 for the first, then reminders.'),
    state: z.enum(NOTICE_STATES).describe('`queued`: it is being sent. `unknown`: it may have been sent; a person must look.'),
    dueAt: Time.nullable(),
    sentAt: Time.nullable(),
    answeredAt: Time.nullable(),
    messageId: z.string().nullable(),
    remark: z.string().nullable(),
  })
  .meta({ id: 'HostedNotice' });

const ReplySchema = z.object({
  id: z.string(),
  noticeId: z.string().nullable(),
  kind: z.enum(REPLY_KINDS),
  outcome: z.enum(OUTCOMES).nullable(),
  status: z.string().nullable(),
  receivedAt: Time,
  handledAt: Time.nullable(),
  handledBy: z.string().nullable(),
});
export const StrayListSchema = z.object({ replies: z.array(ReplySchema) });

export const ReportSchema = z
  .object({
    id: z.string(),
    state: z.enum(REPORT_STATES),
    country: CountrySchema.nullable(),
    host: z.string().nullable().describe('Null without the right `notices:urls`.'),
    claim: HostingClaimSchema.nullable(),
    classification: z.enum(CLASSIFICATIONS),
    reportedAt: Time,
    reportedBy: z.string(),
    policeAgreedAt: Time.nullable(),
    closedAt: Time.nullable(),
    outcome: z.enum(OUTCOMES).nullable(),
    duplicateOf: z.string().nullable(),
    waitsFor: z.enum(WAITS).nullable().describe('What a person must do.'),
    nextAt: Time.nullable(),
    hasReplyWaiting: z.boolean(),
    notices: z.array(NoticeSchema),
  })
  .meta({ id: 'HostedReport' });
export type ReportBody = z.output<typeof ReportSchema>;

export const ReportDetailSchema = ReportSchema.extend({
  contacts: z.array(
    z.object({
      id: z.string(),
      contact: ContactSchema,
      decision: z.enum(['approved', 'refused']).nullable(),
      decidedAt: Time.nullable(),
      decidedBy: z.string().nullable(),
    }),
  ),
  events: z.array(z.object({ at: Time, change: z.string(), actor: z.string(), noticeId: z.string().nullable() })),
  replies: z.array(ReplySchema),
  next: z.object({ kind: z.string(), scope: z.enum(SCOPES).nullable(), at: Time.nullable(), reason: z.string() }),
}).meta({ id: 'HostedReportDetail' });
export type ReportDetailBody = z.output<typeof ReportDetailSchema>;

export const ReportListSchema = z.object({ reports: z.array(ReportSchema), waiting: z.record(z.string(), z.number().int()) });
export const NoticeListSchema = z.object({ notices: z.array(NoticeSchema) });
export const DraftSchema = z.object({ subject: z.string(), text: z.string(), json: z.array(z.string()) }).meta({ id: 'NoticeText' });
export const AdvancedSchema = z.object({ sent: z.number().int(), failed: z.number().int(), waiting: z.number().int() });

export const ReportQuerySchema = z.object({
  state: z.enum(REPORT_STATES).optional(),
  country: CountrySchema.optional(),
  waits: z
    .enum([...WAITS, 'any'])
    .optional()
    .describe('Only those that wait for a person to do this; `any`: for anything.'),
  before: z.string().max(60).optional().describe('The last id of the page before.'),
  limit: z.coerce.number().int().min(1).max(500).default(50),
});

export const BULK_MAX = 200;
export const BULK_ACTIONS = ['close', 'draft', 'police_agreed', 'approve_drafts'] as const;
export const BulkSchema = z.object({
  ids: z.array(z.string().max(60)).min(1).max(BULK_MAX),
  action: z.enum(BULK_ACTIONS),
  outcome: z.enum(OUTCOMES).optional(),
});
export type Bulk = z.output<typeof BulkSchema>;
export const BulkResultSchema = z.object({ done: z.array(z.string()), refused: z.array(z.object({ id: z.string(), reason: z.string() })) });
export type BulkResult = z.output<typeof BulkResultSchema>;

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

export function toNoticeBody(notice: Notice): z.output<typeof NoticeSchema> {
  return { ...notice, reportIds: [...notice.reportIds], dueAt: iso(notice.dueAt), sentAt: iso(notice.sentAt), answeredAt: iso(notice.answeredAt) };
}

export function toReplyBody(reply: KeptReply): z.output<typeof ReplySchema> {
  return { ...reply, receivedAt: reply.receivedAt.toISOString(), handledAt: iso(reply.handledAt) };
}

export function toReportBody(report: HostedReport): ReportBody {
  const { reportedAt, policeAgreedAt, closedAt, nextAt, notices } = report;
  const times = { reportedAt: reportedAt.toISOString(), policeAgreedAt: iso(policeAgreedAt), closedAt: iso(closedAt), nextAt: iso(nextAt) };
  return ReportSchema.parse({ ...report, ...times, notices: notices.map(toNoticeBody) });
}

export function toDetailBody(report: ReportDetail): ReportDetailBody {
  const { contacts, events, replies, next } = report;
  return {
    ...toReportBody(report),
    contacts: contacts.map((one) => ({ ...one, decidedAt: iso(one.decidedAt) })),
    events: events.map((event) => ({ ...event, at: event.at.toISOString() })),
    replies: replies.map(toReplyBody),
    next: { ...next, at: iso(next.at) },
  };
}
