/** The catalogue of measures as an OSCAL catalog: a group for each document, a control for each measure. */
import type { Catalogue, Control, EvidenceItem, Group, Threshold } from '../catalogue/schema.ts';
import { listed, makeDocument, makeMetadata, makeProp, nameStatement, toDateTime } from './oscal-base-rules.ts';
import type { JsonObject, OscalInput } from './oscal-schema.ts';
import { toLine, toProse, toToken, toValue } from './text-rules.ts';

export function makeCatalog(input: OscalInput): string {
  const { catalogue, uuid } = input;
  return makeDocument('catalog', {
    uuid: uuid(`catalog:${catalogue.version}:${input.catalogueDigest}`),
    metadata: makeMetadata(input, {
      title: catalogue.title,
      lastModified: toDateTime(catalogue.releasedOn),
      version: catalogue.version,
      remarks: 'Exported from the signed catalogue of the register, which is the original.',
    }),
    ...listed(
      'groups',
      catalogue.groups.map((group) => toGroup(group, input)),
    ),
    ...(catalogue.sources.length === 0 ? {} : { 'back-matter': { resources: catalogue.sources.map((source) => toResource(source, input)) } }),
  });
}

function toGroup(group: Group, input: OscalInput): JsonObject {
  return {
    id: toToken(`group-${group.id}`),
    class: toToken(group.layer),
    title: toLine(group.title),
    props: [
      makeProp('layer', group.layer),
      makeProp('applies-to', group.appliesTo.text, { class: 'text' }),
      makeProp('applies-to', group.appliesTo.expr, { class: 'expression' }),
    ],
    controls: group.controls.map((control) => toControl(control, input)),
  };
}

function toControl(control: Control, input: OscalInput): JsonObject {
  const { id } = control;
  const links = [
    { href: `#${input.uuid(`source:${control.source.sourceId}`)}`, rel: 'reference', text: toLine(control.source.section) },
    ...control.up.map((other) => ({ href: `#${toToken(other)}`, rel: 'up' })),
    ...control.related.map((other) => ({ href: `#${toToken(other)}`, rel: 'related' })),
  ];
  return {
    id: toToken(id),
    class: toToken(control.standing),
    title: toLine(control.title),
    props: toProps(control),
    links,
    parts: [
      { id: nameStatement(id), name: 'statement', prose: toProse(control.statement) },
      ...control.evidence.map((item, i) => toObjective(item, { control, catalogue: input.catalogue, place: i + 1 })),
    ],
  };
}

function toProps(control: Control): JsonObject[] {
  return [
    { name: 'label', value: toValue(control.ref) },
    makeProp('standing', control.standing),
    makeProp('status', control.status),
    makeProp('applies-to', control.appliesTo.text, { class: 'text' }),
    ...(control.appliesTo.expr === null ? [] : [makeProp('applies-to', control.appliesTo.expr, { class: 'expression' })]),
    makeProp('source-date', control.source.date),
    ...(control.from === null ? [] : [makeProp('from', control.from)]),
    ...(control.until === null ? [] : [makeProp('until', control.until)]),
    makeProp('compared-with-the-primary-text', control.verify ? 'no' : 'yes', control.verifyNote === null ? {} : { remarks: control.verifyNote }),
  ];
}

function toObjective(item: EvidenceItem, at: { readonly control: Control; readonly catalogue: Catalogue; readonly place: number }): JsonObject {
  const metric = at.catalogue.metrics.find(({ id }) => id === item.metric);
  return {
    id: `${toToken(at.control.id)}_obj.${at.place}`,
    name: 'assessment-objective',
    props: [
      makeProp('metric', item.metric),
      makeProp('mode', item.mode),
      makeProp('window', item.window),
      makeProp('threshold', describeThreshold(item.threshold)),
      makeProp('basis', item.basis),
    ],
    prose: toProse([metric?.title ?? item.metric, metric?.text, item.note].filter((text) => text !== undefined && text !== null).join('. ')),
  };
}

export function describeThreshold(threshold: Threshold): string {
  switch (threshold.kind) {
    case 'number':
      return `${threshold.op} ${threshold.value}`;
    case 'yes':
      return 'yes';
    case 'own':
      return `${threshold.op} the service's own target ${threshold.target}`;
    case 'reported':
      return 'reported';
  }
}

function toResource(source: Catalogue['sources'][number], { uuid }: OscalInput): JsonObject {
  return {
    uuid: uuid(`source:${source.id}`),
    title: toLine(source.title),
    props: [makeProp('source-id', source.id), makeProp('publisher', source.publisher), makeProp('date', source.date), makeProp('read', source.read)],
    ...(source.url === null ? {} : { rlinks: [{ href: source.url }] }),
  };
}
