/** What comes with Gatehouse about countries: the list of places, the capabilities, the documents referred to, and the seed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseCsv } from '../../platform/csv-rules.ts';
import { PACKAGE_DIR } from '../../platform/entry.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { readPlaces, type Places } from './place-rules.ts';
import { ImportSourceSchema, type Capability, type ImportSource, type Reference } from './schema.ts';

export const PROFILE_DATA_DIR = join(PACKAGE_DIR, 'src/international/profiles/data');
export const CAPABILITIES = 21;

export interface SeedFile {
  readonly shape: string;
  readonly text: string;
  readonly source: ImportSource;
}

export interface Seed {
  readonly files: readonly SeedFile[];
  /** Of every file and of what is said about its source. */
  readonly sha256: string;
}

export interface Shipped {
  readonly places: Places;
  readonly capabilities: readonly Capability[];
  readonly references: readonly Reference[];
  readonly seed: Seed;
}

const CapabilityRow = z.object({
  n: z.coerce.number().int(),
  domain: z.string().min(1),
  official_title: z.string().min(1),
  short_wording_ours: z.string().min(1),
});
const ReferencesSchema = z.object({
  references: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      publisher: z.string(),
      date: z.string().nullable(),
      url: z.url({ protocol: /^https?$/ }).nullable(),
      seen: z.string(),
    }),
  ),
});
const SeedSchema = z.object({
  files: z.array(
    z.object({ shape: z.string(), file: z.string(), source: ImportSourceSchema.extend({ sha256: z.null().default(null), quote: z.null().default(null) }) }),
  ),
});

export async function readShipped(folder = PROFILE_DATA_DIR): Promise<Shipped> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
  try {
    return {
      places: readPlaces(await read('countries.csv')),
      capabilities: readCapabilities(await read('capabilities.csv')),
      references: ReferencesSchema.parse(JSON.parse(await read('references.json'))).references,
      seed: await readSeed(read),
    };
  } catch (cause) {
    throw new GatehouseError(
      'internal',
      'The data about countries that come with Gatehouse are missing or damaged. Nothing was started. Install Gatehouse again.',
      { cause },
    );
  }
}

async function readSeed(read: (name: string) => Promise<string>): Promise<Seed> {
  const list = await read('seed.json');
  const hash = createHash('sha256').update(list);
  const files: SeedFile[] = [];
  for (const { shape, file, source } of SeedSchema.parse(JSON.parse(list)).files) {
    const text = await read(join('seed', file));
    hash.update('\0').update(text);
    files.push({ shape, text, source });
  }
  return { files, sha256: hash.digest('hex') };
}

function readCapabilities(text: string): Capability[] {
  const capabilities = parseCsv(text).rows.map(({ cells }) => {
    const { n, domain, official_title: title, short_wording_ours: wording } = CapabilityRow.parse(cells);
    return { n, domain, title, wording };
  });
  if (capabilities.length !== CAPABILITIES || capabilities.some(({ n }, index) => n !== index + 1)) throw new Error('not the 21 capabilities');
  return capabilities;
}
