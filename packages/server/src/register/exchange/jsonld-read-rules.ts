/** JSON-LD as `jsonld-write-rules.ts` writes it, back to changes. Identifiers of another place are not taken over: what is read becomes drafts here. */
import { z } from 'zod';
import { ChangeSchema, type ProposedPart } from '../model/schema.ts';
import { CONTEXT, LEGAL_FORCE } from './jsonld-word-rules.ts';
import type { ReadParts } from './table-rules.ts';

const Text = z.string();
/** JSON-LD does not tell one value from a list of one. */
const listOf = <Schema extends z.ZodType>(schema: Schema) => z.preprocess(toList, z.array(schema));

function toList(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...(value as unknown[])] : [value];
}

/** Members without a value are left out. */
const optional = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().transform((value) => value ?? null);
const Agent = z.looseObject({ 'schema:name': Text }).transform((node) => node['schema:name']);
const Typed = z.looseObject({ '@type': listOf(Text) });

const SourceNode = z
  .looseObject({
    'oa:hasSource': z.looseObject({
      '@id': Text,
      'schema:publisher': Agent,
      'schema:name': Text,
      'schema:license': optional(Text),
      'schema:sha256': optional(Text),
      'schema:archivedAt': optional(Text),
    }),
    'gh:retrievedAt': Text,
    'oa:hasSelector': optional(z.looseObject({ 'oa:exact': Text, 'oa:prefix': Text, 'oa:suffix': Text })),
  })
  .transform(({ 'oa:hasSource': document, 'gh:retrievedAt': retrievedAt, 'oa:hasSelector': selector }) => ({
    url: document['@id'],
    publisher: document['schema:publisher'],
    title: document['schema:name'],
    licence: document['schema:license'],
    retrievedAt,
    sha256: document['schema:sha256'],
    archivedUrl: document['schema:archivedAt'],
    quote: selector === null ? null : { exact: selector['oa:exact'], prefix: selector['oa:prefix'], suffix: selector['oa:suffix'] },
  }));

const RegisterNode = z
  .looseObject({
    'schema:identifier': Text,
    'schema:name': Text,
    'gh:inquiry': Text,
    'schema:publisher': Agent,
    'schema:datePublished': Text,
    'gh:responseDueAt': optional(Text),
    'schema:license': optional(Text),
    'prov:wasDerivedFrom': SourceNode,
  })
  .transform((node) => ({
    id: node['schema:identifier'],
    title: node['schema:name'],
    inquiry: node['gh:inquiry'],
    publisher: node['schema:publisher'],
    publishedAt: node['schema:datePublished'],
    responseDueAt: node['gh:responseDueAt'],
    source: node['prov:wasDerivedFrom'],
    licence: node['schema:license'],
  }));

const ResponseNode = z
  .looseObject({
    'prov:wasAttributedTo': Agent,
    'schema:datePublished': Text,
    'gh:class': Text,
    'gh:classAsPublished': optional(Text),
    'schema:text': Text,
    'prov:wasDerivedFrom': optional(SourceNode),
  })
  .transform((node) => ({
    by: node['prov:wasAttributedTo'],
    date: node['schema:datePublished'],
    class: node['gh:class'],
    classAsPublished: node['gh:classAsPublished'],
    text: node['schema:text'],
    source: node['prov:wasDerivedFrom'],
  }));

const LegislationNode = z
  .looseObject({
    '@id': optional(Text),
    'schema:legislationIdentifier': Text,
    'schema:legislationJurisdiction': Text,
    'schema:legislationLegalForce': optional(z.looseObject({ '@id': Text })),
  })
  .transform((node) => ({
    identifier: node['schema:legislationIdentifier'],
    jurisdiction: node['schema:legislationJurisdiction'],
    inForce: Object.entries(LEGAL_FORCE).find(([, force]) => force === node['schema:legislationLegalForce']?.['@id'])?.[0] ?? 'unknown',
    url: node['@id'],
  }));

const MilestoneNode = z.looseObject({
  'schema:name': Text,
  'gh:dueAt': Text,
  'gh:formerDueAt': listOf(Text),
  'gh:doneAt': optional(Text),
});

const ActionNode = z.looseObject({
  'prov:wasAssociatedWith': Agent,
  'gh:actionKind': Text,
  'schema:name': Text,
  'schema:startTime': optional(Text),
  'schema:endTime': optional(Text),
  'schema:object': optional(LegislationNode),
  'prov:wasDerivedFrom': optional(SourceNode),
  'gh:milestone': listOf(MilestoneNode),
});

const EvidenceNode = z
  .looseObject({ 'gh:evidenceKind': Text, 'gh:shows': Text, 'schema:text': Text, 'gh:check': optional(Text), 'prov:wasDerivedFrom': optional(SourceNode) })
  .transform((node) => ({
    kind: node['gh:evidenceKind'],
    shows: node['gh:shows'],
    text: node['schema:text'],
    source: node['prov:wasDerivedFrom'],
    check: node['gh:check'],
  }));

const StatusNode = z
  .looseObject({ 'gh:by': Text, 'prov:wasAttributedTo': Agent, 'gh:status': Text, 'gh:asOf': Text, 'schema:text': Text, 'gh:basis': listOf(EvidenceNode) })
  .transform((node) => ({
    by: node['gh:by'],
    claimant: node['prov:wasAttributedTo'],
    status: node['gh:status'],
    asOf: node['gh:asOf'],
    text: node['schema:text'],
    basis: node['gh:basis'],
  }));

