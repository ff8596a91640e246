/**
 * A report about one address in XARF v4 (schema version 4.2.0, data/). No content and no picture goes into it: hashes and reference ids only, as its
 * specification asks for this type.
 *
 * XARF has no word for material that is illegal where it is hosted and not on the scale of `content-csam`. Saying "baseline" would be untrue: such a report
 * is of the type `csem` (exploitation of children, "distribution"), with the assessment in tags. What nobody assessed is no XARF report at all.
 */
import type { AddressClaim } from '../../hosting/schema.ts';
import { domainOf, toLine, toUri } from './clean-rules.ts';
import type { NoticeContent, NoticeItem } from './schema.ts';

export const XARF_VERSION = '4.2.0';

export type XarfReport = Readonly<Record<string, unknown>>;
export type XarfResult =
  | { readonly kind: 'report'; readonly report: XarfReport; readonly definition: 'content-csam' | 'content-csem' }
  | { readonly kind: 'left_out'; readonly reason: string };

interface XarfParts {
  readonly content: NoticeContent;
  readonly item: NoticeItem;
  /** UUID of this report in this notice. */
  readonly uuid: string;
}

export function makeXarf({ content, item, uuid }: XarfParts): XarfResult {
  const { authority } = content;
  const { classification } = item.input;
  if (authority === null) return { kind: 'left_out', reason: 'Nobody declared an authority in whose name it could be reported.' };
  if (classification === 'not_assessed') return { kind: 'left_out', reason: 'Nobody assessed it yet, and XARF has no word for that.' };
  const url = toUri(item.input.url);
  const contact = { org: toLine(authority.body, 200), contact: authority.contactEmail, domain: domainOf(authority.contactEmail) };
  const isNational = classification === 'national';
  const report = {
    xarf_version: XARF_VERSION,
    report_id: uuid,
    timestamp: item.reportedAt.toISOString(),
    reporter: contact,
    sender: contact,
    source_identifier: sourceOf(item, url),
    category: 'content',
    type: isNational ? 'csem' : 'csam',
    url,
    ...describeHosting(item, url),
    ...(isNational ? describeNational(item) : describeScale(item)),
    evidence_source: item.input.detection,
    description: toDescription(content),
    tags: listTags(content, item),
    // Extensions, which the schema allows: what tags cannot hold.
    x_notice: {
      id: content.noticeId,
      reference: content.token,
      report: item.reportId,
      sequence: content.sequence,
      scope: content.scope,
      legal_basis: content.legalBasis === null ? null : toLine(content.legalBasis, 1000),
      authority_law: toLine(authority.law, 1000),
      assessment_basis: toLine(item.input.basis, 2000),
      reporter_reference: item.input.reference === undefined ? null : toLine(item.input.reference, 200),
    },
  };
  return { kind: 'report', report, definition: isNational ? 'content-csem' : 'content-csam' };
}

function describeScale({ input }: NoticeItem): XarfReport {
  return {
    classification: input.classification,
    detection_method: input.detection,
    ...(input.mediaType === undefined ? {} : { media_type: input.mediaType }),
    ...(input.sha256 === undefined ? {} : { hash_values: { sha256: input.sha256 } }),
  };
}

/** The methods that `csem` has no word for: what counts is that somebody assessed it under the law of the country, and `basis` says who. */
const CSEM_DETECTION = {
  hash_match: 'manual_review',
  automated_scan: 'manual_review',
  ai_detection: 'ai_detection',
  manual_review: 'manual_review',
  user_report: 'user_report',
} as const;

function describeNational({ input }: NoticeItem): XarfReport {
  return {
    exploitation_type: 'distribution',
    detection_method: CSEM_DETECTION[input.detection],
    ...(input.sha256 === undefined ? {} : { x_hash_values: { sha256: input.sha256 } }),
  };
}

/** The pattern of the schema: no IDN with two hyphens in a row, no addresses. */
const DOMAIN = /^([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}$/;

function describeHosting({ claim }: NoticeItem, url: string): XarfReport {
  const host = new URL(url).hostname;
  return {
    ...(DOMAIN.test(host) ? { domain: host } : {}),
    ...(claim === null || claim.registrar === null ? {} : { registrar: toLine(claim.registrar, 200) }),
    ...describeAddress(claim?.addresses[0]),
    ...(claim === null || claim.country === null ? {} : { country_code: claim.country }),
  };
}

function describeAddress(address: AddressClaim | undefined): XarfReport {
  if (address === undefined) return {};
  return {
    // An edge is not where it is hosted.
    ...(address.network === null || address.isEdge ? {} : { hosting_provider: toLine(address.network, 200) }),
    ...(address.asn === null || address.asn < 1 ? {} : { asn: address.asn }),
  };
}

function sourceOf({ claim }: NoticeItem, url: string): string {
  return claim?.addresses[0]?.ip ?? new URL(url).hostname;
}

/** Neutral: whoever reads a ticket list reads this. */
function toDescription({ sequence }: NoticeContent): string {
  const first = 'Notice of content that is illegal under the law named in this report. No content is attached; please do not send any.';
  return sequence === 1 ? first : `${first} Notice number ${sequence} about the same address.`;
}

function listTags({ sequence, scope, country, legalBasis }: NoticeContent, { input }: NoticeItem): string[] {
  return [
    `notice-sequence:${sequence}`,
    `notice-scope:${scope}`,
    ...(country === null ? [] : [`hosting-country:${country.toLowerCase()}`]),
    ...(input.classification === 'national' ? ['national-classification:illegal'] : []),
    ...(input.classification === 'national' && input.mediaType !== undefined ? [`media-type:${input.mediaType}`] : []),
    `detection:${input.detection.replaceAll('_', '-')}`,
    ...(legalBasis === null ? [] : toTag('legal-basis', legalBasis)),
  ];
}

/** `Directive 2011/93/EU, article 5` -> `legal-basis:directive-2011-93-eu-article-5` */
function toTag(namespace: string, text: string): string[] {
  const value = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 80)
    .replace(/-+$/, '');
  return value === '' ? [] : [`${namespace}:${value}`];
}
