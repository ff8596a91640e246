/** The small parts of the wallet flows: sealing, the gate, the verifier's certificate, grades. */
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGate } from './gate.ts';
import { gradeWallet, isOffered } from './rules.ts';
import { CHANNELS } from './schema.ts';
import { hashId, newRequestId, seal, unseal } from './sealing.ts';
import { openVerifierKey } from './verifier-key.ts';

describe('sealing', () => {
  it('opens with the id, and with nothing else', () => {
    const [id, other] = [newRequestId(), newRequestId()];
    const sealed = seal(id, 'the nonce');
    expect(unseal(id, sealed)).toBe('the nonce');
    expect(() => unseal(other, sealed)).toThrow();
    for (const at of [0, 12, 28, sealed.length - 1]) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unseal(id, changed)).toThrow();
    }
    expect(seal(id, 'the nonce').equals(sealed)).toBe(false);
    expect(hashId(id)).toHaveLength(32);
  });
});

describe('the gate', () => {
  it('lets so many in at once, so many wait, and sends the rest away before they began', async () => {
    const gate = createGate(2);
    let inside = 0;
    let most = 0;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await opened;
      inside -= 1;
    };
    const all = Array.from({ length: 100 }, () => gate.pass(work));
    const ends = Promise.allSettled(all);
    open();
    const states = (await ends).map(({ status }) => status);
    expect([most, states.filter((state) => state === 'fulfilled').length, states.filter((state) => state === 'rejected').length]).toEqual([2, 82, 18]);
  });

  it('a place is free again after a fault', async () => {
    const gate = createGate(1);
    await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.pass(async () => 1)).toBe(1);
  });
});

describe('grades', () => {
  it.each([
    ['dc_api', false, 3],
    ['dc_api', true, 4],
    ['redirect', false, 3],
    ['redirect', true, 3],
    ['qr', false, 2],
    ['qr', true, 2],
  ] as const)('%s, high assurance %s: %i', (channel, isHigh, grade) => {
    expect(gradeWallet(channel, isHigh)).toBe(grade);
  });

  it.each([
    [undefined, 0, ['dc_api', 'redirect', 'qr']],
    [undefined, 3, ['dc_api', 'redirect']],
    [undefined, 4, ['dc_api']],
    [['wallet'], 0, ['dc_api', 'redirect']],
    [['wallet_other_device'], 0, ['qr']],
    [['wallet_other_device'], 3, []],
    [['provider'], 0, []],
  ] as const)('of the methods %j at grade %i are offered: %j', (methods, minGrade, offered) => {
    expect(CHANNELS.filter((channel) => isOffered({ methods, minGrade }, channel))).toEqual(offered);
  });
});

describe('the verifier’s key', () => {
  const now = new Date('2026-11-25T12:00:00Z');
  let dir = '';
  let path = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-verifier-'));
    path = join(dir, 'age-verifier.pem');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it.each(['age.example', '127.0.0.1', '::1', 'localhost'])('is made for %s, with a certificate that Node reads and believes', async (host) => {
    const { chain, clientId, isSelfSigned, key } = await openVerifierKey(path, { isOwn: true, host, now });
    const [raw = Buffer.alloc(0)] = chain;
    const leaf = new X509Certificate(raw);
    expect([chain.length, isSelfSigned, leaf.verify(leaf.publicKey), leaf.checkPrivateKey(key)]).toEqual([1, true, true, true]);
    expect(host.includes('.') || host === 'localhost' ? leaf.subject : `CN=${host}`).toBe(`CN=${host}`);
    expect(/[:]|^127/.test(host) ? leaf.checkIP(host) : leaf.checkHost(host)).toBe(host);
    expect([new Date(leaf.validFrom), new Date(leaf.validTo)]).toEqual([new Date('2026-11-25T11:00:00Z'), new Date('2027-12-27T11:00:00Z')]);
    expect(clientId).toBe(`x509_hash:${createHash('sha256').update(raw).digest('base64url')}`);
  });

  it('stays; the certificate is renewed for another host and in time', async () => {
    const first = await openVerifierKey(path, { isOwn: true, host: 'age.example', now });
    expect((await openVerifierKey(path, { isOwn: true, host: 'age.example', now })).clientId).toBe(first.clientId);
    const later = await openVerifierKey(path, { isOwn: true, host: 'age.example', now: new Date('2027-12-01T00:00:00Z') });
    const moved = await openVerifierKey(path, { isOwn: true, host: 'other.example', now });
    expect(new Set([first.clientId, later.clientId, moved.clientId]).size).toBe(3);
    expect(moved.key.equals(first.key)).toBe(true);
  });

  it('is refused when the named file does not fit', async () => {
    await expect(openVerifierKey(path, { isOwn: false, host: 'age.example', now })).rejects.toMatchObject({ code: 'config_invalid' });
    await openVerifierKey(path, { isOwn: true, host: 'age.example', now });
    const other = join(dir, 'other.pem');
    await openVerifierKey(other, { isOwn: true, host: 'age.example', now });
    const [keyPem = ''] = /-----BEGIN PRIVATE[^]+?END PRIVATE KEY-----\n/.exec(await readFile(path, 'utf8')) ?? [];
    const [certificatePem = ''] = /-----BEGIN CERT[^]+/.exec(await readFile(other, 'utf8')) ?? [];
    await writeFile(path, keyPem + certificatePem);
    await expect(openVerifierKey(path, { isOwn: false, host: 'age.example', now })).rejects.toThrow('the first certificate is not the one of the key');
  });
});
