/** A room of surfaces on a real intake with screening that answers what a test wants (the first word of the content is the verdict). */
import { connect, type Socket } from 'node:net';
import type { SettingKey } from '../../src/platform/config.ts';
import type { Listener, OpenListener } from '../../src/platform/domain.ts';
import type { Room, SurfaceParts } from '../../src/surfaces/room.ts';
import { createIntakeDatabase, startIntake, type TestIntake } from './intake.ts';

export interface TestRoom<Service> {
  readonly intake: TestIntake;
  readonly service: Service;
  readonly opened: readonly OpenListener[];
  stop(): Promise<void>;
}

export async function startRoom<Service>(room: Room<Service>, config: Partial<Record<SettingKey, unknown>> = {}): Promise<TestRoom<Service>> {
  const db = await createIntakeDatabase();
  const intake = await startIntake({ db, config });
  try {
    return await openRoom(room, { intake, dropDatabase: () => db.drop() });
  } catch (error) {
    // Else it would go on working behind the tests that come after.
    await intake.stop();
    await db.drop();
    throw error;
  }
}

interface RoomWorld {
  readonly intake: TestIntake;
  dropDatabase(): Promise<void>;
}

async function openRoom<Service>(room: Room<Service>, { intake, dropDatabase }: RoomWorld): Promise<TestRoom<Service>> {
  const lists = { matcher: () => ({ listSetVersion: intake.screening.version }) };
  const parts = { context: intake.context, intake: intake.service, lists, screening: intake.screening } as unknown as SurfaceParts;
  const created = await room.create(parts);
  await created.start?.();
  const opened: OpenListener[] = [];
  for (const listener of room.listeners?.(created.service, intake.context) ?? ([] as Listener[])) opened.push(await listener.open());
  return {
    intake,
    service: created.service,
    opened,
    async stop() {
      for (const listener of opened.toReversed()) await listener.close(200);
      await created.stop?.();
      await intake.stop();
      await dropDatabase();
    },
  };
}

/**
 * Whatever breaks it is seen by whoever waits for something on it. Between two of those, when nobody listens, an error would end the test run.
 * @param address `127.0.0.1:1344`, or the path of a Unix socket
 */
export function dial(address: string): Socket {
  const at = address.lastIndexOf(':');
  const socket = address.includes('/') ? connect(address) : connect(Number(address.slice(at + 1)), address.slice(0, at));
  return socket.on('error', () => undefined);
}

/** Its end, however it came about: never rejects, so that it can be begun before something else is waited for. */
export function untilClosed(socket: Socket): Promise<void> {
  return new Promise((done) => void socket.resume().once('close', () => done()));
}

/** Sends, ends its own side, and gives everything that comes back. */
export function exchange(
  address: string,
  bytes: Uint8Array | string,
  how: { readonly stepBytes?: number; readonly isLeftOpen?: boolean } = {},
): Promise<Buffer> {
  const answer = new Promise<Buffer>((resolve, reject) => {
    const socket = dial(address);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.once('close', () => resolve(Buffer.concat(chunks)));
    socket.once('error', (error) => (chunks.length > 0 ? resolve(Buffer.concat(chunks)) : reject(error)));
    const all = Buffer.from(bytes as Uint8Array);
    const step = how.stepBytes ?? Math.max(1, all.length);
    void (async () => {
      for (let at = 0; at < all.length && !socket.destroyed; at += step) {
        if (!socket.write(all.subarray(at, at + step))) await new Promise((done) => socket.once('drain', done).once('close', done));
        if (how.stepBytes !== undefined) await new Promise((done) => void setImmediate(done));
      }
      if (how.isLeftOpen !== true) socket.end();
    })();
  });
  // A test may do something else before it waits for the answer; it is told then.
  answer.catch(() => undefined);
  return answer;
}
