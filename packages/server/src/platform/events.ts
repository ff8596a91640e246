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
  /** A verdict that was given and kept nowhere else. */
  'scan.decided': {
    readonly scanId: string;
    readonly verdict: string;
    readonly disposition: string;
    readonly listSetVersion: number;
    readonly policyVersion: string;
  };
  'upload.content_viewed': { readonly uploadId: string; readonly actor: string };
  /** Sent back to be screened again: what was decided before no longer holds. */
  'upload.requeued': { readonly uploadId: string; readonly actor: string };
  /** Deleted by somebody, or expired: its content is gone. */
  'upload.ended': { readonly uploadId: string; readonly change: string; readonly actor: string };
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
  /** A fact about the service, a target, an attestation or a catalogue changed. */
  'code.changed': { readonly change: string; readonly subject: string; readonly actor: string };
  /** Everything that was read and judged at one time. The digest is of the canonical text of the evaluation. */
  'code.evaluated': { readonly evaluationId: string; readonly digest: string; readonly catalogueVersion: string; readonly measures: number };
  /** A risk assessment, a record of a measure or an attestation was signed. */
  'code.record_signed': { readonly recordId: string; readonly kind: string; readonly version: number; readonly digest: string; readonly actor: string };
  /** A witness of this log, or a log that is witnessed here, was added or removed. */
  'log.witness_changed': { readonly change: string; readonly subject: string; readonly actor: string };
  /** An entry of the written record of age checks: a configuration or a review. */
  'age.record_written': { readonly sequence: number; readonly record: string; readonly actor: string };
  /** The digest is keyed with a secret of this installation: who knows a value can confirm it here, and nobody can guess it elsewhere. */
  'config.changed': { readonly setting: string; readonly change: string; readonly digest: string };
  /** What decides about uploads is another than at the last start. */
  'policy.changed': { readonly policyVersion: string };
  /** A key that signs or seals, by its public name, is in use for the first time. */
  'key.changed': { readonly purpose: string; readonly keyId: string };
  'backup.made': { readonly backupId: string; readonly change: string; readonly actor: string };
  'backup.restored': { readonly restoreId: string; readonly madeAt: string };
  'country.changed': { readonly country: string; readonly change: string; readonly actor: string };
  /** A report about hosted material, a notice, a contact or a dataset. Never the address. */
  'notice.changed': { readonly reportId: string; readonly change: string; readonly actor: string };
  'notice.url_viewed': { readonly reportId: string; readonly actor: string };
  'register.changed': { readonly changeId: string; readonly change: string; readonly digest: string; readonly actor: string };
  'register.checked': { readonly runId: string; readonly digest: string; readonly checks: number; readonly passed: number };
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
