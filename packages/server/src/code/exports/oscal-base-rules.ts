/** What every OSCAL document of ours has: metadata, references, properties in our own namespace. */
import type { Json, JsonObject, OscalInput } from './oscal-schema.ts';
import type { OscalModel } from './schema.ts';
import { toLine, toProse, toToken, toValue } from './text-rules.ts';

export const OSCAL_VERSION = '1.2.2';
/** Of properties that OSCAL has no word for. */
export const NS = 'urn:gatehouse:ns:oscal';

export interface PropOptions {
  readonly class?: string;
  readonly remarks?: string;
}

export function makeProp(name: string, value: string, options: PropOptions = {}): JsonObject {
  return {
    name: toToken(name),
    ns: NS,
    value: toValue(value),
    ...(options.class === undefined ? {} : { class: toToken(options.class) }),
    ...(options.remarks === undefined ? {} : { remarks: toProse(options.remarks) }),
  };
}

/** OSCAL knows no empty list: a member without items is left out. */
export function listed<Name extends string>(name: Name, items: readonly Json[]): { readonly [N in Name]?: readonly Json[] } {
  const member: { [N in Name]?: readonly Json[] } = {};
  if (items.length > 0) member[name] = items;
  return member;
}

export function toDateTime(day: string): string {
  return day.length === 10 ? `${day}T00:00:00Z` : day;
}

/** The newest thing that the document is made of: its date comes from there, not from when it was asked for. */
export function findLast(dates: readonly (string | null | undefined)[]): string {
  return dates
    .flatMap((date) => (date === null || date === undefined ? [] : [new Date(toDateTime(date)).toISOString()]))
    .reduce((a, b) => (a > b ? a : b), '1970-01-01T00:00:00.000Z');
}

interface MetadataOptions {
  readonly title: string;
  readonly lastModified: string;
  readonly version: string;
  readonly remarks: string;
  readonly parties?: readonly JsonObject[];
}

export function makeMetadata({ catalogue, catalogueDigest, origin }: OscalInput, options: MetadataOptions): JsonObject {
  return {
    title: toLine(options.title),
    'last-modified': options.lastModified,
    version: toValue(options.version),
    'oscal-version': OSCAL_VERSION,
    props: [
      makeProp('catalogue-version', catalogue.version),
      makeProp('catalogue-sha256', catalogueDigest),
      makeProp('installation', origin),
      makeProp('generator', 'Gatehouse'),
    ],
    ...listed('parties', options.parties ?? []),
    remarks: toProse(`${options.remarks} ${catalogue.disclaimer}`),
  };
}

const FILES: Readonly<Record<OscalModel, string>> = {
  catalog: 'catalog.json',
  profile: 'profile.json',
  'component-definition': 'component-definition.json',
  'assessment-results': 'assessment-results.json',
  'plan-of-action-and-milestones': 'plan-of-action-and-milestones.json',
  'mapping-collection': 'mapping-collection.json',
};

export function nameFile(model: OscalModel): string {
  return FILES[model];
}

/** The catalog, as something that the other documents refer to. */
export function makeCatalogResource({ uuid, catalogue, catalogSha256 }: OscalInput): JsonObject {
  return {
    uuid: uuid('resource:catalog'),
    title: toLine(catalogue.title),
    rlinks: [
      {
        href: FILES.catalog,
        'media-type': 'application/oscal+json',
        ...(catalogSha256 === undefined ? {} : { hashes: [{ algorithm: 'SHA-256', value: catalogSha256 }] }),
      },
    ],
  };
}

export function referTo({ uuid }: OscalInput, resource: string): string {
  return `#${uuid(`resource:${resource}`)}`;
}

/** The part of a control that a finding is about. */
export function nameStatement(control: string): string {
  return `${toToken(control)}_smt`;
}

export function makeDocument(model: OscalModel, content: JsonObject): string {
  return `${JSON.stringify({ [model]: content }, null, 2)}\n`;
}
