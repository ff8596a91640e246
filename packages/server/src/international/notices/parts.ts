/** What the pieces of this room share, and the one way in which something about a report is written down. */
import type { AppContext } from '../../platform/context.ts';
import type { Tx } from '../../platform/db/database.ts';
import type { HostingService } from '../hosting/schema.ts';
import type { Procedure, ProfilesService } from '../profiles/schema.ts';
import type { Formats } from './formats/schema.ts';
import type { Ladder } from './ladder-schema.ts';
import type { Replies } from './replies/schema.ts';
import type { Authority } from './schema.ts';
import type { Sender } from './senders/schema.ts';
import { insertEvent } from './store.ts';
import type { Vault } from './vault.ts';

export interface Parts {
  readonly context: Pick<AppContext, 'clock' | 'config' | 'database' | 'events' | 'log'>;
  readonly hosting: Pick<HostingService, 'claim'>;
  readonly profiles: Pick<ProfilesService, 'procedure'>;
  readonly vault: Vault;
  readonly formats: Formats;
  /** Null: nothing is sent. */
  readonly sender: Sender | null;
  readonly replies: Replies;
  readonly authority: Authority | null;
  readonly ladder: Ladder;
}

export interface Change {
  readonly subject: string;
  readonly change: string;
  readonly actor: string;
  readonly noticeId?: string | undefined;
}

export const MACHINE = 'ladder';

/** History and event in the transaction of the change. */
export async function record({ context: { clock, events } }: Pick<Parts, 'context'>, tx: Tx, { subject, change, actor, noticeId }: Change): Promise<void> {
  await insertEvent(tx, { subject, noticeId: noticeId ?? null, change, actor, at: clock.now() });
  await events.emit('notice.changed', { reportId: subject, change, actor }, tx);
}

export async function recordEach(
  parts: Pick<Parts, 'context'>,
  tx: Tx,
  { subjects, ...change }: Omit<Change, 'subject'> & { readonly subjects: readonly string[] },
): Promise<void> {
  for (const subject of subjects) await record(parts, tx, { ...change, subject });
}

export async function recordViews(
  { context: { clock, events } }: Pick<Parts, 'context'>,
  tx: Tx,
  { subjects, actor }: { readonly subjects: readonly string[]; readonly actor: string },
): Promise<void> {
  for (const subject of subjects) {
    await insertEvent(tx, { subject, noticeId: null, change: 'url_viewed', actor, at: clock.now() });
    await events.emit('notice.url_viewed', { reportId: subject, actor }, tx);
  }
}

/** The profile of a country; null for none, and for what is no country to us. */
export async function readProcedure({ profiles }: Pick<Parts, 'profiles'>, country: string | null | undefined): Promise<Procedure | null> {
  return country === null || country === undefined ? null : profiles.procedure(country);
}
