/** Every model against the official schema, by our own checker and by ajv; honest states; the same bytes for the same input. */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyInput, fullInput, readShippedCatalogue } from '../../../test/support/code-exports.ts';
import type { MeasureState } from '../evidence/schema.ts';
import { compileSchema } from '../../platform/json-schema-rules.ts';
import { judgeFinding } from './oscal-finding-rules.ts';
import type { OscalInput } from './oscal-schema.ts';
import { createOscalExporter, SCHEMA_FILE } from './oscal.ts';
import { OSCAL_MODELS, type OscalModel } from './schema.ts';
import { toLine, toProse, toToken, toValue } from './text-rules.ts';
import { makeUuid, NAMESPACE } from './uuid.ts';

type Input = Omit<OscalInput, 'catalogSha256'>;

const schema: object = JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'));
// A pattern of the mapping has no type: strict mode refuses the official schema. The formats of OSCAL are patterns, too.
const official = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: true }).compile(schema);
const exporter = createOscalExporter();
const catalogue = readShippedCatalogue();
const FULL = fullInput(undefined, catalogue);
const EMPTY = emptyInput(catalogue);

const make = async (model: OscalModel, input: Input): Promise<Record<string, unknown>> => JSON.parse((await exporter.make(model, input)).json);
const assertOfficial = (document: unknown): void => {
  official(document);
  expect((official.errors ?? []).slice(0, 5)).toEqual([]);
};

interface Results {
  'assessment-results': {
    results: {
      observations?: { props: { name: string; value: string }[]; methods: string[] }[];
      findings?: { target: { 'target-id': string; status: { state: string } } }[];
    }[];
  };
}
const readResults = async (input: Input): Promise<Results['assessment-results']['results'][0]> => {
  const { results } = ((await make('assessment-results', input)) as unknown as Results)['assessment-results'];
  const [first] = results;
  if (first === undefined) throw new Error('no result');
  return first;
};

describe.each(OSCAL_MODELS)('%s', (model) => {
  it('fits the official schema, empty and full', async () => {
    for (const input of [EMPTY, FULL]) assertOfficial(await make(model, input));
  });

  it('has the same bytes for the same input, whatever the day', async () => {
    const [first, second] = [await exporter.make(model, FULL), await createOscalExporter().make(model, fullInput(undefined, readShippedCatalogue()))];
    expect(second).toEqual(first);
  });

  it('stays valid whatever people write', async () => {
    const small = { ...catalogue, groups: catalogue.groups.slice(0, 3) };
    const nasty = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom(
        '\u0000',
        '\uD800',
        ' ',
        '\u2028\u2029',
        '\u202Eevil',
        '\uFEFF',
        'a\n\n b ',
        '👩‍👩‍👧‍👦 \u200F שלום',
        '{{ insert: param, x }} <b>*_`',
        '\r\n',
        'x'.repeat(3000),
      ),
    );
    await fc.assert(
      fc.asyncProperty(nasty, async (text) => {
        assertOfficial(await make(model, fullInput(text, small)));
      }),
      { numRuns: 25 },
    );
  });

  it('says what it cannot say', async () => {
    const { losses } = await exporter.make(model, FULL);
    expect(losses.length).toBeGreaterThan(0);
    for (const { what, why } of losses) expect(what.length * why.length).toBeGreaterThan(0);
  });
});

describe('assessment results', () => {
  it('are silent about what was not evaluated: no finding, never satisfied', async () => {
    const { observations = [], findings = [] } = await readResults(FULL);
    const stateOf = new Map(FULL.evaluation?.value.measures.map((measure) => [`${measure.control}_smt`, measure]));
    expect(findings.length).toBeGreaterThan(5);
    for (const { target } of findings) {
      const measure = stateOf.get(target['target-id']);
      expect(['binds', 'addressed']).toContain(measure?.outcome);
      expect(target.status.state).toBe(measure?.state === 'pass' ? 'satisfied' : 'not-satisfied');
    }
    const missing = observations.filter(
      ({ props }) => props.some(({ name, value }) => name === 'state' && value === 'not_evaluated') && props.some(({ name }) => name === 'metric'),
    );
    expect(missing.length).toBeGreaterThan(5);
    for (const { methods } of missing) expect(methods).toEqual(['UNKNOWN']);
  });

  it('have no finding at all before the first evaluation', async () => {
    expect(await readResults(EMPTY)).not.toHaveProperty('findings');
  });

  it('count the items that they lose', async () => {
    const { losses } = await exporter.make('assessment-results', FULL);
    const items = FULL.evaluation?.value.measures.flatMap((measure) => measure.items) ?? [];
    expect(losses.find(({ what }) => what === 'Items that were not evaluated')?.count).toBe(items.filter(({ state }) => state === 'not_evaluated').length);
    expect(losses.find(({ what }) => what === 'Items that somebody attests')?.count).toBe(items.filter(({ attestation }) => attestation !== null).length);
  });
});

