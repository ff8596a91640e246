/** What an upload takes of a permit, and when that comes back. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { PERSON, startIntake, type TestIntake } from '../../../test/support/intake.ts';
import { intakeDomain } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { SurfaceParts } from '../room.ts';
import { migrations } from './migrations.ts';
import type { Outcome } from './schema.ts';
import { createPermits, type PermitsService } from './service.ts';

const BYTES = Buffer.from('match of a device that lied');
const sha256 = createHash('sha256').update(BYTES).digest('hex');
const away = new GatehouseError('database_unavailable', 'gone for a moment');
const { signal } = new AbortController();
let db: TestDatabase;
let intake: TestIntake;
let permits: PermitsService;

beforeAll(async () => {
  db = await createTestDatabase([
    { domain: 'intake', migrations: intakeDomain.migrations },
    { domain: 'surfaces', migrations },
  ]);
  intake = await startIntake({ db, config: { permitsFloorMs: 0 } });
  // Tickets are not needed: who sends has a key.
  permits = createPermits({ context: intake.context, intake: intake.service, screening: intake.screening } as unknown as SurfaceParts);
});
afterAll(async () => {
  await intake.stop();
  await db.drop();
});
afterEach(() => vi.restoreAllMocks());

async function takePermit(): Promise<string> {
  const { permit } = await permits.ask({ sha256, sizeBytes: BYTES.length, pictures: [] }, { principal: PERSON, signal });
  return permit ?? '';
}

const send = (permit: string): Promise<Outcome> =>
  permits.send({ feed: (sink) => sink(Readable.from([BYTES])), sizeBytes: BYTES.length, sha256, permit, principal: PERSON, waitS: 20, signal });

it('comes back when the bytes did not arrive', async () => {
  const permit = await takePermit();
  vi.spyOn(intake.service, 'receive').mockRejectedValueOnce(away);
  await expect(send(permit)).rejects.toMatchObject({ code: 'database_unavailable' });
  expect(await send(permit)).toMatchObject({ state: 'not_released' });
});

it('does not come back when the fault came after the bytes, and what the gate finds is counted', async () => {
  const permit = await takePermit();
  const counted = async (): Promise<number> =>
    Number(/^gatehouse_permits_contradicted_total (\d+)/m.exec((await intake.context.metrics.render()).body)?.[1] ?? 0);
  const before = await counted();
  const { receive } = intake.service;
  vi.spyOn(intake.service, 'receive').mockImplementationOnce(async (id, submission) => {
    await receive(id, { ...submission, waitS: 0 });
    throw away;
  });
  await expect(send(permit)).rejects.toMatchObject({ code: 'database_unavailable' });
  await expect(send(permit)).rejects.toMatchObject({ code: 'permit_invalid' });
  await vi.waitFor(async () => expect(await counted()).toBe(before + 1), { timeout: 20_000 });
});

it('does not come back when nobody can tell', async () => {
  const permit = await takePermit();
  vi.spyOn(intake.service, 'receive').mockRejectedValueOnce(away);
  vi.spyOn(intake.service, 'get').mockRejectedValueOnce(away);
  await expect(send(permit)).rejects.toMatchObject({ code: 'database_unavailable' });
  await expect(send(permit)).rejects.toMatchObject({ code: 'permit_invalid' });
});
