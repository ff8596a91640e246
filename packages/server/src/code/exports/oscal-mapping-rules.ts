/** How the documents hang together, from the recommendation down to statute: one mapping for each pair of them. */
import type { Control, Group } from '../catalogue/schema.ts';
import { makeCatalogResource, makeDocument, makeMetadata, makeProp, referTo, toDateTime } from './oscal-base-rules.ts';
import type { JsonObject, OscalInput } from './oscal-schema.ts';
import { toLine, toToken } from './text-rules.ts';

interface Relation {
  readonly from: Control;
  readonly to: Control;
  readonly kind: 'up' | 'related';
}

interface Pair {
  readonly source: Group;
  readonly target: Group;
  readonly relations: readonly Relation[];
}

/** @returns undefined when the catalogue relates nothing across its documents: OSCAL knows no empty mapping */
export function makeMappingCollection(input: OscalInput): string | undefined {
  const { uuid, catalogue } = input;
  const pairs = listPairs(catalogue.groups);
  if (pairs.length === 0) return undefined;
  return makeDocument('mapping-collection', {
    uuid: uuid(`mapping-collection:${catalogue.version}`),
    metadata: makeMetadata(input, {
      title: `Relations within: ${catalogue.title}`,
      lastModified: toDateTime(catalogue.releasedOn),
      version: catalogue.version,
      remarks: 'A relation says that two measures are about the same thing. It does not say that one satisfies the other.',
    }),
    provenance: {
      method: 'human',
      'matching-rationale': 'semantic',
      status: 'draft',
      'mapping-description':
        'Made by the authors of the catalogue from their paraphrases. Controls that nobody has compared with the primary text carry that flag in the catalog.',
    },
    mappings: pairs.map((pair) => toMapping(input, pair)),
    'back-matter': { resources: [makeCatalogResource(input)] },
  });
}

export function listPairs(groups: readonly Group[]): Pair[] {
  const homes = new Map(groups.flatMap((group) => group.controls.map((control) => [control.id, { control, group }] as const)));
  const found = new Map<string, { source: Group; target: Group; relations: Relation[] }>();
  for (const source of groups)
    for (const from of source.controls)
      for (const [other, kind] of [...from.up.map((id) => [id, 'up'] as const), ...from.related.map((id) => [id, 'related'] as const)]) {
        const home = homes.get(other);
        if (home === undefined || home.group === source) continue;
        const key = `${source.id}:${home.group.id}`;
        const pair = found.get(key) ?? { source, target: home.group, relations: [] };
        pair.relations.push({ from, to: home.control, kind });
        found.set(key, pair);
      }
  return [...found.values()];
}

function toMapping(input: OscalInput, { source, target, relations }: Pair): JsonObject {
  const { uuid } = input;
  const resource = { type: 'catalog', href: referTo(input, 'catalog') };
  return {
    uuid: uuid(`mapping:${source.id}:${target.id}`),
    'source-resource': { ...resource, remarks: toLine(source.title) },
    'target-resource': { ...resource, remarks: toLine(target.title) },
    props: [makeProp('source-group', source.id), makeProp('target-group', target.id)],
    maps: relations.map(({ from, to, kind }) => ({
      uuid: uuid(`map:${from.id}:${to.id}:${kind}`),
      relationship: 'intersects-with',
      sources: [{ type: 'control', 'id-ref': toToken(from.id) }],
      targets: [{ type: 'control', 'id-ref': toToken(to.id) }],
      props: [makeProp('relation', kind), makeProp('compared-with-the-primary-text', from.verify || to.verify ? 'no' : 'yes')],
    })),
  };
}
