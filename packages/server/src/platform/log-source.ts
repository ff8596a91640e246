/** What a domain tells the transparency log, so that the log can be held against what really is there. */
import type { Tx } from './db/database.ts';
import type { AppContext, Created, Domain } from './domain.ts';
import type { EventName } from './events.ts';

/** Rows that stand for events of one kind. */
export interface LogSource {
  readonly kind: EventName;
  /** Only events in which this field says this. */
  readonly only?: { readonly field: string; readonly value: string };
  /** For people: `uploads that were decided`. */
  readonly title: string;
  /** Rows are removed on a schedule or by a person: an entry without a row is no fault then. */
  readonly isErased: boolean;
  /**
   * In the order of the bytes of their ids (`collate "C"`), each id once; `readRows` of platform/db keeps few in memory.
   * @param since only what happened from here on: since then the log has entries of this kind
   */
  rows(tx: Tx, since: Date): AsyncIterable<LogSourceRow>;
}

export interface LogSourceRow {
  readonly id: string;
  /** So many entries belong to it. */
  readonly count: number;
  /** There may be more: the row keeps less than happened. */
  readonly isAtLeast: boolean;
}

/** Something that is so now, and belongs in the log when it becomes otherwise. */
export type LogState =
  | { readonly kind: 'key.changed'; readonly purpose: string; readonly value: string }
  | { readonly kind: 'policy.changed'; readonly value: string };

export interface LogParts {
  readonly sources: readonly LogSource[];
  readonly states: readonly LogState[];
}

interface Opened {
  readonly domain: Domain<string, unknown, object>;
  readonly created: Created<unknown>;
}

/** What the log is compared with, and what must be an entry when it changed since the last start. */
export async function collectLogParts(opened: readonly Opened[], context: AppContext): Promise<LogParts> {
  const states: LogState[] = [];
  for (const { domain, created } of opened) states.push(...((await domain.logStates?.(created.service, context)) ?? []));
  return { sources: opened.flatMap(({ domain, created }) => domain.logSources?.(created.service, context) ?? []), states };
}