const RecommendationNode = z.looseObject({
  'schema:identifier': z.string().regex(/^[^/]+\/[^/]+$/),
  'schema:position': Text,
  'schema:name': Text,
  'schema:text': Text,
  'gh:isVerbatim': z.boolean(),
  'gh:addressee': listOf(Agent),
  'schema:keywords': listOf(Text),
  'gh:relatedTo': listOf(Text),
  'gh:gatehouse': optional(
    z
      .looseObject({ 'schema:text': Text, 'gh:measure': listOf(Text), 'gh:check': listOf(Text) })
      .transform((node) => ({ text: node['schema:text'], measures: node['gh:measure'], checks: node['gh:check'] })),
  ),
  'gh:response': listOf(ResponseNode),
  'gh:action': listOf(ActionNode),
  'gh:statusClaim': listOf(StatusNode),
});

const DocumentSchema = z.looseObject({ '@context': z.looseObject({}), '@graph': z.array(z.unknown()) });

interface Reading {
  readonly parts: ProposedPart[];
  readonly faults: { at: string; message: string }[];
}

export function readJsonLd(document: unknown): ReadParts {
  const parsed = DocumentSchema.safeParse(document);
  const isOurs = parsed.success && Object.entries(CONTEXT).every(([prefix, vocabulary]) => parsed.data['@context'][prefix] === vocabulary);
  if (!parsed.success || !isOurs)
    return {
      register: null,
      parts: [],
      faults: [{ at: 'document', message: 'This is not JSON-LD with the context and the graph that `gatehouse register export` writes.' }],
    };
  const reading: Reading = { parts: [], faults: [] };
  for (const [index, node] of parsed.data['@graph'].entries()) readNode(node, `@graph/${index}`, reading);
  const register = reading.parts.find(({ change }) => change.kind === 'register')?.change;
  return { ...reading, register: register?.kind === 'register' ? register.body.id : null };
}

function readNode(node: unknown, at: string, reading: Reading): void {
  const types = Typed.safeParse(node).data?.['@type'] ?? [];
  if (types.includes('schema:Dataset')) {
    const body = parseNode(RegisterNode, node, { at, reading });
    if (body !== undefined) take({ kind: 'register', body }, { at, reading });
  } else if (types.includes('schema:CreativeWork')) {
    const found = parseNode(RecommendationNode, node, { at, reading });
    if (found !== undefined) readRecommendation(found, { at, reading });
  } else reading.faults.push({ at, message: 'This is neither a register nor a recommendation.' });
}

interface Place {
  readonly at: string;
  readonly reading: Reading;
  readonly replaces?: string;
}

function readRecommendation(node: z.output<typeof RecommendationNode>, { at, reading }: Place): void {
  const recommendation = node['schema:identifier'];
  take(
    {
      kind: 'recommendation',
      body: {
        register: recommendation.split('/')[0],
        number: node['schema:position'],
        title: node['schema:name'],
        text: node['schema:text'],
        isVerbatim: node['gh:isVerbatim'],
        addressees: node['gh:addressee'],
        themes: node['schema:keywords'],
        gatehouse: node['gh:gatehouse'],
        relatedTo: node['gh:relatedTo'],
      },
    },
    { at, reading },
  );
  for (const [index, body] of node['gh:response'].entries()) take({ kind: 'response', recommendation, body }, { at: `${at}/response/${index}`, reading });
  for (const [index, action] of node['gh:action'].entries()) readAction({ recommendation, action }, { at: `${at}/action/${index}`, reading });
  for (const [index, body] of node['gh:statusClaim'].entries()) take({ kind: 'status', recommendation, body }, { at: `${at}/statusClaim/${index}`, reading });
}

/** Old dates of a milestone come first, each replaced by the next: so they stay, and the slip is the same. */
function readAction(
  { recommendation, action }: { readonly recommendation: string; readonly action: z.output<typeof ActionNode> },
  { at, reading }: Place,
): void {
  take(
    {
      kind: 'action',
      recommendation,
      body: {
        owner: action['prov:wasAssociatedWith'],
        kind: action['gh:actionKind'],
        title: action['schema:name'],
        from: action['schema:startTime'],
        to: action['schema:endTime'],
        legislation: action['schema:object'],
        source: action['prov:wasDerivedFrom'],
      },
    },
    { at, reading },
  );
  for (const [index, milestone] of action['gh:milestone'].entries()) {
    const dates = [...milestone['gh:formerDueAt'], milestone['gh:dueAt']];
    for (const [version, dueAt] of dates.entries()) {
      const isNewest = version === dates.length - 1;
      const own = `${at}/milestone/${index}`;
      take(
        { kind: 'milestone', recommendation, body: { action: at, title: milestone['schema:name'], dueAt, doneAt: isNewest ? milestone['gh:doneAt'] : null } },
        { at: `${own}/${version}`, reading, ...(version === 0 ? {} : { replaces: `${own}/${version - 1}` }) },
      );
    }
  }
}

function parseNode<Schema extends z.ZodType>(schema: Schema, node: unknown, { at, reading }: Place): z.output<Schema> | undefined {
  const parsed = schema.safeParse(node);
  if (parsed.success) return parsed.data;
  reading.faults.push(...parsed.error.issues.map(({ path, message }) => ({ at: [at, ...path].join('/'), message })));
  return undefined;
}

/** The schema of changes decides what is a date, a class or an address. */
function take(change: unknown, { at, reading, replaces }: Place): void {
  const parsed = ChangeSchema.safeParse(change);
  if (parsed.success) reading.parts.push({ ref: at, change: parsed.data, replaces });
  else reading.faults.push(...parsed.error.issues.map(({ path, message }) => ({ at: [at, ...path].join('/'), message })));
}
