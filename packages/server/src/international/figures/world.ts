/** The outlines of places for the map, as scripts/build-map.mjs drew them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_DIR } from '../../platform/entry.ts';

const WorldSchema = z.object({
  width: z.number().int(),
  height: z.number().int(),
  places: z.array(
    z.object({
      /** ISO 3166-1 alpha-2; null where the geometry has a place that is not in it. */
      code: z.string().nullable(),
      name: z.string(),
      /** Path data in whole units; empty where nothing is left of the place at this size. */
      d: z.string().regex(/^[Mlz\d -]*$/),
      /** Where a dot stands for a place that is too small to be seen. */
      dot: z.tuple([z.number().int(), z.number().int()]).optional(),
    }),
  ),
});
export type World = z.output<typeof WorldSchema>;

export const WORLD_FILE = join(PACKAGE_DIR, 'src/international/figures/data/world.gen.json');

export async function readWorld(): Promise<World> {
  return WorldSchema.parse(JSON.parse(await readFile(WORLD_FILE, 'utf8')));
}
