/**
 * Twelve fictitious services, every measure of the catalogue: what was decided by hand from the prose (README.md here) against what the engine decides
 * from the expressions. The table was made without them; whoever changes one of the two looks at the prose, not at the other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readCatalogue } from '../../catalogue/read.ts';
import { SHIPPED_DIR } from '../../catalogue/shipped.ts';
import type { Catalogue, FactDefinition } from '../../catalogue/schema.ts';
import { decideApplicability } from '../applicability-rules.ts';
import { LEVELS, OUTCOMES, type Applicability, type FactValue, type Outcome } from '../schema.ts';

const DAY = '2026-11-30';
const OutcomeSchema = z.enum(OUTCOMES);
const ServicesSchema = z.array(
  z.strictObject({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    note: z.string(),
    facts: z.record(z.string(), z.union([z.boolean(), z.number(), z.string()])),
  }),
);
type Service = z.output<typeof ServicesSchema>[number];

const services = ServicesSchema.parse(JSON.parse(readText('services.json')));
const expected = readTable(readText('expected.csv'));
const borders = readBorders(readText('borders.csv'));
let catalogue: Catalogue;

beforeAll(() => {
  catalogue = readCatalogue(readFileSync(join(SHIPPED_DIR, 'catalogue-1.0.0.json')));
});

describe('the table', () => {
  it('has a row for each measure and a column for each of the twelve services', () => {
    const controls = catalogue.groups.flatMap((group) => group.controls.map(({ id }) => id));
    expect(services).toHaveLength(12);
    expect(controls).toHaveLength(180);
    expect([...expected.keys()]).toEqual(services.map(({ id }) => id));
    for (const [service, column] of expected) expect([...column.keys()], service).toEqual(controls);
  });

  it('uses every outcome, and no two services have the same column', () => {
    const columns = [...expected.values()].map((column) => [...column.values()]);
    expect(new Set(columns.flat())).toEqual(new Set(OUTCOMES));
    expect(new Set(columns.map((column) => column.join())).size).toBe(services.length);
  });

  it.each(services)('answers questions of the catalogue: $name', ({ id, facts }) => {
    const definitions = new Map(catalogue.facts.map((fact) => [fact.id, fact]));
    const changes = borders.filter(({ service }) => service === id).flatMap((border) => Object.entries(border.changes));
    expect([...Object.entries(facts), ...changes].filter(([fact, value]) => !isAnswer(definitions.get(fact), value))).toEqual([]);
  });

  it('names services and measures that exist beside the borders', () => {
    const controls = new Set(catalogue.groups.flatMap((group) => group.controls.map(({ id }) => id)));
    expect(borders.length).toBeGreaterThan(150);
    expect(borders.filter(({ service, control }) => !expected.has(service) || !controls.has(control))).toEqual([]);
  });
});

describe(`the engine on ${DAY}`, () => {
  it.each(services)('agrees with the table: $name', (service) => {
    const decided = decideApplicability({ catalogue, values: new Map(Object.entries(service.facts)), day: DAY });
    expect(decided).toHaveLength(180);
    expect(decided.flatMap((got) => describeDisagreement(service, got))).toEqual([]);
  });

  it.each(services)('agrees beside the borders: $name', (service) => {
    const decided = new Map<string, Map<string, Applicability>>();
    const disagreements = borders
      .filter((border) => border.service === service.id)
      .flatMap(({ text, changes, control, want }) => {
        const outcomes = decided.get(text) ?? decideBy({ ...service.facts, ...changes });
        decided.set(text, outcomes);
        const got = outcomes.get(control);
        return got?.outcome === want ? [] : [`${service.name} with ${text} × ${control}: expected ${want} got ${got?.outcome} because ${got?.reason}`];
      });
    expect(disagreements).toEqual([]);
  });

  it('names what is missing wherever an answer would decide', () => {
    const withoutRule = new Set(catalogue.groups.flatMap(({ controls }) => controls.filter(({ appliesTo }) => appliesTo.expr === null).map(({ id }) => id)));
    for (const service of services) {
      const decided = decideApplicability({ catalogue, values: new Map(Object.entries(service.facts)), day: DAY });
      for (const { control, outcome, missing } of decided) {
        if (outcome === 'undecided' && !withoutRule.has(control)) expect(missing, `${service.name} × ${control}`).not.toEqual([]);
        expect(
          missing.filter((fact) => Object.hasOwn(service.facts, fact)),
          `${service.name} × ${control}`,
        ).toEqual([]);
      }
    }
  });
});

function decideBy(facts: Service['facts']): Map<string, Applicability> {
  return new Map(decideApplicability({ catalogue, values: new Map(Object.entries(facts)), day: DAY }).map((got) => [got.control, got]));
}

/** Empty when they agree. */
function describeDisagreement(service: Service, got: Applicability): string[] {
  const want = expected.get(service.id)?.get(got.control);
  return want === got.outcome ? [] : [`${service.name} × ${got.control}: expected ${want} got ${got.outcome} because ${got.reason}`];
}

function readTable(text: string): Map<string, Map<string, Outcome>> {
  const [head, ...rows] = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  const ids = head?.slice(1) ?? [];
  return new Map(ids.map((id, at) => [id, new Map(rows.map((row) => [row[0] ?? '', OutcomeSchema.parse(row[at + 1])]))]));
}

/** `ukMau=700001 risk.fraud=medium`: the facts of the service with these changed. */
function readBorders(text: string) {
  const rows = text.trimEnd().split('\n').slice(1);
  return rows.map((row) => {
    const [service = '', changed = '', control = '', want] = row.split(',');
    const changes = Object.fromEntries(changed.split(' ').map((change) => readChange(change)));
    return { service, text: changed, changes, control, want: OutcomeSchema.parse(want) };
  });
}

function readChange(change: string): [string, FactValue] {
  const [fact = '', value = ''] = change.split('=');
  if (value === 'true' || value === 'false') return [fact, value === 'true'];
  return [fact, fact === 'ukMau' ? Number(value) : value];
}

function isAnswer(definition: FactDefinition | undefined, value: FactValue): boolean {
  switch (definition?.type.kind) {
    case 'yes_no':
      return typeof value === 'boolean';
    case 'number':
      return typeof value === 'number' && value >= definition.type.min && value <= definition.type.max;
    case 'choice':
      return definition.type.options.some((option) => option.value === value);
    case 'level':
      return LEVELS.some((level) => level === value);
    case 'derived':
    case undefined:
      return false;
  }
}

function readText(name: string): string {
  return readFileSync(join(import.meta.dirname, name), 'utf8');
}
