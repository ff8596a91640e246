/** The recommendations that come with Gatehouse, published once. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { PACKAGE_DIR } from '../../platform/entry.ts';
import { newId } from '../../platform/ids.ts';
import { keepChange, SEED_ACTOR } from './editing.ts';
import { placeParts } from './edit-rules.ts';
import { ChangeSchema } from './schema.ts';
import { foldChanges } from './state-rules.ts';
import * as store from './store.ts';

export const SEED_FILE = join(PACKAGE_DIR, 'src/register/model/data/iicsa-internet-2020.json');
const SeedSchema = z.strictObject({ name: z.string(), parts: z.array(z.strictObject({ ref: z.string(), change: ChangeSchema })) });

/** Of several nodes that start together, one publishes it. */
export async function loadSeed(context: AppContext, file = SEED_FILE): Promise<void> {
  const { name, parts } = SeedSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  const { clock, database, events } = context;
  await database.transact(async (tx) => {
    const at = clock.now();
    if (!(await store.claimSeed(tx, name, at))) return;
    await store.lockChanges(tx);
    const fault = placeParts(foldChanges(await store.listPublished(tx)), parts).find((one) => one.fault !== undefined);
    if (fault !== undefined) throw new Error(`what comes with Gatehouse does not fit the register: ${fault.ref}: ${fault.fault ?? ''}`);
    for (const { change } of parts) {
      const { id, digest } = await keepChange(context, { id: newId('chg', clock), change, replaces: null, batch: null, madeBy: SEED_ACTOR }, tx);
      await store.insertStep(tx, { changeId: id, step: 'published', madeBy: SEED_ACTOR, madeAt: at, reason: null });
      await events.emit('register.changed', { changeId: id, change: 'published', digest, actor: SEED_ACTOR }, tx);
    }
  });
}
