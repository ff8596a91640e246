import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import type { TestDatabase } from '../../test/support/database.ts';
import { createIntakeDatabase, emptyIntake, NEVER, startIntake, type TestIntake } from '../../test/support/intake.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import type { SettingKey } from '../platform/config.ts';
import type { Passed } from './index.ts';

const ICAP: Principal = { kind: 'surface', id: 'surface:icap', name: 'icap', rights: new Set() };
const sha = (content: string): string => createHash('sha256').update(content).digest('hex');

let db: TestDatabase;
let intake: TestIntake;
const start = async (config: Partial<Record<SettingKey, unknown>> = {}): Promise<void> => {
  await intake?.stop();
  intake = await startIntake({ db, config });
};
beforeAll(async () => {
  db = await createIntakeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await emptyIntake(db);
  intake = await startIntake({ db });
});
afterEach(() => intake.stop());

const pass = async (content: string, { wantsReceipt = false, signal = NEVER } = {}): Promise<Passed> => {
  const body = await intake.service.spool(Readable.from([Buffer.from(content)]), { signal: NEVER });
  try {
    return await intake.service.pass({ content: body, principal: ICAP, surface: 'icap', signal, wantsReceipt });
  } finally {
    await body.discard();
  }
};
const rows = async (): Promise<number> =>
  (await sql<{ count: number }>`select count(*)::int as count from intake.upload`.execute(db.database.sql)).rows[0]?.count ?? 0;
const spooled = (): Promise<string[]> => readdir(join(intake.context.config.dataDir, 'spool'));
const isIn = (area: 'quarantine' | 'released', content: string): boolean => existsSync(intake.context.blobs[area].pathOf(sha(content)));

describe('content that passes through', () => {
  it('is let through when it is clear, and leaves nothing behind but an entry of the log', async () => {
    const passed = await pass('clear picture');
    expect(passed).toMatchObject({ verdict: 'clear', disposition: 'release', sha256: sha('clear picture'), sizeBytes: 13, receipt: undefined });
    expect(passed.id).toMatch(/^scn_/);
    expect(await rows()).toBe(0);
    expect(await spooled()).toEqual([]);
    expect(isIn('quarantine', 'clear picture')).toBe(false);
    expect(intake.service.waitingBytes()).toBe(0);
  });

  it('gets a receipt when one is asked for, and only when it is clear', async () => {
    const { receipt } = await pass('clear picture', { wantsReceipt: true });
    expect(await intake.service.verifyReceipt({ receipt: receipt ?? '', sha256: sha('clear picture'), size: 13 })).toMatchObject({ valid: true });
    expect((await pass('match', { wantsReceipt: true })).receipt).toBeUndefined();
  });

  it('is kept for a person when it matches: decided once, with its surface, and screened once', async () => {
    const passed = await pass('match refuse');
    expect(passed).toMatchObject({ verdict: 'match', disposition: 'refuse', message: expect.stringContaining(passed.id) });
    expect(passed.id).toMatch(/^upl_/);
    const view = await intake.service.get(passed.id, { principal: { ...ICAP, rights: new Set(['uploads:read']) }, waitS: 0, signal: NEVER });
    expect(view).toMatchObject({
      state: 'refused',
      disposition: 'refuse',
      surface: 'icap',
      attempts: 1,
      sha256: passed.sha256,
      screening: { verdict: 'match' },
    });
    expect(isIn('quarantine', 'match refuse')).toBe(true);
    expect(isIn('released', 'match refuse')).toBe(false);
    expect(await spooled()).toEqual([]);
    expect(intake.screening.requests).toHaveLength(1);
    await intake.service.upkeep.recover();
    expect(intake.screening.requests).toHaveLength(1);
    expect(intake.emitted.filter(({ name }) => name === 'upload.decided')).toHaveLength(1);
  });

  it('that is already in quarantine shares its bytes there', async () => {
    const first = await pass('match');
    const second = await pass('match');
    expect(second.id).not.toBe(first.id);
    await intake.service.remove(first.id, 'test');
    expect(isIn('quarantine', 'match')).toBe(true);
    await intake.service.remove(second.id, 'test');
    expect(isIn('quarantine', 'match')).toBe(false);
  });

  it.each([
    ['match', 'match', 1],
    ['match', 'unscannable', 0],
    ['all', 'unscannable', 1],
    ['nothing', 'match', 0],
    ['all', 'error', 0],
  ] as const)('passKeep=%s: %s leaves %i uploads', async (passKeep, content, count) => {
    await start({ passKeep });
    expect(await pass(content)).toMatchObject({ verdict: content, disposition: 'hold' });
    expect(await rows()).toBe(count);
  });

  it('is released by a policy without a receipt', async () => {
    await start({ onUnscannable: 'release', passKeep: 'all' });
    expect(await pass('unscannable', { wantsReceipt: true })).toMatchObject({ verdict: 'unscannable', disposition: 'release', receipt: undefined });
    expect(await rows()).toBe(0);
  });
});

