/** What is known about a dataset besides itself: a file `<name>.meta.json` beside it, written by `geo update` or by the operator. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FileFault } from './table-file.ts';

export const META_ENDING = '.meta.json';

export const DatasetMetaSchema = z.object({
  licence: z.string().trim().min(1).max(500).optional(),
  source: z.string().max(2000).optional(),
  /** Of the data, where they do not say it themselves. */
  date: z.iso.date().optional(),
  fetchedAt: z.iso.datetime().optional(),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  /** Who vouches for the digest; absent: it was computed of what came. */
  digestFrom: z.string().max(2000).optional(),
});
export type DatasetMeta = z.output<typeof DatasetMetaSchema>;

/** @throws {FileFault} when the file beside it cannot be read, or names another digest */
export async function readMeta(path: string, bytes: Uint8Array): Promise<DatasetMeta> {
  const text = await readFile(`${path}${META_ENDING}`, 'utf8').catch((error: unknown) => {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return '{}';
    throw new FileFault(`the ${META_ENDING} file beside it cannot be read`);
  });
  const meta = parseMeta(text);
  if (meta.sha256 !== undefined && meta.sha256 !== digestOf(bytes)) throw new FileFault('it does not have the digest that it was stored with');
  return meta;
}

function parseMeta(text: string): DatasetMeta {
  try {
    return DatasetMetaSchema.parse(JSON.parse(text));
  } catch {
    throw new FileFault(`the ${META_ENDING} file beside it is not understood`);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
