/**
 * Notices as e-mail. `arf`: multipart/report (RFC 6522) with a feedback report (RFC 5965); `xarf` and `dsa`: text with JSON attached.
 *
 * RFC 5965 wants the reported message as the third part. Here none was reported: the third part is the XARF report, or all of them in a multipart/mixed.
 * The type of feedback is `other`: what the registry has for abuse is abuse by mail.
 */
import { GatehouseError } from '../../../platform/errors.ts';
import { isMailbox, toLine, toUri } from './clean-rules.ts';
import { toMailDate, writeMailbox, writeMessage, type Multipart, type Part } from './mime-rules.ts';
import { ITEMS_MAX, type NoticeContent, type NoticeFormat } from './schema.ts';

interface MailParts {
  readonly format: NoticeFormat;
  readonly content: NoticeContent;
  readonly text: string;
  readonly json: readonly string[];
  readonly version: string;
}

/** @throws {GatehouseError} `notice_invalid` */
export function assertSendable({ authority, recipient, items }: NoticeContent): { readonly from: string; readonly name: string; readonly to: string } {
  if (authority === null)
    throw new GatehouseError('notice_invalid', 'No authority is declared, in whose name it could be sent. The draft is kept; hand it to the hotline.');
  if (recipient.email === null)
    throw new GatehouseError('notice_invalid', 'The recipient has no e-mail address. The draft is kept; use its form, or another contact.');
  if (!isMailbox(recipient.email)) throw new GatehouseError('notice_invalid', 'The e-mail address of the recipient cannot be used. The draft is kept.');
  if (!isMailbox(authority.contactEmail)) throw new GatehouseError('notice_invalid', 'The contact address of the authority cannot be used. The draft is kept.');
  if (items.length === 0 || items.length > ITEMS_MAX)
    throw new GatehouseError('notice_invalid', `A notice has from 1 to ${ITEMS_MAX} addresses; this one has ${items.length}. Nothing was sent.`);
  return { from: authority.contactEmail, name: authority.body, to: recipient.email };
}

/** Nothing about what, and nothing about where: subjects are in every mail log between here and there. */
export function makeSubject({ sequence, token }: NoticeContent): string {
  return `${sequence === 1 ? 'Notice' : `Notice (reminder ${sequence - 1})`} of illegal content [${token}]`;
}

export function writeMail({ format, content, text, json, version }: MailParts): Uint8Array {
  const { from, name, to } = assertSendable(content);
  const { messageId, earlier, token } = content;
  const references = earlier.slice(-20).map((id) => `<${id}>`);
  const headers: (readonly [string, string])[] = [
    ['From', writeMailbox(toLine(name, 200), from)],
    ['To', writeMailbox(toLine(content.recipient.name, 200), to)],
    ['Subject', makeSubject(content)],
    ['Date', toMailDate(content.madeAt)],
    ['Message-ID', `<${messageId}>`],
    ...(references.length === 0
      ? []
      : ([
          ['In-Reply-To', references.at(-1) ?? ''],
          ['References', references.join(' ')],
        ] as const)),
    // RFC 3834, 5: no out-of-office note is wanted. Tickets are answered all the same.
    ['Auto-Submitted', 'auto-generated'],
    ['X-Auto-Response-Suppress', 'OOF, AutoReply'],
  ];
  const readable: Part = { type: 'text/plain; charset=utf-8', encoding: 'quoted-printable', body: text };
  // The token is 104 random bits: no text of a stranger can hold the boundary.
  return writeMessage(headers, format === 'arf' ? toReport({ content, json, version }, readable) : toMixed(readable, json.map(toJsonPart(format))), token);
}

function toMixed(readable: Part, attached: readonly Part[]): Multipart {
  return { type: 'multipart/mixed', parts: [readable, ...attached] };
}

const toJsonPart =
  (format: NoticeFormat) =>
  (body: string, i: number): Part => ({
    type: 'application/json',
    encoding: 'base64',
    body,
    filename: `${format === 'dsa' ? 'dsa-notice' : 'xarf'}-${i + 1}.json`,
  });

function toReport({ content, json, version }: Pick<MailParts, 'content' | 'json' | 'version'>, readable: Part): Multipart {
  const attached = json.map(toJsonPart('arf'));
  const first = attached[0];
  const third: readonly (Part | Multipart)[] = first === undefined ? [] : attached.length === 1 ? [first] : [{ type: 'multipart/mixed', parts: attached }];
  return {
    type: 'multipart/report; report-type=feedback-report',
    parts: [readable, { type: 'message/feedback-report', encoding: '7bit', body: writeFeedback(content, version) }, ...third],
  };
}

/** RFC 5322, 2.1.1: no line is longer than 998; this one is never folded, for a URI has no place for a space. */
const FIELD_MAX = 990;

/** RFC 5965, 3: three fields that must be there, and those optional ones that are true here. */
function writeFeedback({ items, madeAt }: NoticeContent, version: string): string {
  const uris = items.map(({ input }) => toUri(input.url));
  const hosts = [...new Set(uris.map((uri) => new URL(uri).hostname))];
  // Once at most, and never an address that only passes something on.
  const source = items.length === 1 ? items[0]?.claim?.addresses.find(({ isEdge }) => !isEdge)?.ip : undefined;
  return [
    'Feedback-Type: other',
    `User-Agent: Gatehouse/${version}`,
    'Version: 1',
    `Arrival-Date: ${toMailDate(madeAt)}`,
    ...(source === undefined ? [] : [`Source-IP: ${source}`]),
    `Incidents: ${items.length}`,
    ...hosts.map((host) => `Reported-Domain: ${host}`),
    // One that is too long is in the text and in the JSON.
    ...uris.map((uri) => `Reported-URI: ${uri}`).filter(({ length }) => length <= FIELD_MAX),
    '',
  ].join('\n');
}
