/** LISTEN on a connection of its own, reconnecting. A notification is a hint; the poll is the guarantee. */
import pg from 'pg';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/db/database.ts';
import type { Log } from '../platform/log.ts';
import { CHANNEL } from './store.ts';

const RECONNECT_MS = 1_000;

export interface ListenOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Called on each notification, and after each connect, because notifications may have been missed. */
  readonly onHint: () => void;
}

/** Resolves when `signal` is aborted and the connection is closed. */
export async function listenForChanges(options: ListenOptions): Promise<void> {
  const { signal, clock, log } = options;
  while (!signal.aborted) {
    try {
      await listenOnce(options);
    } catch (error) {
      log.debug({ code: Reflect.get(Object(error), 'code') }, 'the connection that listens for list changes was lost');
    }
    await clock.sleep(RECONNECT_MS, signal);
  }
}

async function listenOnce({ database, signal, onHint }: ListenOptions): Promise<void> {
  const client = new pg.Client(database.pool.options);
  const ended = new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.on('end', resolve);
  });
  // Handled below; here only so that an early loss is no unhandled rejection.
  ended.catch(() => undefined);
  client.on('notification', onHint);
  const close = (): void => void client.end().catch(() => undefined);
  signal.addEventListener('abort', close, { once: true });
  try {
    // `connect` never settles when `end` is called before the connection stands (pg 8.23); `end` is told of then.
    await Promise.race([client.connect(), ended]);
    if (signal.aborted) return;
    await client.query(`listen ${CHANNEL}`);
    onHint();
    await ended;
  } finally {
    signal.removeEventListener('abort', close);
    await client.end().catch(() => undefined);
  }
}
