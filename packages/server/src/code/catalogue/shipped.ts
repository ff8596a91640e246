/** The releases that come with this software. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../../platform/errors.ts';
import { PACKAGE_DIR } from '../../platform/entry.ts';
import type { ReleaseFile } from './release-schema.ts';

export const SHIPPED_DIR = join(PACKAGE_DIR, 'src/code/catalogue/data');
const RELEASE_NAME = /^catalogue-\d+\.\d+\.\d+\.json$/;

/** At least one. */
export async function readShipped(folder: string): Promise<(ReleaseFile & { readonly name: string })[]> {
  try {
    const names = (await readdir(folder)).filter((name) => RELEASE_NAME.test(name)).toSorted();
    if (names.length === 0) throw new Error('no release');
    return await Promise.all(
      names.map(async (name) => ({
        name,
        bytes: new Uint8Array(await readFile(join(folder, name))),
        note: await readFile(join(folder, name.replace(/\.json$/, '.note')), 'utf8'),
      })),
    );
  } catch (cause) {
    throw new GatehouseError(
      'catalogue_invalid',
      `The catalogue that comes with Gatehouse is missing from ${folder}. Nothing was started. Install Gatehouse again.`,
      {
        cause,
      },
    );
  }
}
