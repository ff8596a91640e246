/** The log on a real database: order, durability, proofs, and everything that somebody could do to it behind its back. */
import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVerifierKey, openCheckpoint, parseVerifierKey, verifyProofFile, createSignerKey, addCosignatures, cosign } from '@gatehouse/tlog';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import type { EventMap } from '../platform/events.ts';
import { auditLogFolder } from './audit.ts';
import { migrations } from './migrations.ts';
import { commitTo, toCanonicalText, toEntryText } from './rules.ts';
import { createLogService, type LogService } from './service.ts';

const DECIDED: EventMap['upload.decided'] = { uploadId: 'upl_1', verdict: 'match', disposition: 'hold', listSetVersion: 7, policyVersion: 'p1' };

let database: TestDatabase;
let test: TestContext;
let service: LogService;
let scratch = '';

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'gatehouse-log-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));
beforeEach(async () => {
  database = await createTestDatabase([{ domain: 'log', migrations }]);
  test = await createTestContext({ database: database.database });
  service = await createLogService(test.context);
});
afterEach(async () => {
  await test.dispose();
  await service.stop();
  await database.drop();
});

const query = (text: string, values: unknown[] = []) => database.database.pool.query(text, values);
const emit = (n = 1, change: Partial<EventMap['upload.decided']> = {}): Promise<void> =>
  database.database.transact(async (tx) => {
    for (let i = 0; i < n; i++) await test.context.events.emit('upload.decided', { ...DECIDED, uploadId: `upl_${i}`, ...change }, tx);
  });
/** Many at once, as rows. */
const insert = (n: number): Promise<unknown> =>
  query(
    `insert into log.pending (kind, at, body, salt) select 'upload.decided', now(), jsonb_build_object('uploadId', 'upl_' || i, 'listSetVersion', i), decode(lpad(to_hex(i), 32, '0'), 'hex') from generate_series(1, $1) i`,
    [n],
  );
const again = async (): Promise<LogService> => createLogService(test.context);

async function exportTo(name: string): Promise<string> {
  const folder = join(scratch, `${name}-${Math.random().toString(16).slice(2)}`);
  await service.export(folder);
  return folder;
}

const keyOf = async () => parseVerifierKey((await service.status()).verifierKey);

