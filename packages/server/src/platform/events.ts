/**
 * What must travel upward between domains, as typed events (DESIGN.md, import rule 1).
 *
 * `emit` is awaited and runs the handlers in order, inside the transaction that causes the event when one is given: a handler
 * that throws undoes the change. (The transparency log will be such a handler.) Fields are ids, counts and closed words, never content.
 */
import type { Tx } from './db/database.ts';

export interface EventMap {
  'list.changed': {
    readonly listId: string;
    readonly listSetVersion: number;
    readonly change: string;
    readonly added: number;
    readonly removed: number;
    readonly actor: string;
  };
  'upload.decided': {
    readonly uploadId: string;
    readonly verdict: string;
    readonly disposition: string;
    readonly listSetVersion: number;
    readonly policyVersion: string;
  };
  'upload.content_viewed': { readonly uploadId: string; readonly actor: string };
  'receipt.issued': { readonly uploadId: string; readonly receiptId: string };
  'receipt.revoked': { readonly uploadId: string; readonly receiptId: string; readonly reason: string };
  'age.trust_changed': { readonly change: string; readonly subject: string; readonly actor: string };
  'age.service_changed': { readonly service: string; readonly change: string };
  /** One answered question. Without the session: nobody can be followed from it. */
  'age.result': {
    readonly service: string;
    readonly threshold: number;
    readonly direction: string;
    readonly result: string;
    readonly grade: number;
    readonly methodKind: string;
  };
  'access.changed': { readonly change: string; readonly subject: string; readonly actor: string };
}

export type EventName = keyof EventMap;
export type EventHandler<Name extends EventName> = (payload: EventMap[Name], tx: Tx | undefined) => Promise<void> | void;

export interface Events {
  on<Name extends EventName>(name: Name, handler: EventHandler<Name>): void;
  emit<Name extends EventName>(name: Name, payload: EventMap[Name], tx?: Tx): Promise<void>;
}

export function createEvents(): Events {
  const handlers: { [Name in EventName]?: EventHandler<Name>[] } = {};
  return {
    on(name, handler) {
      const known: unknown[] = (handlers[name] ??= []);
      known.push(handler);
    },
    async emit(name, payload, tx) {
      for (const handler of handlers[name] ?? []) await handler(payload, tx);
    },
  };
}
