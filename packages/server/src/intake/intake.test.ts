import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import type { TestDatabase } from '../../test/support/database.ts';
import { createIntakeDatabase, emptyIntake, feedOf, NEVER, PERSON, startIntake, type TestIntake } from '../../test/support/intake.ts';
import { verifyReceiptOffline, type CreateUpload, type UploadView } from './index.ts';

let db: TestDatabase;
let intake: TestIntake;
beforeAll(async () => {
  db = await createIntakeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await emptyIntake(db);
  intake = await startIntake({ db });
});
afterEach(() => intake.stop());

/** Screenings begin, and end when the test says so. */
function holdBack(): { decideNow(): void } {
  let decideNow = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    decideNow = resolve;
  });
  intake.screening.answer = async () => {
    await gate;
    return {};
  };
  return { decideNow };
}

const sha = (content: string): string => createHash('sha256').update(content).digest('hex');
const waiting = { principal: PERSON, waitS: 20, signal: NEVER };
const at = { ...waiting, waitS: 0 };
const submit = (content: string, input: CreateUpload = {}, to: TestIntake = intake): Promise<UploadView> =>
  to.service.submit(input, { ...waiting, feed: feedOf(content) });
const create = async (input: CreateUpload = {}): Promise<string> =>
  (await intake.service.create(input, { principal: PERSON, idempotencyKey: undefined })).view.id;
const send = (id: string, content: string): Promise<UploadView> => intake.service.receive(id, { ...waiting, feed: feedOf(content) });
const isIn = (area: 'quarantine' | 'released', content: string): boolean => existsSync(intake.context.blobs[area].pathOf(sha(content)));
const spooled = (): Promise<string[]> => readdir(join(intake.context.config.dataDir, 'spool'));
const counts = async (): Promise<Record<string, number>> =>
  Object.fromEntries(Object.entries((await intake.service.summarise()).byState).filter(([, count]) => count > 0));

