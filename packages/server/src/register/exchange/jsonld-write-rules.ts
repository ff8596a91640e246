/** A register, or one recommendation of it, as JSON-LD. Members without a value are left out; `jsonld-read-rules.ts` reads all of it back. */
import type { Evidence, RecommendationView, Register, Source } from '../model/schema.ts';
import { CONTEXT, LEGAL_FORCE, TYPES } from './jsonld-word-rules.ts';

export type Node = { readonly [member: string]: unknown };

/** @param base the public address, without a slash at the end: identifiers are addresses under it */
export function writeJsonLd(base: string, register: Register, views: readonly RecommendationView[]): Node {
  return { '@context': CONTEXT, '@graph': [writeRegister(base, register), ...views.map((view) => writeRecommendation(base, view))] };
}

/** One recommendation with the register that it belongs to. */
export function writeOneJsonLd(base: string, register: Register, view: RecommendationView): Node {
  return writeJsonLd(base, register, [view]);
}

function writeRegister(base: string, register: Register): Node {
  return drop({
    '@id': `${base}/register/${register.id}`,
    '@type': TYPES.register,
    'schema:identifier': register.id,
    'schema:name': register.title,
    'gh:inquiry': register.inquiry,
    'schema:publisher': writeAgent(register.publisher),
    'schema:datePublished': register.publishedAt,
    'gh:responseDueAt': register.responseDueAt,
    'schema:license': register.licence,
    'prov:wasDerivedFrom': writeSource(register.source),
  });
}

function writeRecommendation(base: string, { id, recommendation, responses, actions, statuses, registerStatus }: RecommendationView): Node {
  const own = `${base}/register/${id}`;
  return drop({
    '@id': own,
    '@type': TYPES.recommendation,
    'schema:isPartOf': { '@id': `${base}/register/${recommendation.register}` },
    'schema:identifier': id,
    'schema:position': recommendation.number,
    'schema:name': recommendation.title,
    'schema:text': recommendation.text,
    'gh:isVerbatim': recommendation.isVerbatim,
    'gh:addressee': recommendation.addressees.map(writeAgent),
    'schema:keywords': recommendation.themes,
    'gh:relatedTo': recommendation.relatedTo,
    'gh:gatehouse':
      recommendation.gatehouse === null
        ? null
        : { 'schema:text': recommendation.gatehouse.text, 'gh:measure': recommendation.gatehouse.measures, 'gh:check': recommendation.gatehouse.checks },
    'gh:response': responses.map((one) => writeResponse(own, one)),
    'gh:action': actions.map((one) => writeAction(own, one)),
    'gh:statusClaim': statuses.map((one) => writeStatus(own, one)),
    // Worked out from the claims and the checks; never read back.
    'gh:registerStatus': { 'gh:status': registerStatus.status, 'schema:text': registerStatus.reason },
  });
}

function writeResponse(own: string, { id, by, date, class: kind, classAsPublished, text, source, daysLate }: RecommendationView['responses'][number]): Node {
  return drop({
    '@id': `${own}#${id}`,
    '@type': TYPES.response,
    'prov:wasAttributedTo': writeAgent(by),
    'schema:datePublished': date,
    'gh:class': kind,
    'gh:classAsPublished': classAsPublished,
    'schema:text': text,
    'gh:daysLate': daysLate,
    'prov:wasDerivedFrom': source === null ? null : writeSource(source),
  });
}

function writeAction(own: string, { id, owner, kind, title, from, to, legislation, source, milestones }: RecommendationView['actions'][number]): Node {
  return drop({
    '@id': `${own}#${id}`,
    '@type': TYPES.action,
    'prov:wasAssociatedWith': writeAgent(owner),
    'gh:actionKind': kind,
    'schema:name': title,
    'schema:startTime': from,
    'schema:endTime': to,
    'schema:object': legislation === null ? null : writeLegislation(legislation),
    'prov:wasDerivedFrom': source === null ? null : writeSource(source),
    'gh:milestone': milestones.map((one) =>
      drop({
        '@id': `${own}#${one.id}`,
        '@type': 'gh:Milestone',
        'schema:name': one.title,
        'gh:dueAt': one.dueAt,
        'gh:formerDueAt': one.history,
        'gh:doneAt': one.doneAt,
        'gh:slipDays': one.slipDays,
      }),
    ),
  });
}

type Legislation = NonNullable<RecommendationView['actions'][number]['legislation']>;

function writeLegislation({ identifier, jurisdiction, inForce, url }: Legislation): Node {
  return drop({
    ...(url === null ? {} : { '@id': url }),
    '@type': 'schema:Legislation',
    'schema:legislationIdentifier': identifier,
    'schema:legislationJurisdiction': jurisdiction,
    'schema:legislationLegalForce': inForce === 'unknown' ? null : { '@id': LEGAL_FORCE[inForce] },
  });
}

function writeStatus(own: string, { id, by, claimant, status, asOf, text, basis }: RecommendationView['statuses'][number]): Node {
  return drop({
    '@id': `${own}#${id}`,
    '@type': TYPES.status,
    'gh:by': by,
    'prov:wasAttributedTo': writeAgent(claimant),
    'gh:status': status,
    'gh:asOf': asOf,
    'schema:text': text,
    'gh:basis': basis.map(writeEvidence),
  });
}

function writeEvidence({ kind, shows, text, source, check }: Evidence): Node {
  return drop({
    '@type': ['gh:Evidence', 'prov:Entity'],
    'gh:evidenceKind': kind,
    'gh:shows': shows,
    'schema:text': text,
    'gh:check': check,
    'prov:wasDerivedFrom': source === null ? null : writeSource(source),
  });
}

/** A part of a document where a sentence is quoted, else the document as a whole. */
function writeSource({ url, publisher, title, licence, retrievedAt, sha256, archivedUrl, quote }: Source): Node {
  return drop({
    '@type': ['oa:SpecificResource', 'prov:Entity'],
    'oa:hasSource': drop({
      '@id': url,
      '@type': 'schema:DigitalDocument',
      'schema:publisher': writeAgent(publisher),
      'schema:name': title,
      'schema:license': licence,
      'schema:sha256': sha256,
      'schema:archivedAt': archivedUrl,
    }),
    'gh:retrievedAt': retrievedAt,
    'oa:hasSelector':
      quote === null ? null : { '@type': 'oa:TextQuoteSelector', 'oa:exact': quote.exact, 'oa:prefix': quote.prefix, 'oa:suffix': quote.suffix },
  });
}

function writeAgent(name: string): Node {
  return { '@type': ['schema:Organization', 'prov:Agent'], 'schema:name': name };
}

function drop(node: Node): Node {
  return Object.fromEntries(Object.entries(node).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)));
}
