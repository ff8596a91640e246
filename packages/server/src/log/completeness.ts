/**
 * Whether everything that should be in the log is: the rows of the domains against the entries, both ways, in one snapshot. Memory holds a few of each.
 * That nothing was changed afterwards is another question (`self-check.ts`, `audit.ts`).
 */
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import type { EventName } from '../platform/events.ts';
import type { LogSource } from '../platform/log-source.ts';
import { CompletenessSchema, type Completeness, type SourceReport } from './checks-schema.ts';
import { compare, compareIds, startTally, type Counted, type Expected, type Tally } from './completeness-rules.ts';
import { ID_FIELDS, LOGGED_EVENTS } from './rules.ts';
import * as store from './store-checks.ts';

export interface CompletenessCheck {
  /** Compares now, and keeps the result. */
  run(): Promise<Completeness>;
  /** Of the last comparison. */
  last(): Promise<Completeness | null>;
}

export interface CompletenessParts {
  readonly context: Pick<AppContext, 'database' | 'clock'>;
  /** Known once every domain has started. */
  readonly sources: () => readonly LogSource[];
}

export function createCompletenessCheck({ context: { database, clock }, sources }: CompletenessParts): CompletenessCheck {
  return {
    async run() {
      const at = clock.now();
      const reports = await store.inSnapshot(database, async (tx) => {
        const kinds = await store.readKinds(tx);
        const found: SourceReport[] = [];
        for (const source of sources()) found.push(await compareSource(tx, source, kinds.get(source.kind) ?? at));
        return found;
      });
      const report: Completeness = {
        at: at.toISOString(),
        isComplete: reports.every(({ missing, surplus }) => missing.count + surplus.count === 0),
        sources: reports,
        without: LOGGED_EVENTS.filter((kind) => !sources().some((source) => source.kind === kind)),
      };
      await store.insertResult(database.sql, 'completeness', { at, isOk: report.isComplete, report });
      return report;
    },
    async last() {
      const kept = CompletenessSchema.safeParse((await store.findLastResult(database.sql, 'completeness'))?.report);
      return kept.success ? kept.data : null;
    },
  };
}

async function compareSource(tx: Tx, source: LogSource, since: Date): Promise<SourceReport> {
  const tally = startTally();
  const { kind, only, isErased } = source;
  const query = { kind, only, idField: idFieldOf(kind) };
  const streams = {
    rows: inOrder(source.rows(tx, since)),
    entries: inOrder(store.readEntrySubjects(tx, query)),
    pending: inOrder(store.readPendingSubjects(tx, query)),
  };
  await walk(streams, { tally, isErased });
  const { rows, entries, pending, erased } = tally;
  return {
    kind,
    only: only?.value ?? null,
    title: source.title,
    since: since.toISOString(),
    rows,
    entries,
    pending,
    missing: { count: tally.missing, ids: tally.missingIds },
    surplus: { count: tally.surplus, ids: tally.surplusIds },
    erased,
  };
}

function idFieldOf(kind: EventName): string {
  const field = ID_FIELDS[kind];
  if (field === null) throw new TypeError(`entries of ${kind} are about nothing that a row could be compared with`);
  return field;
}

interface Streams {
  readonly rows: AsyncGenerator<Expected>;
  readonly entries: AsyncGenerator<Counted>;
  readonly pending: AsyncGenerator<Counted>;
}

/** Three ordered streams side by side: always the lowest id that any of them has. */
async function walk(streams: Streams, { tally, isErased }: { readonly tally: Tally; readonly isErased: boolean }): Promise<void> {
  const [rows, entries, pending] = [await openHead(streams.rows), await openHead(streams.entries), await openHead(streams.pending)];
  for (;;) {
    const id = [rows.id(), entries.id(), pending.id()].reduce(lower, undefined);
    if (id === undefined) return;
    const row = await rows.takeIf(id);
    const [placed, waiting] = [await entries.takeIf(id), await pending.takeIf(id)];
    compare(tally, { id, row, entries: placed?.count ?? 0, pending: waiting?.count ?? 0 }, isErased);
  }
}

interface StreamHead<Row> {
  /** Of the next row. */
  id(): string | undefined;
  /** The next row, if it is of this id. */
  takeIf(id: string): Promise<Row | undefined>;
}

async function openHead<Row extends { readonly id: string }>(stream: AsyncGenerator<Row>): Promise<StreamHead<Row>> {
  let next = await stream.next();
  return {
    id: () => (next.done === true ? undefined : next.value.id),
    async takeIf(id) {
      if (next.done === true || next.value.id !== id) return undefined;
      const { value } = next;
      next = await stream.next();
      return value;
    },
  };
}

function lower(lowest: string | undefined, id: string | undefined): string | undefined {
  if (lowest === undefined || id === undefined) return lowest ?? id;
  return compareIds(id, lowest) < 0 ? id : lowest;
}

async function* inOrder<Row extends { readonly id: string }>(rows: AsyncIterable<Row>): AsyncGenerator<Row> {
  let last: string | undefined;
  for await (const row of rows) {
    // In another order it would be compared wrongly, and might say that all is well.
    if (last !== undefined && compareIds(row.id, last) <= 0) throw new TypeError('a source of the log gave its rows out of order');
    last = row.id;
    yield row;
  }
}
