/** Time stamps, held against `openssl ts` in both directions: what it signs is believed, what we keep it verifies. And everything that must not be believed. */
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVerifierKey } from '@gatehouse/tlog';
import { readItems } from '@gatehouse/credential';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { openssl, startTestAuthority, type TestAuthority } from '../../test/support/timestamp-authority.ts';
import { element, sequence } from '../platform/der.ts';
import { auditLogFolder } from './audit.ts';
import { migrations } from './migrations.ts';
import { createLogService, type LogService } from './service.ts';
import { openSignedStamp } from './stamp-cms.ts';
import { encodeStampRequest, readStampResponse } from './stamp-info.ts';
import { StampFault } from './stamp-schema.ts';
import { readStampAnchors, verifyStamp, type StampAnchors, type StampExpectation } from './stamp-verifier.ts';

const CONTENT = Buffer.from('what is stamped\n');
const NONCE = Buffer.from('0102030405060708', 'hex');
const never = new AbortController().signal;

let authority: TestAuthority;
let anchors: StampAnchors;

beforeAll(async () => {
  authority = await startTestAuthority();
  anchors = readStampAnchors(await readFile(authority.caFile, 'utf8'));
});
afterAll(() => authority.close());

const digestOf = (content: Uint8Array): Buffer => createHash('sha256').update(content).digest();
const query = (policy?: string): Buffer => encodeStampRequest({ digest: digestOf(CONTENT), nonce: NONCE, policy });
const check = (response: Uint8Array, change: Partial<StampExpectation> = {}) => verifyStamp(response, { content: CONTENT, anchors, nonce: NONCE, ...change });
const faultOf = (response: Uint8Array, change: Partial<StampExpectation> = {}): string => {
  try {
    check(response, change);
    return 'none';
  } catch (error) {
    return error instanceof StampFault ? error.code : `not a fault of a stamp: ${String(error)}`;
  }
};