describe('entries', () => {
  it('come from every event, in order, in the transaction that causes them', async () => {
    await emit(3);
    await expect(
      database.database.transact(async (tx) => {
        await test.context.events.emit('receipt.revoked', { uploadId: 'upl_9', receiptId: 'rec_9', reason: 'list' }, tx);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    await test.context.events.emit('access.changed', { change: 'key.created', subject: 'key_1', actor: 'local' });
    expect((await service.status()).pending).toBe(4);
    expect(await service.drain()).toBe(4);
    const entries = (await service.entries({ before: 99, limit: 10 })).toReversed();
    expect(entries.map(({ index, entry }) => [index, entry.kind])).toEqual([
      [0, 'upload.decided'],
      [1, 'upload.decided'],
      [2, 'upload.decided'],
      [3, 'access.changed'],
    ]);
    expect(entries.map(({ record }) => record?.body['uploadId'])).toEqual(['upl_0', 'upl_1', 'upl_2', undefined]);
  });

  it('say nothing about anybody: no id, no verdict, no second', async () => {
    await emit();
    await test.context.events.emit('age.result', { service: 'forum', threshold: 18, direction: 'over', result: 'false', grade: 0, methodKind: 'declared' });
    await test.context.events.emit('upload.content_viewed', { uploadId: 'upl_7', actor: 'per_7' });
    await service.drain();
    const leaves = (await query('select leaf from log.entry order by index')).rows.map((row: { leaf: string }) => row.leaf);
    for (const leaf of leaves) expect(leaf).not.toMatch(/upl_|per_|match|hold|forum|false|\d\d:\d\d:\d\d/);
    expect(JSON.parse(leaves[0] ?? '')).toMatchObject({ v: 1, kind: 'upload.decided', fields: { listSetVersion: 7, policyVersion: 'p1' } });
    expect(JSON.parse(leaves[1] ?? '')).toMatchObject({ kind: 'age.result', fields: {} });
  });

  it('commit to the whole record, as long as the salt is there', async () => {
    await emit();
    await service.drain();
    const { entry, record } = await service.entry(0);
    if (record === null) throw new Error('it is there');
    const opened = { kind: 'upload.decided' as const, at: new Date(record.at), body: record.body, salt: Buffer.from(record.salt, 'base64url') };
    expect(commitTo(opened)).toBe(entry.commitment);
    expect(commitTo({ ...opened, body: { ...record.body, verdict: 'clear' } })).not.toBe(entry.commitment);
    expect(toEntryText(opened)).toBe(JSON.stringify(entry));
    await query('update log.entry set salt = null, body = null where index = 0');
    expect((await service.entry(0)).record).toBeNull();
    // Erasing takes nothing from the log.
    expect((await auditLogFolder(await exportTo('erased'), { key: await keyOf(), witnesses: [] })).isIntact).toBe(true);
  });

  it('have one canonical text, whatever the order of members', () => {
    expect(toCanonicalText({ b: 1, a: { d: [1, 'x'], c: null }, e: undefined })).toBe('{"a":{"c":null,"d":[1,"x"]},"b":1}');
  });

  it('get each one place, once, with two nodes at work', async () => {
    const other = await again();
    for (let round = 0; round < 5; round++) {
      await insert(300);
      await Promise.all([service.drain(), other.drain(), service.drain()]);
    }
    await service.drain();
    const { rows } = await query('select count(*)::int as count, max(index)::int as max, count(distinct body)::int as bodies from log.entry');
    expect(rows[0]).toEqual({ count: 1500, max: 1499, bodies: 300 });
    await other.drain();
    expect((await auditLogFolder(await exportTo('two'), { key: await keyOf(), witnesses: [] })).faults).toEqual([]);
  });
});

describe('checkpoints and proofs', () => {
  it('stand for everything that happened before, across tiles and restarts', async () => {
    for (const [at, more] of [1, 254, 1, 1, 300, 6000].entries()) {
      await insert(more);
      const each = at % 2 === 0 ? service : await again();
      const { size, note } = await each.checkpoint();
      const key = await keyOf();
      expect(await openCheckpoint(note, key.name, [key])).toMatchObject({ size });
    }
    const key = await keyOf();
    for (const index of [0, 255, 256, 3000, 6556]) {
      const { entry, proof } = await service.prove(index);
      expect(await verifyProofFile(proof, Buffer.from(entry), { origin: key.name, keys: [key] })).toMatchObject({ index });
      await expect(verifyProofFile(proof, Buffer.from(entry.replace('"v":1', '"v":2')), { origin: key.name, keys: [key] })).rejects.toMatchObject({
        code: 'bad_proof',
      });
    }
    await expect(service.prove(6557)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are signed once for a size, and on demand', async () => {
    expect((await service.checkpoint()).size).toBe(0);
    await emit(2);
    const first = await service.checkpoint();
    expect((await service.checkpoint()).note).toBe(first.note);
    expect(await service.lastNote()).toBe(first.note);
  });

  it('publish only files that a checkpoint stands for', async () => {
    await insert(300);
    await service.drain();
    await expect(service.readFile('tile/0/000')).rejects.toMatchObject({ code: 'not_found' });
    await service.checkpoint();
    expect((await service.readFile('tile/0/000')).length).toBe(8192);
    expect((await service.readFile('tile/0/001.p/44')).length).toBe(44 * 32);
    expect((await service.readFile('tile/1/000.p/1')).length).toBe(32);
    for (const path of ['tile/0/001', 'tile/0/001.p/45', 'tile/1/000', 'tile/2/000.p/1', 'tile/entries/002.p/1', 'tile/0/../../checkpoint', 'tile/9/000.p/1'])
      await expect(service.readFile(path), path).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('behind its back', () => {
  const diverged = expect.objectContaining({ code: 'log_diverged' });
  beforeEach(async () => {
    await insert(700);
    await service.checkpoint();
  });

  it.each([
    ['the end is cut off', `delete from log.entry where index >= 600; delete from log.checkpoint; update log.tree set size = 600`],
    [
      'the database is rolled back to before',
      `truncate log.entry, log.tile, log.checkpoint; update log.tree set size = 0, root = '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'`,
    ],
    ['a hash is another', `update log.tile set root = set_byte(root, 4, get_byte(root, 4) # 1) where level = 0 and index = 1; delete from log.checkpoint`],
    ['an entry of the edge is another', `update log.entry set leaf = replace(leaf, '"v":1', '"v":2') where index = 690; delete from log.checkpoint`],
    ['the checkpoint is another', `update log.checkpoint set root = decode(repeat('ab', 32), 'hex')`],
  ])('%s: nothing is signed any more, and doctor says so', async (_what, statement) => {
    await query(statement);
    await expect((await again()).checkpoint()).rejects.toEqual(diverged);
    expect((await service.status()).isConsistent).toBe(false);
    // What happens meanwhile is not lost.
    await emit();
    expect((await service.status()).pending + (await service.status()).size).toBeGreaterThan(0);
  });

  it.each([
    ['an old entry is another', `update log.entry set leaf = replace(leaf, '"v":1', '"v":2') where index = 30`],
    ['a hash in a full tile is another', `update log.tile set bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) where level = 0 and index = 1`],
    ['an old entry was taken out', `delete from log.entry where index = 30`],
  ])('%s: whoever checks a copy finds it', async (_what, statement) => {
    await query(statement);
    const folder = join(scratch, `behind-${Math.random().toString(16).slice(2)}`);
    const isWritten = await service.export(folder).then(
      () => true,
      () => false,
    );
    const report = await auditLogFolder(folder, { key: await keyOf(), witnesses: [] });
    expect([isWritten, report.isIntact]).toEqual([!statement.startsWith('delete'), false]);
  });

  it('all of it is made anew, tiles and checkpoints included: the file outside the database knows better', async () => {
    await query(
      `truncate log.tile, log.checkpoint, log.entry; update log.tree set size = 0, root = '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'`,
    );
    await insert(800);
    const forger = await again();
    await forger.drain();
    await expect(forger.checkpoint()).rejects.toEqual(diverged);
  });

  it('a foreign checkpoint in its file stops nothing', async () => {
    const stranger = await createSignerKey('stranger.example/log', new Uint8Array(32).fill(3));
    const { signCheckpoint } = await import('@gatehouse/tlog');
    await writeFile(join(test.dataDir, 'log/checkpoint'), await signCheckpoint({ origin: stranger.name, size: 9999, root: new Uint8Array(32) }, [stranger]));
    await insert(5);
    expect((await (await again()).checkpoint()).size).toBe(705);
  });
});

describe('a copy of the log', () => {
  const audit = async (folder: string, options: { readonly witnesses?: Awaited<ReturnType<typeof keyOf>>[] } = {}) =>
    auditLogFolder(folder, { key: await keyOf(), witnesses: options.witnesses ?? [] });

  it('is checked whole: entries, hashes, old checkpoints', async () => {
    for (const n of [10, 500, 90]) {
      await insert(n);
      await service.checkpoint();
    }
    const folder = await exportTo('whole');
    expect(await audit(folder)).toMatchObject({ isIntact: true, entries: 600, checkpoints: 4, faults: [], anchoredUpTo: 0 });
    const damage = async (name: string, work: (copy: string) => Promise<void>): Promise<readonly string[]> => {
      const copy = `${folder}-${name}`;
      await cp(folder, copy, { recursive: true });
      await work(copy);
      const report = await audit(copy);
      expect(report.isIntact, name).toBe(false);
      return report.faults;
    };
    const flip = async (path: string, at: number): Promise<void> => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.with(at, (bytes[at] ?? 0) ^ 1));
    };
    expect(await damage('entry', (copy) => flip(join(copy, 'tile/entries/001'), 30))).toContain('tile/0/001 is not what the entries give.');
    expect(await damage('hash', (copy) => flip(join(copy, 'tile/0/000'), 5))).toEqual(['tile/0/000 is not what the entries give.']);
    expect(await damage('missing', (copy) => rm(join(copy, 'tile/0/000')))).toEqual(['tile/0/000 is missing.']);
    expect(await damage('bundle', (copy) => rm(join(copy, 'tile/entries/000')))).toHaveLength(1);
    expect(await damage('longer', (copy) => appendFile(join(copy, 'tile/entries/001'), 'x'))).toHaveLength(1);
    expect(await damage('note', (copy) => flip(join(copy, 'checkpoint'), 3))).toHaveLength(2);
    expect(await damage('old', (copy) => flip(join(copy, 'checkpoints/10'), 40))).toHaveLength(1);
    expect(await damage('cut', async (copy) => cp(join(copy, 'checkpoints/510'), join(copy, 'checkpoint')))).toContainEqual(
      expect.stringContaining('the end was cut off'),
    );
    expect(await readdir(folder)).toEqual(expect.arrayContaining(['checkpoint', 'checkpoints', 'tile', 'verifier-key']));
  });

  it('is told from one that another key signed', async () => {
    await insert(3);
    const folder = await exportTo('other');
    const { name } = await keyOf();
    const stranger = createVerifierKey(name, (await createSignerKey('x', new Uint8Array(32).fill(8))).publicKey);
    expect(await auditLogFolder(folder, { key: stranger, witnesses: [] })).toMatchObject({ isIntact: false, entries: 0 });
  });

  it('says up to where a witness saw it', async () => {
    await insert(20);
    const { note } = await service.checkpoint();
    await insert(5);
    const folder = await exportTo('anchored');
    const witness = await createSignerKey('witness.example/w', new Uint8Array(32).fill(4), 'cosignature');
    const { checkpoint } = await addCosignatures(note, await cosign(note, witness, 1_764_100_000), [witness]);
    await writeFile(join(folder, 'checkpoints/20'), checkpoint);
    expect(await audit(folder, { witnesses: [witness] })).toMatchObject({
      isIntact: true,
      entries: 25,
      anchoredUpTo: 20,
      anchors: [{ kind: 'witness', size: 20, by: 'witness.example/w', at: '2025-11-25T19:46:40.000Z' }],
    });
    expect(await audit(folder)).toMatchObject({ anchoredUpTo: 0 });
  });

  it('goes into an empty folder only', async () => {
    await insert(1);
    const folder = await exportTo('empty');
    await expect(service.export(folder)).rejects.toMatchObject({ code: 'conflict' });
  });
});
