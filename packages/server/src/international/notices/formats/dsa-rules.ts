/**
 * The elements of a notice under article 16(2) of Regulation (EU) 2022/2065, in our words:
 * (a) why the content is illegal, (b) where it is exactly, (c) name and e-mail of the notifier, which need not be given for offences of articles 3 to 7 of
 * Directive 2011/93/EU, (d) that the notifier believes in good faith that it is accurate and complete. Here the notifier is a body and names itself.
 */
import { toLine, toMinute, toUri } from './clean-rules.ts';
import { assertSendable } from './arf-rules.ts';
import type { NoticeContent } from './schema.ts';

const GOOD_FAITH = 'The body that submits this notice believes in good faith that the information and allegations in it are accurate and complete.';
const LAW = 'Directive 2011/93/EU, article 5, and the national law that puts it into effect';

export function makeDsaNotice(content: NoticeContent): Readonly<Record<string, unknown>> {
  const { authority } = content;
  return {
    regulation: 'Regulation (EU) 2022/2065, article 16',
    reference: content.token,
    notice_id: content.noticeId,
    sequence: content.sequence,
    submitted_at: content.madeAt.toISOString(),
    notifier: authority === null ? null : { name: toLine(authority.body), email: authority.contactEmail, acting_under: toLine(authority.law, 1000) },
    legal_ground: content.legalBasis === null ? LAW : toLine(content.legalBasis, 1000),
    good_faith_statement: GOOD_FAITH,
    items: content.items.map(({ reportId, input }) => ({
      report_id: reportId,
      exact_electronic_location: toUri(input.url),
      reasons: explain(toLine(input.basis, 2000)),
      classification: input.classification,
      detection: input.detection,
      ...(input.sha256 === undefined ? {} : { sha256: input.sha256 }),
    })),
  };
}

/** For the form of a platform: here addresses are exact, because they are pasted and not mailed. @throws {GatehouseError} `notice_invalid` */
export function writeDsaText(content: NoticeContent): string {
  const { name, from } = assertSendableForm(content);
  return [
    'Notice under article 16 of Regulation (EU) 2022/2065',
    `Reference: ${content.token}`,
    `Date: ${toMinute(content.madeAt)}`,
    '',
    `Legal ground: ${content.legalBasis === null ? LAW : toLine(content.legalBasis, 1000)}`,
    '',
    ...content.items.flatMap(({ input }, i) => [`${i + 1}. Exact location: ${toUri(input.url)}`, `   Reasons: ${explain(toLine(input.basis, 2000))}`, '']),
    `Notifier: ${name}, ${from}`,
    GOOD_FAITH,
  ].join('\n');
}

function explain(basis: string): string {
  return `The content shows the sexual abuse of a child. Assessment: ${basis}`;
}

/** A form has no recipient address. */
function assertSendableForm(content: NoticeContent): { readonly name: string; readonly from: string } {
  const recipient = { ...content.recipient, email: content.recipient.email ?? content.authority?.contactEmail ?? null };
  const { name, from } = assertSendable({ ...content, recipient });
  return { name: toLine(name), from };
}
