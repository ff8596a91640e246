import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readShippedCatalogue, readShippedFile } from '../../../test/support/catalogue.ts';
import { isGatehouseError, type GatehouseError } from '../../platform/errors.ts';
import { readCatalogue } from './read.ts';
import type { Catalogue, Control } from './schema.ts';

const toBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function refusal(value: unknown): GatehouseError {
  try {
    readCatalogue(value instanceof Uint8Array ? value : toBytes(value));
  } catch (error) {
    if (isGatehouseError(error, 'catalogue_invalid')) return error;
    throw error;
  }
  throw new Error('it was read');
}

/** The first fault after a change. */
function faultsOf(change: (catalogue: Catalogue) => Catalogue): string[] {
  return (refusal(change(readShippedCatalogue())).extras.errors ?? []).map(({ at, message }) => `${at}: ${message}`);
}

const withControl =
  (id: string, change: (control: Control) => object) =>
  (catalogue: Catalogue): Catalogue => ({
    ...catalogue,
    groups: catalogue.groups.map((group) => ({
      ...group,
      controls: group.controls.map((control) => (control.id === id ? { ...control, ...change(control) } : control)),
    })),
  });

describe('a damaged catalogue', () => {
  it.each([
    [
      'an unknown metric',
      withControl('icu-a1', ({ evidence }) => ({ evidence: evidence.map((item) => ({ ...item, metric: 'no_such_metric' })) })),
      'There is no metric',
    ],
    ['a metric twice', withControl('icu-a1', ({ evidence }) => ({ evidence: [...evidence, ...evidence] })), 'is there twice'],
    ['an unknown source', withControl('icu-a1', ({ source }) => ({ source: { ...source, sourceId: 'X' } })), 'There is no source X'],
    ['an unknown measure above', withControl('icu-c9', () => ({ up: ['ic-99'] })), 'There is no measure ic-99'],
    ['a relation twice', withControl('icu-c9', () => ({ related: ['vp-01', 'vp-01'] })), 'vp-01 is named twice'],
    ['a relation to itself', withControl('icu-c9', () => ({ related: ['icu-c9'] })), 'It names itself'],
    ['a circle', withControl('vp-01', () => ({ up: ['icu-c9'] })), 'comes back to where it began'],
    ['a flag without a note', withControl('icu-a1', () => ({ verifyNote: null })), 'What must be checked is not said'],
    ['an end before the beginning', withControl('icu-a1', () => ({ until: '2025-01-01' })), 'ends before it begins'],
    ['a condition over an unknown fact', withControl('icu-a1', () => ({ appliesTo: { expr: 'huge', text: 'x' } })), 'huge'],
    ['a condition that does not parse', withControl('icu-a1', () => ({ appliesTo: { expr: 'large &&', text: 'x' } })), 'icu-a1'],
    ['a condition that needs itself', withControl('icu-c9', () => ({ appliesTo: { expr: 'applies("icu-c9-db")', text: 'x' } })), 'depends on itself'],
    ['a condition that compares a word with a number', withControl('icu-a1', () => ({ appliesTo: { expr: 'kind > 3', text: 'x' } })), 'icu-a1'],
    [
      'a number for yes or no',
      withControl('icu-a2', ({ evidence }) => ({ evidence: evidence.map((item) => ({ ...item, threshold: { kind: 'number', op: '=', value: 1 } })) })),
      'has no threshold that is a number',
    ],
    [
      'yes for a number',
      withControl('icu-a1', ({ evidence }) => ({ evidence: evidence.map((item) => ({ ...item, threshold: { kind: 'yes' } })) })),
      'needs a metric of yes or no',
    ],
    [
      'a target with two meanings',
      withControl('icu-a1', ({ evidence }) => ({
        evidence: evidence.map((item) => ({ ...item, threshold: { kind: 'own', op: '<=', target: 'takedown-hours' } })),
      })),
      'The target takedown-hours means',
    ],
    [
      'an amendment of nothing',
      (one: Catalogue) => ({ ...one, amendments: one.amendments.map((a) => ({ ...a, controls: ['nothing'] })) }),
      'There is no measure nothing',
    ],
    [
      'a measure twice',
      (one: Catalogue) => ({ ...one, groups: [...one.groups, ...one.groups.slice(0, 1).map((group) => ({ ...group, id: 'again' }))] }),
      'The id is there twice',
    ],
    ['a change log about another release', (one: Catalogue) => ({ ...one, version: '1.0.1' }), 'must be about this release'],
    ['a member that nobody knows', (one: Catalogue) => ({ ...one, extra: 1 }) as Catalogue, 'extra'],
    ['a fact that is no name', (one: Catalogue) => ({ ...one, facts: one.facts.map((fact) => ({ ...fact, id: 'Not a name' })) }), '/facts/0/id'],
  ])('with %s is refused by name', (_what, change, expected) => {
    expect(faultsOf(change).join('\n')).toContain(expected);
  });

  it('says the first fault and how many more there are', () => {
    const error = refusal({ ...readShippedCatalogue(), metrics: [] });
    expect(error.message).toMatch(/^The catalogue has faults: \/controls\/vp-01\/evidence\/upload_screen_coverage_ratio: There is no metric .*, and \d+ more$/);
    expect(error.extras.errors).toHaveLength(20);
  });

  it('that is no JSON, no UTF-8 or too large is refused before anything else', () => {
    expect(refusal(new TextEncoder().encode('{')).message).toContain('not JSON');
    expect(refusal(Uint8Array.of(0x22, 0xff, 0x22)).message).toContain('not JSON in UTF-8');
    expect(refusal(new Uint8Array(900_001)).message).toContain('900001 bytes');
  });

  it('in any place is refused as a catalogue, never with another error', () => {
    const { bytes } = readShippedFile();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 40 }), (at, byte, cut) => {
        const damaged = new Uint8Array(Buffer.concat([bytes.subarray(0, at), Uint8Array.of(byte), bytes.subarray(at + cut)]));
        try {
          readCatalogue(damaged);
        } catch (error) {
          expect(isGatehouseError(error, 'catalogue_invalid')).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('with a member missing anywhere is refused', () => {
    const paths: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]): void => {
      if (Array.isArray(value)) value.slice(0, 2).forEach((one, index) => walk(one, [...path, index]));
      else if (typeof value === 'object' && value !== null)
        for (const [name, one] of Object.entries(value)) {
          paths.push([...path, name]);
          walk(one, [...path, name]);
        }
    };
    walk(readShippedCatalogue(), []);
    expect(paths.length).toBeGreaterThan(150);
    for (const path of paths) {
      const damaged = readShippedCatalogue();
      const parent = path.slice(0, -1).reduce<unknown>((value, name) => Reflect.get(value as object, name), damaged);
      Reflect.deleteProperty(parent as object, path.at(-1) ?? '');
      expect(refusal(damaged).extras.errors?.length).toBeGreaterThan(0);
    }
  });
});