describe('when no answer can be given', () => {
  const failed = { verdict: 'error', disposition: 'hold', receipt: undefined };

  it('a screening that throws is an error', async () => {
    intake.screening.answer = () => Promise.reject(new Error('boom'));
    expect(await pass('clear', { wantsReceipt: true })).toMatchObject({ ...failed, reason: 'internal' });
  });

  it('a screening that takes too long is an error', async () => {
    await start({ passDeadlineMs: 100 });
    intake.screening.answer = () => new Promise(() => undefined);
    expect(await pass('clear')).toMatchObject({ ...failed, reason: 'deadline' });
  });

  it('a sender that goes away is an error', async () => {
    const gone = new AbortController();
    intake.screening.answer = () => {
      gone.abort();
      return new Promise(() => undefined);
    };
    expect(await pass('clear', { signal: gone.signal })).toMatchObject({ ...failed, reason: 'cancelled' });
  });

  it('an answer that cannot be recorded is none, for clear content and for a match', async () => {
    const { database } = intake.context;
    Object.assign(intake.context, { database: { ...database, transact: () => Promise.reject(new Error('away')) } });
    try {
      expect(await pass('clear', { wantsReceipt: true })).toMatchObject({ ...failed, reason: 'database' });
      expect(await pass('match')).toMatchObject({ ...failed, reason: 'database' });
    } finally {
      Object.assign(intake.context, { database });
    }
    expect(await rows()).toBe(0);
    expect(await pass('clear')).toMatchObject({ disposition: 'release' });
  });

  it('a match for which there is no room is a match all the same', async () => {
    const { quarantine } = intake.context.blobs;
    const adopt = quarantine.adopt.bind(quarantine);
    Object.assign(quarantine, { adopt: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) });
    try {
      const passed = await pass('match refuse');
      expect(passed).toMatchObject({ verdict: 'match', disposition: 'refuse' });
      expect(passed.id).toMatch(/^scn_/);
    } finally {
      Object.assign(quarantine, { adopt });
    }
    expect(await rows()).toBe(0);
  });
});

describe('in stub mode', () => {
  it('the policy is another one: the log tells when it was switched on and off', async () => {
    const { policyVersion } = intake.service;
    await start({ stubMode: true });
    expect(intake.service.policyVersion).not.toBe(policyVersion);
  });

  it('a name that can force nothing more leaves no bytes behind', async () => {
    const noteName = (): never => {
      throw new GatehouseError('queue_full', 'Too many.');
    };
    Object.assign(intake.screening, { stub: { noteName } });
    const spool = intake.service.spool(Readable.from([Buffer.from('clear')]), { signal: NEVER, announced: [{ fileName: 'gatehouse-clear.x' }] });
    await expect(spool).rejects.toMatchObject({ code: 'queue_full' });
    expect(await spooled()).toEqual([]);
    expect(intake.service.waitingBytes()).toBe(0);
  });
});
