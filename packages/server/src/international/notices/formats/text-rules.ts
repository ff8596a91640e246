/** The part that a person reads: neutral, in English, with what this recipient can do and nothing else. Text of strangers keeps to its own line. */
import type { Scope } from '../../hosting/schema.ts';
import { disarm, toLine, toMinute, toUri } from './clean-rules.ts';
import type { NoticeContent, NoticeItem } from './schema.ts';

/** What each can do (ContactSchema): the answers are not interchangeable. */
const ASK: Readonly<Record<Scope, readonly string[]>> = {
  hotline: [
    'Please take this over under your own procedure: assess it, inform the police where your law wants that, and notify the host.',
    'Nobody else in your country has been told by us unless it says so below.',
  ],
  police: [
    'Please tell us whether the host may be informed now, or whether that would disturb an investigation. Until you answer we do not inform the host.',
    'Please secure what you need before it is removed.',
  ],
  regulator: ['Please consider this under your own powers. The network and the host named below were asked before and the content was still reported.'],
  network: [
    'The addresses are in a network that the registry shows as yours. Please pass this on to your customer at once and see to it that access to the content ends.',
    'You may not be able to remove a single item. Please say so, and name whoever can.',
  ],
  host: [
    'You appear to host this content. Please end access to the items named here, and keep what your law asks you to keep for the police.',
    'Please do not only move it to another address.',
  ],
  registrar: [
    'You are the registrar of the name. The host and the network were asked before. Please consider suspending the name under your own rules.',
    'We know that this does not remove the content and takes everything else under the name offline.',
  ],
  cdn: [
    'The addresses are yours as a delivery network; where the content itself is we cannot see. Please inform your customer and the host behind, stop delivering it,',
    'and tell us, or your national hotline, the network in which the origin is.',
  ],
};

const CLASSES: Readonly<Record<NoticeItem['input']['classification'], string>> = {
  baseline: 'baseline: illegal in nearly all countries',
  A1: 'A1',
  A2: 'A2',
  B1: 'B1',
  B2: 'B2',
  national: 'illegal under the law named; not assessed on the international scale',
  not_assessed: 'not assessed; please assess it',
};

/** The words that are read by a machine, each on a line of its own with `OUTCOME:` before it; reply-rules.ts reads them. */
export const ANSWER_WORDS = ['removed', 'unavailable', 'moved', 'not illegal', 'duplicate'] as const;

/** Addresses are written so that no program in between opens them. */
export function writeText(content: NoticeContent): string {
  const { authority, recipient, items } = content;
  return [
    `To: ${toLine(recipient.name)}`,
    `Reference: ${content.token}`,
    `Date: ${toMinute(content.madeAt)}`,
    '',
    ...describeSequence(content),
    'This is a notice of content that shows the sexual abuse of a child. No content is attached. Please do not send any to us, and open the addresses only',
    'where your law allows you to.',
    '',
    'WHAT WE ASK',
    ...ASK[content.scope],
    '',
    items.length === 1 ? 'THE ADDRESS' : `THE ${items.length} ADDRESSES`,
    'Written with hxxp in place of http, so that no program opens them by itself.',
    ...items.flatMap((item, i) => ['', ...describeItem(item, i + 1)]),
    '',
    'HOW TO ANSWER',
    `Reply to this message and leave the reference in the subject. If the first line is OUTCOME: and then one of the words ${ANSWER_WORDS.join(', ')},`,
    'it is read by a machine. Anything else is read by a person.',
    '',
    'WHO SENDS THIS',
    ...(authority === null
      ? ['This sheet was prepared for a hotline. Whoever prepared it claims no authority of their own to have content removed.']
      : [`Body: ${toLine(authority.body)}`, `Acting under: ${toLine(authority.law, 1000)}`, `Contact: ${authority.contactEmail}`]),
    ...(content.legalBasis === null ? [] : [`Legal basis in the country of hosting, as far as we know it: ${toLine(content.legalBasis, 1000)}`]),
  ].join('\n');
}

function describeSequence({ sequence, firstSentAt }: NoticeContent): string[] {
  if (sequence === 1) return [];
  const since = firstSentAt === null ? '' : ` The first was sent on ${toMinute(firstSentAt)}.`;
  return [`This is notice number ${sequence} about the same.${since} We have no outcome yet.`, ''];
}

function describeItem({ input, reportedAt, claim }: NoticeItem, number: number): string[] {
  return [
    `${number}. ${disarm(toUri(input.url))}`,
    `   Reported: ${toMinute(reportedAt)}`,
    `   Assessed: ${CLASSES[input.classification]}`,
    `   By whom and under which law: ${toLine(input.basis, 2000)}`,
    `   Found by: ${input.detection.replaceAll('_', ' ')}`,
    ...(input.mediaType === undefined ? [] : [`   Kind: ${input.mediaType}`]),
    ...(input.sha256 === undefined ? [] : [`   SHA-256: ${input.sha256}`]),
    ...(input.reference === undefined ? [] : [`   Reference of the reporter: ${toLine(input.reference, 200)}`]),
    ...describeClaim(claim),
  ];
}

/** A claim, and said as one. */
export function describeClaim(claim: NoticeItem['claim']): string[] {
  if (claim === null) return ['   Hosting: not looked up'];
  if (claim.origin === 'onion') return ['   Hosting: an onion service; it has no country'];
  const made = `looked up ${toMinute(new Date(claim.madeAt))}`;
  return claim.addresses.slice(0, 8).map(({ ip, asn, network, country, agreement, isEdge }) => {
    const net = `${asn === null ? '' : `, AS${asn}`}${network === null ? '' : ` (${toLine(network, 100)})`}`;
    const where = isEdge
      ? 'a delivery network; where the origin is, is unknown'
      : country === null
        ? 'country unknown or disputed'
        : `probably ${country} (${agreement.agree} of ${agreement.of} datasets)`;
    return `   Hosting: ${ip}${net}, ${where}; ${made}`;
  });
}
