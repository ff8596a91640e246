/** This gateway as a component: which controls it gives figures for. That it measures is not that the measure is kept. */
import type { Control } from '../catalogue/schema.ts';
import { listed, makeCatalogResource, makeDocument, makeMetadata, makeProp, referTo, toDateTime } from './oscal-base-rules.ts';
import type { JsonObject, OscalInput } from './oscal-schema.ts';
import { toProse, toToken } from './text-rules.ts';

export function nameGateway({ uuid }: Pick<OscalInput, 'uuid'>): string {
  return uuid('component:gateway');
}

export function makeComponentDefinition(input: OscalInput): string {
  const { uuid, catalogue } = input;
  const requirements = catalogue.groups.flatMap(({ controls }) => controls.flatMap((control) => toRequirement(control, input)));
  return makeDocument('component-definition', {
    uuid: uuid('component-definition'),
    metadata: makeMetadata(input, {
      title: 'Gatehouse as a component',
      lastModified: toDateTime(catalogue.releasedOn),
      version: input.version,
      remarks: 'Lists what this build measures for each control. It does not say that a measure is kept: that is in the assessment results.',
    }),
    components: [
      {
        uuid: nameGateway(input),
        type: 'software',
        title: 'Gatehouse',
        description: 'The gateway that stands before the publication of uploads: screening, age checks, transparency log, register of measures.',
        props: [makeProp('version', input.version)],
        ...listed(
          'control-implementations',
          requirements.length === 0
            ? []
            : [
                {
                  uuid: uuid('component:implementation'),
                  source: referTo(input, 'catalog'),
                  description: 'Figures that this build takes from its own enforcement path.',
                  'implemented-requirements': requirements,
                },
              ],
        ),
      },
    ],
    'back-matter': { resources: [makeCatalogResource(input)] },
  });
}

function toRequirement(control: Control, { uuid, sources }: OscalInput): JsonObject[] {
  const metrics = [...new Set(control.evidence.filter(({ mode }) => mode === 'measured').map(({ metric }) => metric))];
  const measured = metrics.flatMap((metric) => sources.filter((source) => source.metric === metric));
  if (measured.length === 0) return [];
  return [
    {
      uuid: uuid(`component:requirement:${control.id}`),
      'control-id': toToken(control.id),
      description: toProse(measured.map(({ metric, method }) => `${metric}: ${method}`).join('\n\n')),
      props: measured.map(({ metric }) => makeProp('measures', metric)),
    },
  ];
}