describe('a stamp', () => {
  let good: Buffer;
  let info: Buffer;
  beforeAll(async () => {
    good = await authority.reply(query());
    info = Buffer.from(openSignedStamp(readStampResponse(good), []).info);
  });

  it.each(['tsa', 'ec'] as const)('of the authority is believed (%s)', async (signer) => {
    const response = await authority.reply(query(), signer);
    expect(check(response)).toMatchObject({ authority: `CN=${signer}, O=Test`, policy: '1.2.3.4.1' });
    await writeFile(join(authority.folder, 'kept.tsr'), response);
    await writeFile(join(authority.folder, 'content'), CONTENT);
    const { stdout } = await openssl(authority.folder, 'ts', '-verify', '-in', 'kept.tsr', '-data', 'content', '-CAfile', 'root.pem');
    expect(stdout).toContain('Verification: OK');
  });

  it('that names its certificate in the older way is believed', async () => {
    expect(check(await authority.reply(query(), 'tsa', 'older'))).toMatchObject({ authority: 'CN=tsa, O=Test' });
  });

  it('is asked for as openssl reads it', async () => {
    await writeFile(join(authority.folder, 'ours.tsq'), query('1.2.3.4.2'));
    const { stdout } = await openssl(authority.folder, 'ts', '-query', '-in', 'ours.tsq', '-text');
    expect(stdout).toMatch(/Hash Algorithm: sha256/);
    expect(stdout).toMatch(/Policy OID: 1\.2\.3\.4\.2/);
    expect(stdout).toMatch(/Nonce: 0x0?102030405060708/);
    expect(stdout).toMatch(/Certificate required: yes/);
  });

  it('of another content, request, policy or time is not', async () => {
    expect(faultOf(good, { content: Buffer.from('something else\n') })).toBe('imprint');
    expect(faultOf(good, { nonce: Buffer.from('0102030405060709', 'hex') })).toBe('nonce');
    expect(faultOf(good, { policy: '1.2.3.4.2' })).toBe('policy');
    expect(faultOf(await authority.reply(query('1.2.3.4.2')), { policy: '1.2.3.4.2' })).toBe('none');
    const { at } = check(good);
    expect(faultOf(good, { asked: { from: new Date(at.getTime() + 1), to: new Date(at.getTime() + 2) } })).toBe('time');
    expect(faultOf(good, { asked: { from: new Date(at.getTime() - 2), to: new Date(at.getTime() - 1) } })).toBe('time');
    expect(faultOf(good, { asked: { from: at, to: at } })).toBe('none');
  });

  it('without a nonce does not answer a request that had one', async () => {
    const without = readItems(readItems(info)[0]?.content ?? info).filter(({ tag }) => tag !== 0x02 && tag !== 0xa0);
    const [version, serial] = readItems(readItems(info)[0]?.content ?? info).filter(({ tag }) => tag === 0x02);
    const [policy, imprint, ...rest] = without;
    if (version === undefined || serial === undefined || policy === undefined || imprint === undefined) throw new Error('it is a TSTInfo');
    const bare = sequence(version.raw, policy.raw, imprint.raw, serial.raw, ...rest.map(({ raw }) => raw));
    const response = await authority.forge(bare, { signer: 'tsa' });
    expect([faultOf(response), faultOf(response, { nonce: undefined })]).toEqual(['nonce', 'none']);
  });

  it('that was refused is not', async () => {
    expect(faultOf(await authority.reply(query('1.9.9.9')))).toBe('rejected');
  });

  it('of a stranger is not', async () => {
    const stranger = readStampAnchors(await readFile(authority.otherCaFile, 'utf8'));
    expect(faultOf(good, { anchors: stranger })).toBe('untrusted');
    expect(() => readStampAnchors('no certificate')).toThrow(StampFault);
  });

  it('of a certificate for anything else is not', async () => {
    expect(faultOf(await authority.forge(info, { signer: 'tsa' }))).toBe('none');
    expect(faultOf(await authority.forge(info, { signer: 'plain' }))).toBe('purpose');
    expect(faultOf(await authority.forge(info, { signer: 'uncritical' }))).toBe('purpose');
  });

  it('that does not name its certificate is not', async () => {
    expect(faultOf(await authority.forge(info, { signer: 'tsa', isNamed: false }))).toBe('certificate');
  });

  it('from before its certificate was valid is not', async () => {
    const [year] = /20\d\d(?=\d{10}Z)/.exec(info.toString('latin1')) ?? [''];
    const earlier = Buffer.from(info.toString('latin1').replace(year, '2001'), 'latin1');
    expect(faultOf(await authority.forge(earlier, { signer: 'tsa' }))).toBe('untrusted');
  });

  it('with an extension that must be understood is not', async () => {
    const items = readItems(readItems(info)[0]?.content ?? info);
    const extended = (isCritical: boolean): Buffer => {
      const extension = sequence(element(0x06, Buffer.from('2a0304', 'hex')), ...(isCritical ? [Buffer.from('0101ff', 'hex')] : []), element(0x04));
      return sequence(...items.map(({ raw }) => raw), element(0xa1, extension));
    };
    expect(faultOf(await authority.forge(extended(false), { signer: 'tsa' }))).toBe('none');
    expect(faultOf(await authority.forge(extended(true), { signer: 'tsa' }))).toBe('algorithm');
  });

  it('that is cut off anywhere is not, and neither is one with more behind it', () => {
    for (let length = 0; length < good.length; length++) expect(faultOf(good.subarray(0, length)), String(length)).not.toMatch(/^none|^not a/);
    expect(faultOf(Buffer.concat([good, Buffer.from([0])]))).toBe('malformed');
    expect(faultOf(Buffer.alloc(0))).toBe('malformed');
  });

  it('with any byte changed is refused, or says the same', () => {
    const before = check(good);
    let refused = 0;
    for (let at = 0; at < good.length; at++) {
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      const fault = faultOf(changed);
      expect(fault, String(at)).not.toMatch(/^not a/);
      if (fault === 'none') expect(check(changed), String(at)).toEqual(before);
      else refused += 1;
    }
    expect(refused / good.length).toBeGreaterThan(0.95);
  });
});

