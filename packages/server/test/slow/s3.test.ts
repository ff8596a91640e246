/** The contract of quarantine and promotion against Ceph's S3 gateway, a program that we did not write. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HAS_CEPH, startCeph, type Ceph } from '../support/ceph.ts';
import { NEVER } from '../support/intake.ts';
import { describeS3Contract } from '../support/s3-contract.ts';
import { openS3Scene, type S3Scene } from '../support/s3-scene.ts';

/** One for all: a start takes longer than the tests. */
let started: Promise<Ceph> | undefined;
const openShared = async (): Promise<Ceph> => ({ ...(await (started ??= startCeph())), close: async () => undefined });
afterAll(async () => (await started)?.close());

// oxlint-disable-next-line vitest/no-conditional-tests -- where Ceph is not installed the report must say so, and pass
if (HAS_CEPH) {
  describeS3Contract('Ceph', openShared);
  describeEvents();
} else {
  it('radosgw is not installed (apt-get install radosgw ceph-mon ceph-osd ceph-common): the contract ran only against the store in process', () => {
    expect(HAS_CEPH).toBe(false);
  });
}

function describeEvents(): void {
  describe('events of Ceph', () => {
    let ceph: Ceph;
    let scene: S3Scene;
    const messages: unknown[] = [];
    const receiver = createServer((incoming, outgoing) => {
      take(incoming).then(
        () => outgoing.end(),
        () => outgoing.destroy(),
      );
    });
    const take = async (incoming: IncomingMessage): Promise<void> => {
      const chunks = (await incoming.toArray()) as Buffer[];
      messages.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    };
    beforeAll(async () => {
      ceph = await openShared();
      scene = await openS3Scene(ceph);
      await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
    });
    afterAll(async () => {
      receiver.closeAllConnections();
      receiver.close();
      await scene?.stop();
      await ceph?.close();
    });

    it('are read as they are sent, with odd keys', async () => {
      const { port } = receiver.address() as AddressInfo;
      const topic = `Action=CreateTopic&Name=gatehouse&Attributes.entry.1.key=push-endpoint&Attributes.entry.1.value=${encodeURIComponent(`http://127.0.0.1:${port}`)}`;
      const made = await ceph.ask('POST', '/', [], topic);
      const arn = /<TopicArn>([^<]+)</.exec(made.text)?.[1] ?? '';
      expect(arn, made.text).not.toBe('');
      const body = `<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TopicConfiguration><Id>gatehouse</Id><Topic>${arn}</Topic><Event>s3:ObjectCreated:*</Event></TopicConfiguration></NotificationConfiguration>`;
      const configured = await ceph.ask('PUT', `/${scene.buckets.quarantine}`, [['notification', '']], body);
      expect(configured.status, configured.text).toBe(200);
      const keys = ['plain.jpg', 'a b+c&ü.jpg'];
      for (const key of keys) await scene.put(key, `clear ${key}`);
      // One may be late, or come twice.
      await expect.poll(() => messages.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(keys.length);
      const takeAll = async (): Promise<number> => {
        for (const message of messages) expect(await scene.service.takeHints(message, NEVER)).toBeGreaterThan(0);
        return (await scene.service.status()).objects.found;
      };
      await expect.poll(takeAll, { timeout: 10_000 }).toBe(keys.length);
      await scene.settle({ lists: false });
      expect([...(await scene.readReleased()).values()].map(String).toSorted()).toEqual(keys.map((key) => `clear ${key}`).toSorted());
    });
  });
}
