/** The sheet for a hotline (or for a person at its portal): the default way, which needs no authority. */
import { toLine, toUri } from './clean-rules.ts';
import type { NoticeContent, NoticeItem } from './schema.ts';

export function makeHandover(content: NoticeContent): Readonly<Record<string, unknown>> {
  const { authority, recipient } = content;
  return {
    kind: 'gatehouse-handover-1',
    reference: content.token,
    notice_id: content.noticeId,
    made_at: content.madeAt.toISOString(),
    hotline: { name: toLine(recipient.name), email: recipient.email, url: recipient.url, source: toLine(recipient.source, 500) },
    sender: authority === null ? null : { body: toLine(authority.body), law: toLine(authority.law, 1000), email: authority.contactEmail },
    hosting_country: content.country,
    legal_basis: content.legalBasis === null ? null : toLine(content.legalBasis, 1000),
    items: content.items.map(toEntry),
  };
}

function toEntry({ reportId, reportedAt, input, claim }: NoticeItem): Readonly<Record<string, unknown>> {
  return {
    report_id: reportId,
    url: toUri(input.url),
    reported_at: reportedAt.toISOString(),
    classification: input.classification,
    basis: toLine(input.basis, 2000),
    detection: input.detection,
    media_type: input.mediaType ?? null,
    sha256: input.sha256 ?? null,
    reporter_reference: input.reference === undefined ? null : toLine(input.reference, 200),
    // With methods, datasets and their dates: it is a claim, and the hotline traces for itself.
    hosting: claim,
  };
}
