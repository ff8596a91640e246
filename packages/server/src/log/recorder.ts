/** Every event becomes a record in the transaction that causes it: what is undone was never logged, and what is done cannot stay out. */
import type { AppContext } from '../platform/context.ts';
import type { EventName } from '../platform/events.ts';
import { randomHex } from '../platform/ids.ts';
import { LOGGED_EVENTS } from './rules.ts';
import { insertPending } from './store.ts';

const SALT_BYTES = 16;

export function recordEvents({ events, database, clock }: Pick<AppContext, 'events' | 'database' | 'clock'>): void {
  const record = (kind: EventName): void =>
    events.on(kind, (body, tx) =>
      insertPending(tx ?? database.sql, { kind, at: clock.now(), body: { ...body }, salt: Buffer.from(randomHex(SALT_BYTES), 'hex') }),
    );
  for (const kind of LOGGED_EVENTS) record(kind);
}
