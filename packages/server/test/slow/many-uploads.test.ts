/** 200 senders at once over every surface that takes bytes, against a gateway in a process of its own. The same work is a row of docs/capacity.md. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';

interface ManyUploads {
  readonly results: readonly { readonly kind: string; readonly surface: string; readonly outcome: string }[];
  readonly wrong: readonly string[];
  /** MiB; of the decoders the sum. */
  readonly peak: { readonly idle: number; readonly gateway: number; readonly decoders: number };
}

const COUNT = 200;
/** Together they send 200 MB. What is held of a body in memory is a few pieces of 64 KiB, whatever its size. */
const GATEWAY_GROWTH_MIB = 180;
const DECODERS_MIB = 700;

it(`${COUNT} senders at once: nothing is lost, nothing listed is published, memory stays bounded`, async () => {
  const path = join(import.meta.dirname, '../../../../bench/many-uploads.mjs');
  // A bench is a plain script without types; what it gives is looked at here, field by field.
  const bench = (await import(pathToFileURL(path).href)) as { readonly runManyUploads: (how: { readonly count: number }) => Promise<ManyUploads> };
  const { results, wrong, peak } = await bench.runManyUploads({ count: COUNT });
  expect(wrong).toEqual([]);
  const countOf = (kind: string, outcome: string): number => results.filter((one) => one.kind === kind && one.outcome === outcome).length;
  expect(results.length).toBe(COUNT);
  expect(countOf('clear', 'published')).toBe(results.filter(({ kind }) => kind === 'clear').length);
  expect(countOf('listed', 'refused')).toBe(results.filter(({ kind }) => kind === 'listed').length);
  expect(countOf('broken', 'broken off')).toBe(results.filter(({ kind }) => kind === 'broken').length);
  const surfaces = new Set(results.map(({ surface }) => surface));
  expect(surfaces.size).toBe(7);
  const kindsOf = (surface: string): string[] => [...new Set(results.filter((one) => one.surface === surface).map(({ kind }) => kind))].toSorted();
  for (const surface of surfaces) expect(kindsOf(surface), surface).toEqual(['broken', 'clear', 'listed']);
  expect(peak.gateway - peak.idle).toBeLessThan(GATEWAY_GROWTH_MIB);
  expect(peak.decoders).toBeLessThan(DECODERS_MIB);
});