describe('an upload', () => {
  it('that is clear is released with a receipt over exactly its bytes', async () => {
    const view = await submit('clear picture', { reference: 'post 7' });
    expect(view).toMatchObject({
      state: 'released',
      disposition: 'release',
      reference: 'post 7',
      sizeBytes: 13,
      sha256: sha('clear picture'),
      mediaType: 'image/png',
      attempts: 1,
      message: 'The file was accepted.',
    });
    const check = await verifyReceiptOffline(view.receipt ?? '', await intake.service.jwks(), { sha256: view.sha256, size: 13, now: intake.clock.now() });
    expect(check).toMatchObject({ valid: true, claims: { sub: view.id, verdict: 'clear', listSetVersion: 1, policyVersion: intake.service.policyVersion } });
    expect(await intake.service.verifyReceipt({ receipt: view.receipt ?? '', sha256: view.sha256, size: 13 })).toMatchObject({
      valid: true,
      isContentChecked: true,
    });
    expect(await text((await intake.service.openContent(view.id)).stream)).toBe('clear picture');
    expect([isIn('released', 'clear picture'), isIn('quarantine', 'clear picture')]).toEqual([true, false]);
    expect(await spooled()).toEqual([]);
    expect(intake.emitted.map(({ name }) => name)).toEqual(['receipt.issued', 'upload.decided']);
  });

  it.each([
    ['match', 'held', 'hold'],
    ['match refuse', 'refused', 'refuse'],
    ['unscannable undecodable', 'held', 'hold'],
    ['unscannable no_reliable_perceptual_hash', 'held', 'hold'],
    ['error no_lists', 'held', 'hold'],
  ])('with "%s" is %s, without a receipt, and its bytes cannot be fetched', async (content, state, disposition) => {
    const view = await submit(content);
    expect(view).toMatchObject({ state, disposition, message: `This file could not be published. Reference ${view.id}.` });
    expect(view.receipt).toBeUndefined();
    await expect(intake.service.openContent(view.id)).rejects.toMatchObject({ code: 'conflict' });
    expect([isIn('released', content), isIn('quarantine', content)]).toEqual([false, true]);
    expect(intake.emitted.map(({ name }) => name)).toEqual(['upload.decided']);
  });

  it('released unscanned by an explicit policy can be fetched but has no receipt', async () => {
    const lax = await startIntake({ db, config: { onUnscannable: 'release', onLowQuality: 'release' } });
    const view = await submit('unscannable encrypted', {}, lax);
    expect(view).toMatchObject({ state: 'released', disposition: 'release' });
    expect(view.receipt).toBeUndefined();
    expect(await text((await lax.service.openContent(view.id)).stream)).toBe('unscannable encrypted');
    expect(lax.service.policyVersion).not.toBe(intake.service.policyVersion);
    await lax.stop();
  });

  it('shows why only to whoever may read uploads', async () => {
    const view = await submit('match');
    expect(view.screening?.hits).toHaveLength(1);
    const writer = { ...PERSON, rights: new Set(['uploads:write'] as const) };
    const seen = await intake.service.get(view.id, { ...at, principal: writer });
    expect(seen.screening).toBeUndefined();
    expect(JSON.stringify(seen)).not.toContain('demonstration');
  });

  it('waits for its decision no longer than asked', async () => {
    const { decideNow } = holdBack();
    const id = await create();
    const early = await intake.service.receive(id, { ...at, feed: feedOf('slow') });
    expect(['received', 'scanning']).toContain(early.state);
    const later = intake.service.get(id, waiting);
    await expect.poll(() => intake.screening.requests.length).toBe(1);
    decideNow();
    expect(await later).toMatchObject({ state: 'released' });
  });

  it('answers unknown ids with not_found', async () => {
    const id = `upl_${'0'.repeat(26)}`;
    for (const call of [
      () => intake.service.get(id, at),
      () => send(id, 'x'),
      () => intake.service.remove(id, 'per_1'),
      () => intake.service.rescreen(id, at),
      () => intake.service.openContent(id),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('receiving', () => {
  it('the same bytes again gives the same answer, other bytes never replace them', async () => {
    const id = await create();
    const first = await send(id, 'clear one');
    expect(await send(id, 'clear one')).toEqual(first);
    await expect(send(id, 'clear two')).rejects.toMatchObject({ code: 'conflict' });
    await expect(send(id, 'clear one and more')).rejects.toMatchObject({ code: 'conflict' });
    expect(await intake.service.get(id, at)).toEqual(first);
    expect(await spooled()).toEqual([]);
    expect(intake.screening.requests).toHaveLength(1);
  });

  it('two senders at once: one is accepted, the other is told', async () => {
    const id = await create();
    const answers = await Promise.allSettled([send(id, 'clear left'), send(id, 'clear right'), send(id, 'clear left')]);
    const view = await intake.service.get(id, at);
    const winner = view.sha256 === sha('clear left') ? 'clear left' : 'clear right';
    for (const [index, answer] of answers.entries()) {
      const content = index === 1 ? 'clear right' : 'clear left';
      if (content === winner) expect(answer.status).toBe('fulfilled');
      else expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } });
    }
    expect(isIn('quarantine', winner === 'clear left' ? 'clear right' : 'clear left')).toBe(false);
  });

  it('holds to what was announced, and the upload can be tried again', async () => {
    const id = await create({ sizeBytes: 5, sha256: sha('clear') });
    await expect(send(id, 'clea')).rejects.toMatchObject({ code: 'length_mismatch' });
    await expect(send(id, 'cleaR')).rejects.toMatchObject({ code: 'digest_mismatch' });
    expect(await intake.service.get(id, at)).toMatchObject({ state: 'created' });
    expect(await send(id, 'clear')).toMatchObject({ state: 'released' });
  });

  it('a body that proves malformed after its content keeps nothing', async () => {
    const id = await create();
    const feed = async (sink: (stream: Readable) => Promise<void>): Promise<void> => {
      await sink(Readable.from([Buffer.from('clear')]));
      throw new Error('trailing rubbish');
    };
    await expect(intake.service.receive(id, { ...waiting, feed })).rejects.toThrow('trailing rubbish');
    await expect(
      intake.service.receive(id, {
        ...waiting,
        feed: async (sink) => {
          await sink(Readable.from([Buffer.from('clear')]));
          await sink(Readable.from([Buffer.from('clear')]));
        },
      }),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(intake.service.receive(id, { ...waiting, feed: async () => undefined })).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await spooled()).toEqual([]);
    expect(intake.service.waitingBytes()).toBe(0);
    expect(await counts()).toEqual({ created: 1 });
  });

  it('with the database away keeps the bytes out of sight and says so', async () => {
    const id = await create();
    await sql`alter table intake.upload rename to upload_away`.execute(db.database.sql);
    await expect(send(id, 'clear')).rejects.toBeDefined();
    await sql`alter table intake.upload_away rename to upload`.execute(db.database.sql);
    expect(await spooled()).toEqual([]);
    expect(await send(id, 'clear')).toMatchObject({ state: 'released' });
  });

  it('uploads of the same bytes share a file and none takes it from another', async () => {
    const [first, second] = [await submit('clear shared'), await submit('clear shared')];
    await intake.service.remove(first.id, 'per_1');
    expect(isIn('released', 'clear shared')).toBe(true);
    expect(await text((await intake.service.openContent(second.id)).stream)).toBe('clear shared');
    await intake.service.remove(second.id, 'per_1');
    expect(isIn('released', 'clear shared')).toBe(false);
  });
});

describe('an idempotency key', () => {
  const by = (idempotencyKey: string, id = 'key_1'): { principal: typeof PERSON; idempotencyKey: string } => ({ principal: { ...PERSON, id }, idempotencyKey });
  it('gives the same upload to the same request of the same principal, for a day', async () => {
    const [first, same] = await Promise.all([intake.service.create({ reference: 'a' }, by('k')), intake.service.create({ reference: 'a' }, by('k'))]);
    expect(same.view.id).toBe(first.view.id);
    expect([first.isReplay, same.isReplay].toSorted()).toEqual([false, true]);
    await expect(intake.service.create({ reference: 'b' }, by('k'))).rejects.toMatchObject({ code: 'idempotency_conflict' });
    expect((await intake.service.create({ reference: 'a' }, by('k', 'key_2'))).view.id).not.toBe(first.view.id);
    await expect(intake.service.create({}, by('ä'))).rejects.toMatchObject({ code: 'invalid_request' });
    const { rows } = await sql<{ text: string }>`select encode(scope, 'escape') as text from intake.idempotency`.execute(db.database.sql);
    expect(rows.some(({ text: stored }) => stored.includes('k"'))).toBe(false);
    intake.clock.advance(25 * 3_600_000);
    await intake.service.upkeep.sweep(NEVER);
    expect((await intake.service.create({ reference: 'a' }, by('k'))).view.id).not.toBe(first.view.id);
  });
});

describe('an error', () => {
  it('is tried again with growing delays, held meanwhile, and held for good at the end', async () => {
    const id = await create();
    expect((await intake.service.receive(id, { ...at, feed: feedOf('error lists_stale') })).state).not.toBe('released');
    for (let attempt = 1; attempt < 9; attempt++) {
      // The collected job is seen before its transaction has ended.
      await expect.poll(() => [intake.collected.length, intake.service.waitingBytes()]).toEqual([1, 0]);
      const view = await intake.service.get(id, at);
      expect(view).toMatchObject({ state: 'received', attempts: attempt, message: 'The file is being checked.', screening: { verdict: 'error' } });
      await expect(intake.service.openContent(id)).rejects.toMatchObject({ code: 'conflict' });
      await intake.runJobs();
    }
    expect(await intake.service.get(id, waiting)).toMatchObject({ state: 'held', attempts: 9, screening: { verdict: 'error', reason: 'lists_stale' } });
  });

  it('that passes ends in the true verdict', async () => {
    let failures = 2;
    intake.screening.answer = async () => (failures-- > 0 ? { verdict: 'error', reason: 'decoder_unavailable' } : {});
    const id = await create();
    await intake.service.receive(id, { ...at, feed: feedOf('content') });
    await expect
      .poll(async () => {
        // A job that is run before its transaction has ended finds nothing to do, and is lost to this test.
        if (intake.service.waitingBytes() === 0) await intake.runJobs();
        return (await intake.service.get(id, at)).state;
      })
      .toBe('released');
  });

  it('thrown by screening or by the decision is not the end of the upload', async () => {
    intake.screening.answer = () => Promise.reject(new Error('bug'));
    const id = await create();
    await intake.service.receive(id, { ...at, feed: feedOf('content') });
    await expect.poll(() => intake.screening.requests.length).toBe(1);
    intake.screening.answer = undefined;
    await expect
      .poll(async () => {
        intake.clock.advance(2_000);
        return (await intake.service.get(id, at)).state;
      })
      .toBe('released');
  });

  it('is mended by an operator who has it screened again', async () => {
    const view = await submit('error no_lists');
    intake.screening.answer = async () => ({});
    expect(await intake.service.rescreen(view.id, waiting)).toMatchObject({ state: 'released', receipt: expect.any(String) });
    await expect(intake.service.rescreen(await create(), at)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('a decision', () => {
  it('that came too late for a deleted upload decides nothing', async () => {
    const { decideNow } = holdBack();
    const id = await create();
    await intake.service.receive(id, { ...at, feed: feedOf('late') });
    await expect.poll(() => intake.screening.requests.length).toBe(1);
    await intake.service.remove(id, 'per_1');
    decideNow();
    await expect.poll(() => intake.service.waitingBytes()).toBe(0);
    expect(await intake.service.get(id, at)).toMatchObject({ state: 'deleted', message: 'This file is no longer stored.' });
    expect([isIn('released', 'late'), isIn('quarantine', 'late')]).toEqual([false, false]);
    expect(intake.emitted).toEqual([]);
  });

  it('is undone by an event handler that fails, and made again', async () => {
    let failures = 1;
    intake.context.events.on('upload.decided', () => {
      if (failures-- > 0) throw new Error('the log is away');
    });
    const id = await create();
    await intake.service.receive(id, { ...at, feed: feedOf('clear') });
    await expect
      .poll(async () => {
        intake.clock.advance(2_000);
        return (await intake.service.get(id, at)).state;
      })
      .toBe('released');
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from intake.receipt`.execute(db.database.sql);
    expect(rows[0]?.count).toBe(1);
  });

  it('uses the lists in force when it is made, not those of the decoding', async () => {
    intake.screening.answer = async (request) => {
      const before = intake.screening.version;
      intake.screening.version += 1;
      intake.screening.known.add(request.digests.sha256);
      return { listSetVersion: before };
    };
    expect(await submit('overtaken')).toMatchObject({ state: 'held', screening: { verdict: 'match', listSetVersion: 2 } });
  });
});

describe('after a kill', () => {
  it('what was received or being screened is taken up and decided', async () => {
    intake.screening.answer = () => new Promise(() => undefined);
    const ids = await Promise.all(Array.from({ length: 20 }, async (_none, index) => (await submitAt(`clear ${index}`)).id));
    await expect.poll(() => intake.screening.requests.length).toBeGreaterThan(0);
    intake.screening.answer = undefined;
    const again = await intake.restart();
    // The clock stands still: what happens by itself a second after the start is asked for.
    await again.service.upkeep.recover();
    for (const id of ids) expect(await again.service.get(id, waiting)).toMatchObject({ state: 'released' });
  });

  it('another node leaves a living node its leases and takes those that ran out', async () => {
    intake.screening.answer = () => new Promise(() => undefined);
    const { id } = await submitAt('clear leased');
    await expect.poll(async () => (await counts())['scanning']).toBe(1);
    intake.screening.answer = undefined;
    const other = await startIntake({ db, clock: intake.clock, screening: intake.screening });
    await other.service.upkeep.recover();
    expect((await other.service.get(id, at)).state).toBe('scanning');
    intake.clock.advance(301_000);
    // The bytes are on the first node's disk: the other one must not judge what it cannot read.
    await other.service.upkeep.recover();
    expect((await other.service.get(id, at)).state).toBe('scanning');
    await other.context.blobs.quarantine.put([Buffer.from('clear leased')] as unknown as AsyncIterable<Uint8Array>);
    await other.service.upkeep.recover();
    expect(await other.service.get(id, waiting)).toMatchObject({ state: 'released', attempts: 2 });
  });

  it('an upload whose sender died with the process can be sent again', async () => {
    const id = await create();
    const stalled = intake.service.receive(id, { ...waiting, feed: (sink) => sink(new Readable({ read: () => undefined })) });
    stalled.catch(() => undefined);
    await expect.poll(async () => (await counts())['receiving']).toBe(1);
    const again = await intake.restart();
    expect(await again.service.get(id, at)).toMatchObject({ state: 'created' });
    expect(await spooled()).toEqual([]);
  });
});

const submitAt = (content: string): Promise<UploadView> => intake.service.submit({}, { ...at, feed: feedOf(content) });

describe('a list change', () => {
  const change = async (content: string): Promise<void> => {
    intake.screening.known.add(sha(content));
    intake.screening.version += 1;
    await intake.context.events.emit('list.changed', {
      listId: 'list_1',
      listSetVersion: intake.screening.version,
      change: 'import',
      added: 1,
      removed: 0,
      actor: 'test',
    });
  };

  it('revokes what it now knows, holds it, tells the receiver, and leaves the rest', async () => {
    const view = await submit('clear now');
    const other = await submit('clear always');
    const scanned = await intake.service.scan({ ...at, feed: feedOf('clear now'), wantsReceipt: true });
    await change('clear now');
    await intake.runJobs();
    expect(await intake.service.get(view.id, at)).toMatchObject({
      state: 'held',
      disposition: 'hold',
      screening: { verdict: 'match', listSetVersion: 2, media: { type: 'image/png' } },
    });
    await expect(intake.service.openContent(view.id)).rejects.toMatchObject({ code: 'conflict' });
    expect([isIn('released', 'clear now'), isIn('quarantine', 'clear now')]).toEqual([false, true]);
    for (const receipt of [view.receipt, scanned.receipt])
      expect(await intake.service.verifyReceipt({ receipt: receipt ?? '' })).toMatchObject({ valid: false, reason: 'revoked' });
    expect(await intake.service.verifyReceipt({ receipt: other.receipt ?? '' })).toMatchObject({ valid: true });
    expect(intake.emitted.filter(({ name }) => name === 'receipt.revoked')).toHaveLength(2);
    const { rows } = await sql<{
      count: number;
    }>`select count(*)::int as count from intake.receipt where revoked_at is not null and signals is not null`.execute(db.database.sql);
    expect(rows[0]?.count).toBe(0);
  });

  it('is obeyed before its job has run: by verification, by the status and by the content', async () => {
    const views = [await submit('clear a'), await submit('clear b'), await submit('clear c')];
    for (const content of ['clear a', 'clear b', 'clear c']) await change(content);
    expect(await intake.service.verifyReceipt({ receipt: views[0]?.receipt ?? '' })).toMatchObject({ valid: false, reason: 'revoked' });
    const shown = await intake.service.get(views[1]?.id ?? '', at);
    expect([shown.state, shown.receipt]).toEqual(['held', undefined]);
    await expect(intake.service.openContent(views[2]?.id ?? '')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('cannot be undone by the screening again of content that is listed', async () => {
    const view = await submit('clear then');
    await change('clear then');
    expect(await intake.service.rescreen(view.id, waiting)).toMatchObject({ state: 'held' });
    expect(isIn('released', 'clear then')).toBe(false);
  });
});

describe('a receipt', () => {
  it('ends with the deletion of its upload', async () => {
    const view = await submit('clear gone');
    await intake.service.remove(view.id, 'per_1');
    await intake.service.remove(view.id, 'per_1');
    expect(await intake.service.verifyReceipt({ receipt: view.receipt ?? '' })).toMatchObject({ valid: false, reason: 'revoked' });
    await expect(intake.service.openContent(view.id)).rejects.toMatchObject({ code: 'gone' });
    expect(intake.emitted.at(-1)).toMatchObject({ name: 'receipt.revoked', payload: { reason: 'deleted' } });
  });

  it('that has expired fetches nothing more, and a new screening gives a new one', async () => {
    const short = await startIntake({ db, config: { receiptTtlMinutes: 1 } });
    const view = await submit('clear short', {}, short);
    short.clock.advance(61_000);
    expect((await short.service.get(view.id, at)).receipt).toBeUndefined();
    await expect(short.service.openContent(view.id)).rejects.toMatchObject({ code: 'gone' });
    expect(await short.service.verifyReceipt({ receipt: view.receipt ?? '' })).toMatchObject({ valid: false, reason: 'expired' });
    const again = await short.service.rescreen(view.id, waiting);
    expect(again.receipt).not.toBe(view.receipt);
    expect(await text((await short.service.openContent(view.id)).stream)).toBe('clear short');
    await short.stop();
  });

  it('is not valid for a service that would not hear of its withdrawal', async () => {
    const callbackUrl = 'https://forum.example/gatehouse';
    const own = await submit('clear told', { callbackUrl });
    const silent = await submit('clear untold');
    const verify = async (receipt = '', to?: string): Promise<unknown> => {
      const { valid, reason } = await intake.service.verifyReceipt({ receipt, ...(to === undefined ? {} : { callbackUrl: to }) });
      return reason ?? valid;
    };
    expect(await verify(own.receipt, callbackUrl)).toBe(true);
    expect(await verify(own.receipt, `${callbackUrl}/`)).toBe('callback_differs');
    expect(await verify(silent.receipt, callbackUrl)).toBe('callback_differs');
    expect([await verify(own.receipt), await verify(silent.receipt)]).toEqual([true, true]);
  });

  it('of our key that we never issued is unknown', async () => {
    const view = await submit('clear known');
    await sql`delete from intake.receipt`.execute(db.database.sql);
    expect(await intake.service.verifyReceipt({ receipt: view.receipt ?? '' })).toMatchObject({ valid: false, reason: 'unknown_receipt' });
  });

  it('can be checked with the keys of other nodes, and with its own after a restart', async () => {
    const view = await submit('clear elsewhere');
    const other = await startIntake({ db, clock: intake.clock, screening: intake.screening });
    expect((await other.service.jwks()).keys).toHaveLength(2);
    expect(await other.service.verifyReceipt({ receipt: view.receipt ?? '' })).toMatchObject({ valid: true });
  });
});

describe('a scan', () => {
  const scan = (content: string, wantsReceipt = true): ReturnType<TestIntake['service']['scan']> =>
    intake.service.scan({ ...at, feed: feedOf(content), wantsReceipt });

  it('keeps nothing but the receipt of what is clear', async () => {
    const clear = await scan('clear');
    expect(clear).toMatchObject({ verdict: 'clear', disposition: 'release', sha256: sha('clear'), sizeBytes: 5 });
    expect(await intake.service.verifyReceipt({ receipt: clear.receipt ?? '', sha256: sha('clear'), size: 5 })).toMatchObject({
      valid: true,
      claims: { sub: clear.id },
    });
    expect((await scan('clear', false)).receipt).toBeUndefined();
    for (const content of ['match', 'unscannable empty', 'error lists_stale']) expect((await scan(content)).receipt).toBeUndefined();
    expect(await counts()).toEqual({});
    expect(await spooled()).toEqual([]);
    expect([isIn('quarantine', 'clear'), isIn('released', 'clear')]).toEqual([false, false]);
  });

  it('removes its file on every path', async () => {
    intake.screening.answer = () => Promise.reject(new Error('bug'));
    await expect(scan('clear')).rejects.toThrow('bug');
    await expect(
      intake.service.scan({ ...at, wantsReceipt: true, feed: (sink) => sink(Readable.from([Buffer.alloc(300)]), { sizeBytes: 301 }) }),
    ).rejects.toMatchObject({ code: 'length_mismatch' });
    expect(await spooled()).toEqual([]);
    expect(intake.service.waitingBytes()).toBe(0);
  });
});

describe('held content', () => {
  it('is drawn for whoever asks, blurred, and each look is recorded', async () => {
    const view = await submit('match');
    const look = { isBlurred: true, principal: PERSON, signal: NEVER };
    await expect(intake.service.view(view.id, look)).rejects.toMatchObject({ code: 'conflict' });
    const asked: boolean[] = [];
    intake.screening.renderPreview = async ({ isBlurred }) => {
      asked.push(isBlurred);
      return { bytes: new Uint8Array([1]), mediaType: 'image/png' };
    };
    await intake.service.view(view.id, look);
    expect(asked).toEqual([true]);
    expect(intake.emitted.at(-1)).toEqual({ name: 'upload.content_viewed', payload: { uploadId: view.id, actor: PERSON.id } });
    intake.context.events.on('upload.content_viewed', () => {
      throw new Error('not recorded');
    });
    await expect(intake.service.view(view.id, look)).rejects.toThrow('not recorded');
    expect(asked).toHaveLength(1);
  });
});

describe('the janitor', () => {
  it('ends what has outlived its time, and only that', async () => {
    const [open, released, held] = [await create(), (await submit('clear old')).id, (await submit('match old')).id];
    intake.clock.advance(23 * 3_600_000);
    const young = (await submit('clear young')).id;
    intake.clock.advance(2 * 3_600_000);
    expect((await intake.service.upkeep.sweep(NEVER)).expired).toBe(2);
    const state = async (id: string): Promise<string> => (await intake.service.get(id, at)).state;
    expect(await Promise.all([open, released, held, young].map(state))).toEqual(['expired', 'expired', 'held', 'released']);
    expect([isIn('released', 'clear old'), isIn('quarantine', 'match old')]).toEqual([false, true]);
    await expect(send(open, 'clear late')).rejects.toMatchObject({ code: 'gone' });
    intake.clock.advance(90 * 86_400_000);
    await intake.service.upkeep.sweep(NEVER);
    expect(await state(held)).toBe('expired');
    expect(isIn('quarantine', 'match old')).toBe(false);
    const { rows } = await sql<{ count: number }>`select count(*)::int as count from intake.upload where screening is not null or sha256 is not null`.execute(
      db.database.sql,
    );
    expect(rows[0]?.count).toBe(0);
  });

  it('never expires what was acknowledged and not yet decided', async () => {
    intake.screening.answer = async () => ({ verdict: 'error', reason: 'lists_stale' });
    const { id } = await submitAt('kept');
    await expect.poll(() => [intake.collected.length, intake.service.waitingBytes()]).toEqual([1, 0]);
    intake.clock.advance(400 * 86_400_000);
    await intake.service.upkeep.sweep(NEVER);
    // It may just be under way again: its time had come, too.
    expect(['received', 'scanning']).toContain((await intake.service.get(id, at)).state);
    expect(isIn('quarantine', 'kept')).toBe(true);
  });

  it('removes files that no row refers to, after an hour', async () => {
    const held = await submit('match kept');
    const { blobs } = intake.context;
    for (const area of ['quarantine', 'released'] as const) await blobs[area].put([Buffer.from('orphan')] as unknown as AsyncIterable<Uint8Array>);
    const paths = [blobs.quarantine.pathOf(sha('orphan')), blobs.released.pathOf(sha('orphan')), blobs.quarantine.pathOf(sha('match kept'))];
    const age = async (minutes: number): Promise<void> => {
      const then = new Date(intake.clock.now().getTime() - minutes * 60_000);
      for (const path of paths) await utimes(path, then, then);
    };
    await age(59);
    expect((await intake.service.upkeep.sweep(NEVER)).orphans).toBe(0);
    await age(61);
    expect((await intake.service.upkeep.sweep(NEVER)).orphans).toBe(2);
    expect(paths.map((path) => existsSync(path))).toEqual([false, false, true]);
    expect((await intake.service.get(held.id, at)).state).toBe('held');
  });
});

describe('the list of uploads', () => {
  it('is filtered and paged, newest first', async () => {
    const ids: string[] = [];
    for (const content of ['clear 1', 'match 2', 'match refuse', 'clear 4', 'unscannable empty']) {
      ids.unshift((await submit(content, { reference: content })).id);
      intake.clock.advance(1_000);
    }
    const list = async (filter: object): Promise<string[]> =>
      (await intake.service.list({ limit: 50, ...filter }, PERSON)).items.map(({ reference }) => reference ?? '');
    expect(await list({ state: 'held' })).toEqual(['unscannable empty', 'match 2']);
    expect(await list({ verdict: 'match' })).toEqual(['match refuse', 'match 2']);
    expect(await list({ disposition: 'release' })).toEqual(['clear 4', 'clear 1']);
    expect(await list({ reference: 'clear 4' })).toEqual(['clear 4']);
    expect(await list({ since: new Date(intake.clock.now().getTime() - 2_500).toISOString() })).toEqual(['unscannable empty', 'clear 4']);
    const first = await intake.service.list({ limit: 2 }, PERSON);
    const second = await intake.service.list({ limit: 3, before: first.next }, PERSON);
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeUndefined();
  });
});
