/** OSCAL documents, made and held against the official schema before anybody gets them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_DIR } from '../../platform/entry.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { compileSchema, type SchemaChecker } from '../../platform/json-schema-rules.ts';
import { keepMade } from '../../platform/keep-made.ts';
import { makeAssessmentResults } from './oscal-assessment-rules.ts';
import { makeCatalog } from './oscal-catalog-rules.ts';
import { makeComponentDefinition } from './oscal-component-rules.ts';
import { listLosses } from './oscal-loss-rules.ts';
import { makeMappingCollection } from './oscal-mapping-rules.ts';
import { makePlan } from './oscal-plan-rules.ts';
import { makeProfile } from './oscal-profile-rules.ts';
import type { OscalInput } from './oscal-schema.ts';
import type { OscalExport, OscalModel } from './schema.ts';

export const SCHEMA_FILE = join(PACKAGE_DIR, 'src/code/exports/data/oscal-complete-1.2.2.json');

const MAKERS: Readonly<Record<OscalModel, (input: OscalInput) => string | undefined>> = {
  catalog: makeCatalog,
  profile: makeProfile,
  'component-definition': makeComponentDefinition,
  'assessment-results': makeAssessmentResults,
  'plan-of-action-and-milestones': makePlan,
  'mapping-collection': makeMappingCollection,
};

const DEFINITIONS: Readonly<Record<OscalModel, string>> = {
  catalog: 'oscal-complete-oscal-catalog:catalog',
  profile: 'oscal-complete-oscal-profile:profile',
  'component-definition': 'oscal-complete-oscal-component-definition:component-definition',
  'assessment-results': 'oscal-complete-oscal-ar:assessment-results',
  'plan-of-action-and-milestones': 'oscal-complete-oscal-poam:plan-of-action-and-milestones',
  'mapping-collection': 'oscal-complete-oscal-mapping:mapping-collection',
};

export interface OscalExporter {
  /** @throws {GatehouseError} `internal`, `not_found` */
  make(model: OscalModel, input: Omit<OscalInput, 'catalogSha256'>): Promise<OscalExport>;
}

export function createOscalExporter(): OscalExporter {
  const load = keepMade(async () => compileSchema(JSON.parse(await readFile(SCHEMA_FILE, 'utf8'))));
  return {
    async make(model, given) {
      const catalog = makeCatalog({ ...given, catalogSha256: undefined });
      const input: OscalInput = { ...given, catalogSha256: createHash('sha256').update(catalog).digest('hex') };
      const json = model === 'catalog' ? catalog : MAKERS[model](input);
      if (json === undefined)
        throw new GatehouseError('not_found', 'The catalogue in use relates no measures of one document to those of another: there is nothing to map.');
      assertValid(await load(), model, json);
      return { model, json, losses: listLosses(model, input) };
    },
  };
}

function assertValid(checker: SchemaChecker, model: OscalModel, json: string): void {
  const document: unknown = JSON.parse(json);
  const [fault] = checker.check(DEFINITIONS[model], Reflect.get(Object(document), model));
  if (fault === undefined) return;
  throw new GatehouseError(
    'internal',
    `Nothing was exported: the ${model} does not fit the schema of OSCAL at ${fault.at}: it ${fault.message}. Please report this with the version of Gatehouse.`,
  );
}