describe('the log', () => {
  let database: TestDatabase;
  let test: TestContext;
  let service: LogService;
  let scratch: string;
  const config = () => ({ logTimestampUrl: authority.url, logTimestampCaFile: authority.caFile, outboundAllow: '127.0.0.1' });

  beforeEach(async () => {
    authority.set({});
    scratch = await mkdtemp(join(tmpdir(), 'gatehouse-stamps-'));
    database = await createTestDatabase([{ domain: 'log', migrations }]);
    test = await createTestContext({ database: database.database, config: config() });
    service = await createLogService(test.context);
    await happen();
  });
  afterEach(async () => {
    await test.dispose();
    await service.stop();
    await database.drop();
    await rm(scratch, { recursive: true, force: true });
  });
  const happen = () => test.context.events.emit('access.changed', { change: 'key.created', subject: 'key_1', actor: 'local' });
  const stamps = () => service.outside.stamps;
  const keyOf = async () => parseVerifierKey((await service.status()).verifierKey);

  it('is stamped, exported, checked offline, by us and by openssl', async () => {
    const stamp = await stamps().stamp(never);
    expect(stamp).toMatchObject({ size: 1, authority: 'CN=tsa, O=Test' });
    await happen();
    const folder = join(scratch, 'copy');
    await service.export(folder);
    const report = await auditLogFolder(folder, { key: await keyOf(), witnesses: [], authorities: anchors });
    expect(report).toMatchObject({
      isIntact: true,
      entries: 2,
      anchoredUpTo: 1,
      anchors: [{ kind: 'stamp', size: 1, by: 'CN=tsa, O=Test', at: stamp.at }],
      ranges: [
        { from: 0, to: 0, by: [{ kind: 'stamp', by: 'CN=tsa, O=Test', at: stamp.at }] },
        { from: 1, to: 1, by: [] },
      ],
    });
    const verify = ['ts', '-verify', '-in', join(folder, 'stamps/1.tsr'), '-data', join(folder, 'stamps/1.note'), '-CAfile', authority.caFile];
    expect((await openssl(scratch, ...verify)).stdout).toContain('Verification: OK');
    expect(await service.anchors()).toEqual({ lastWitnessAt: null, lastStampAt: new Date(stamp.at), anchoredUpTo: 1 });
    expect((await service.status()).outside).toMatchObject({ anchoredUpTo: 1, stamping: { isConfigured: true, last: stamp, failure: null } });
  });

  it('counts stamps only of the authority that was named, and finds what was done to them', async () => {
    await stamps().stamp(never);
    await happen();
    await stamps().stamp(never);
    const folder = join(scratch, 'copy');
    await service.export(folder);
    const audit = async (copy: string, authorities: StampAnchors | undefined = anchors) =>
      auditLogFolder(copy, { key: await keyOf(), witnesses: [], authorities });
    expect(await audit(folder)).toMatchObject({ isIntact: true, anchoredUpTo: 2 });
    const stranger = readStampAnchors(await readFile(authority.otherCaFile, 'utf8'));
    expect(await audit(folder, stranger)).toMatchObject({
      isIntact: true,
      anchoredUpTo: 0,
      notCounted: [expect.stringContaining('1.tsr'), expect.stringContaining('2.tsr')],
    });
    expect(await auditLogFolder(folder, { key: await keyOf(), witnesses: [] })).toMatchObject({ isIntact: true, anchoredUpTo: 0 });
    const damage = async (name: string, work: (copy: string) => Promise<unknown>) => {
      const copy = join(scratch, name);
      await cp(folder, copy, { recursive: true });
      await work(copy);
      return audit(copy);
    };
    const swapped = await damage('swapped', (copy) => cp(join(copy, 'stamps/2.tsr'), join(copy, 'stamps/1.tsr')));
    expect(swapped.faults).toEqual([expect.stringContaining('stamps/1.tsr: It stamps something else')]);
    expect((await damage('gone', (copy) => rm(join(copy, 'stamps/1.note')))).faults).toEqual([expect.stringContaining('what it stamps is missing')]);
    expect((await damage('garbage', (copy) => writeFile(join(copy, 'stamps/1.tsr'), 'x'))).faults).toHaveLength(1);
    // A true stamp under another number stands for nothing at that number.
    const moved = await damage('moved', async (copy) => {
      for (const end of ['note', 'tsr']) await cp(join(copy, `stamps/1.${end}`), join(copy, `stamps/99.${end}`));
    });
    expect(moved.anchors.map(({ size }) => size)).toEqual([1, 2]);
  });

  it('finds a history that does not begin with what was stamped', async () => {
    await stamps().stamp(never);
    const folder = join(scratch, 'copy');
    await service.export(folder);
    const stamped = join(scratch, 'stamped');
    await cp(join(folder, 'stamps'), stamped, { recursive: true });
    // The same key, another history; nothing is left of the old one but what was kept elsewhere.
    await database.database.pool.query('truncate log.entry, log.checkpoint, log.tile, log.stamp');
    await database.database.pool.query(`update log.tree set size = 0, root = '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'`);
    await rm(join(test.dataDir, 'log/checkpoint'));
    await happen();
    const forged = join(scratch, 'forged');
    await (await createLogService(test.context)).export(forged);
    await cp(stamped, join(forged, 'stamps'), { recursive: true });
    const report = await auditLogFolder(forged, { key: await keyOf(), witnesses: [], authorities: anchors });
    expect(report.faults).toEqual(['stamps/1.note: the first 1 entries are not those that were signed.']);
    expect(report.anchoredUpTo).toBe(0);
  });

  it('is stamped once a day, when it has grown', async () => {
    let asked = 0;
    authority.set({ query: (sent) => ((asked += 1), sent) });
    await stamps().stampDue(never);
    await stamps().stampDue(never);
    await happen();
    await stamps().stampDue(never);
    expect(asked).toBe(1);
    await database.database.pool.query(`update log.stamp set at = at - interval '23 hours 1 minute'`);
    await stamps().stampDue(never);
    expect([asked, (await stamps().describe()).last?.size]).toEqual([2, 2]);
    await database.database.pool.query(`update log.stamp set at = at - interval '2 days'`);
    await stamps().stampDue(never);
    expect(asked).toBe(2);
  });

  it.each([
    ['an error', { status: 500 }, 'answered with an error'],
    ['an answer that is cut off', { answer: (sent: Buffer) => sent.subarray(0, 300) }, 'cut off'],
    ['too long an answer', { answer: () => Buffer.alloc(70_000) }, 'cut off'],
    ['a stamp of something else', { query: () => encodeStampRequest({ digest: digestOf(Buffer.from('x')), nonce: NONCE }) }, 'something else'],
    ['an old stamp', { query: (sent: Buffer) => withNonce(sent, NONCE) }, 'does not repeat the number'],
  ])('keeps nothing of %s, says so, and since when', async (_what, behaviour, reason) => {
    authority.set(behaviour);
    await expect(stamps().stamp(never)).rejects.toMatchObject({ code: 'stamp_failed', message: expect.stringContaining(reason) });
    const first = await stamps().describe();
    expect(first).toMatchObject({ last: null, failure: expect.stringContaining(reason), failingSince: expect.any(String) });
    await expect(stamps().stampDue(never)).rejects.toMatchObject({ code: 'stamp_failed' });
    expect((await stamps().describe()).failingSince).toBe(first.failingSince);
    authority.set({});
    await stamps().stamp(never);
    expect(await stamps().describe()).toMatchObject({ last: { size: 1 }, failure: null, failingSince: null });
  });

  it('calls no address that may not be called, and starts with no file that cannot be read', async () => {
    const guarded = await createTestContext({ database: database.database, config: { ...config(), outboundAllow: '' } });
    await expect((await createLogService(guarded.context)).outside.stamps.stamp(never)).rejects.toMatchObject({
      message: expect.stringContaining('may not be called'),
    });
    await guarded.dispose();
    const broken = await createTestContext({ database: database.database, config: { ...config(), logTimestampCaFile: '/nowhere.pem' } });
    await expect(createLogService(broken.context)).rejects.toMatchObject({ code: 'config_invalid' });
    await broken.dispose();
    const none = await createTestContext({ database: database.database });
    await expect((await createLogService(none.context)).outside.stamps.stamp(never)).rejects.toMatchObject({ code: 'conflict' });
    await none.dispose();
    await expect(createTestContext({ database: database.database, config: { logTimestampUrl: authority.url } })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});

/** The request with another number in it. */
function withNonce(request: Buffer, nonce: Buffer): Buffer {
  const [version, imprint, , flag] = readItems(readItems(request)[0]?.content ?? request);
  if (version === undefined || imprint === undefined || flag === undefined) throw new Error('it is a TimeStampReq');
  return sequence(version.raw, imprint.raw, element(0x02, nonce), flag.raw);
}