describe('a finding', () => {
  const items = (FULL.evaluation?.value.measures ?? []).flatMap((measure) => measure.items);
  const measured = items.find((item) => item.mode === 'measured' && item.state === 'pass');
  const signed = items.find((item) => item.attestation !== null && item.state === 'pass');
  if (measured === undefined || signed === undefined) throw new Error('the sample lacks an item');
  const judge = (change: Partial<MeasureState>) =>
    judgeFinding({ control: 'x', outcome: 'binds', state: 'pass', reason: '', isDoneAnyway: false, items: [measured, signed], ...change });

  it.each([
    ['measured and signed pass', {}, 'satisfied'],
    ['a measured failure', { state: 'fail', items: [{ ...measured, state: 'fail' }, signed] }, 'not-satisfied'],
    ['a failure that only a judgement without a signature says', { state: 'fail', items: [{ ...measured, mode: 'judgement', state: 'fail' }] }, undefined],
    ['a pass with one item that nobody measured or signed', { items: [measured, { ...signed, attestation: null }] }, undefined],
    ['a pass without items', { items: [] }, undefined],
    ['attention', { state: 'attention' }, undefined],
    ['not evaluated', { state: 'not_evaluated' }, undefined],
    ['an alternative measure', { state: 'alternative_measure' }, undefined],
    ['not asked of this service, and done anyway', { outcome: 'not_asked', isDoneAnyway: true }, undefined],
    ['undecided', { outcome: 'undecided' }, undefined],
  ] as const)('%s', (_name, change, expected) => {
    expect(judge(change as Partial<MeasureState>)).toBe(expected);
  });
});

describe('our checker and ajv', () => {
  it('agree on documents with one thing changed', async () => {
    const checker = compileSchema(schema);
    const document = await make('assessment-results', {
      ...FULL,
      catalogue: { ...catalogue, groups: [] },
      evaluation: FULL.evaluation && { ...FULL.evaluation, value: { ...FULL.evaluation.value, measures: FULL.evaluation.value.measures.slice(0, 2) } },
    });
    const places = listPlaces(document['assessment-results'], []);
    let [agreed, refused] = [0, 0];
    for (const [i, place] of places.entries()) {
      const changed = structuredClone(document);
      damage(changed['assessment-results'], place, i);
      const ours = checker.check('oscal-complete-oscal-ar:assessment-results', changed['assessment-results']).length === 0;
      expect([place.join('/'), i % DAMAGES.length, ours]).toEqual([place.join('/'), i % DAMAGES.length, official(changed)]);
      agreed++;
      if (!ours) refused++;
    }
    expect(agreed).toBeGreaterThan(200);
    expect(refused).toBeGreaterThan(100);
  });

  it('a keyword that is not known here is refused, not passed over', () => {
    expect(() => compileSchema({ definitions: { a: { type: 'object', patternProperties: {} } } })).toThrow('patternProperties');
    expect(() => compileSchema({ definitions: { a: { $ref: '#/definitions/b' } } }).check('a', {})).toThrow('leads nowhere');
  });
});

const DAMAGES: readonly ((parent: Record<string, unknown>, name: string) => void)[] = [
  (parent, name) => Reflect.deleteProperty(parent, name),
  (parent, name) => Reflect.set(parent, name, 7),
  (parent, name) => Reflect.set(parent, name, ' '),
  (parent, name) => Reflect.set(parent, name, []),
  (parent, name) => Reflect.set(parent, `${name}-x`, 'y'),
  (parent, name) => Reflect.set(parent, name, {}),
];

function listPlaces(value: unknown, path: readonly string[]): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => [[...path, name], ...listPlaces(member, [...path, name])]);
}

function damage(root: unknown, path: readonly string[], i: number): void {
  const parent = path.slice(0, -1).reduce<unknown>((value, name) => Reflect.get(Object(value), name), root);
  const name = path.at(-1) ?? '';
  // In a list, a name that is no number would be seen by nobody.
  if (Array.isArray(parent)) parent[Number(name)] = i % 2 === 0 ? 7 : {};
  else DAMAGES[i % DAMAGES.length]?.(parent as Record<string, unknown>, name);
}

describe('names and texts', () => {
  it('version 5 of RFC 9562', () => {
    // RFC 9562, appendix A.4.
    expect(makeUuid('www.example.com', '6ba7b810-9dad-11d1-80b4-00c04fd430c8')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
    expect(makeUuid('urn:gatehouse:ns:code', '6ba7b811-9dad-11d1-80b4-00c04fd430c8')).toBe(NAMESPACE);
  });

  it('keep what was written, as far as the type can', () => {
    expect(toValue('  a\tb\nc ')).toBe('a b c');
    expect(toValue('\n')).toBe('-');
    expect(toLine('a*b_c <x>')).toBe(String.raw`a\*b\_c \<x\>`);
    expect(toProse('one\r\n\r\ntwo\u0007')).toBe('one\n\ntwo');
    expect(toToken('2020 x')).toBe('_2020_x');
  });
});
