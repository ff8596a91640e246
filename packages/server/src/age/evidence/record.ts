/** The written record: an entry for each change that matters and for each review, chained by hashes, kept for good. */
import { createHash } from 'node:crypto';
import type { AppContext } from '../../platform/context.ts';
import type { Sql } from '../../platform/db/database.ts';
import { findChanges, findFault, GENESIS, toCanonical, toHashed } from './record-rules.ts';
import type { Entry, Head, RecordView, ReviewInput, Snapshot, Verification } from './record-schema.ts';
import * as store from './store-record.ts';

const PAGE = 500;

export interface Author {
  readonly actor: string;
  /** `start`, `check`, `trust: muted`, `review` */
  readonly cause: string;
}

export interface WrittenRecord {
  /** Writes an entry when the configuration differs from the one that was written last. */
  noteConfiguration(snapshot: Snapshot, author: Author): Promise<RecordView | undefined>;
  addReview(review: ReviewInput, actor: string): Promise<RecordView>;
  /** @param expected a head that was noted earlier: finds that the end was cut off, or that all was written anew */
  verify(expected?: Head): Promise<Verification>;
  list(page: { readonly after: number; readonly limit: number }): Promise<RecordView[]>;
  /** Every entry, in order, a page at a time. */
  readAll(): AsyncGenerator<RecordView>;
  findLast(kind: Entry['kind']): Promise<Entry | undefined>;
  head(): Promise<Head>;
}

export function createRecord({ database, clock, events }: Pick<AppContext, 'database' | 'clock' | 'events'>): WrittenRecord {
  const { sql } = database;
  const append = (what: Pick<Entry, 'kind' | 'content'> & Author, skipWhenSame: boolean): Promise<RecordView | undefined> =>
    database.transact(async (tx) => {
      const head = await store.lockHead(tx);
      const before = what.kind === 'configuration' ? await store.findLastEntry(tx, 'configuration') : undefined;
      if (skipWhenSame && before?.content === what.content) return undefined;
      const entry = { ...what, sequence: head.sequence + 1, at: clock.now(), previousHash: head.hash };
      const whole: Entry = { ...entry, hash: hashOf(entry) };
      await store.appendEntry(tx, whole);
      await events.emit('age.record_written', { sequence: whole.sequence, record: whole.kind, actor: whole.actor }, tx);
      return toView(whole, before?.content);
    });
  return {
    noteConfiguration: (snapshot, author) => append({ kind: 'configuration', content: toCanonical(snapshot), ...author }, true),
    async addReview(review, actor) {
      const added = await append({ kind: 'review', content: toCanonical(review), actor, cause: 'review' }, false);
      if (added === undefined) throw new Error('a review is always written');
      return added;
    },
    verify: (expected) => verifyChain(sql, expected),
    list: (page) => listViews(sql, page),
    async *readAll() {
      for (let after = 0; ;) {
        const page = await listViews(sql, { after, limit: PAGE });
        yield* page;
        if (page.length < PAGE) return;
        after = page.at(-1)?.sequence ?? after;
      }
    },
    findLast: (kind) => store.findLastEntry(sql, kind),
    head: () => store.readHead(sql),
  };
}

function hashOf(entry: Omit<Entry, 'hash'>): string {
  return createHash('sha256').update(toHashed(entry)).digest('hex');
}

async function listViews(sql: Sql, page: { readonly after: number; readonly limit: number }): Promise<RecordView[]> {
  const entries = await store.listEntries(sql, page);
  const first = entries.find(({ kind }) => kind === 'configuration');
  let before = first === undefined ? undefined : (await store.findLastEntry(sql, 'configuration', first.sequence))?.content;
  return entries.map((entry) => {
    const view = toView(entry, before);
    if (entry.kind === 'configuration') before = entry.content;
    return view;
  });
}

function toView(entry: Entry, before: string | undefined): RecordView {
  const { sequence, at, kind, actor, cause, content, previousHash, hash } = entry;
  return {
    sequence,
    at: at.toISOString(),
    kind,
    actor,
    cause,
    changed: kind === 'configuration' ? tellChanges(before, content) : [],
    content,
    previousHash,
    hash,
  };
}

/** Somebody who tampered with the record may have left anything there: what cannot be compared is said to be changed. */
function tellChanges(before: string | undefined, content: string): string[] {
  try {
    return findChanges(before, content);
  } catch {
    return [''];
  }
}

async function verifyChain(sql: Sql, expected: Head | undefined): Promise<Verification> {
  // Read before the entries: one that is written meanwhile stands behind it.
  const wanted = { head: await store.readHead(sql), expected_head: expected ?? GENESIS };
  const missing = new Set<keyof typeof wanted>(['head', 'expected_head']);
  let head = GENESIS;
  const tick = (): void => {
    for (const reason of missing) if (sameHead(wanted[reason], head)) missing.delete(reason);
  };
  for (tick(); ;) {
    const page = await store.listEntries(sql, { after: head.sequence, limit: PAGE });
    for (const entry of page) {
      const fault = findFault(entry, head, hashOf(entry));
      if (fault !== undefined) return { isIntact: false, entries: head.sequence, head, fault };
      head = { sequence: entry.sequence, hash: entry.hash };
      tick();
    }
    if (page.length < PAGE) break;
  }
  const [reason] = missing;
  const found = { entries: head.sequence, head };
  return reason === undefined ? { isIntact: true, ...found } : { isIntact: false, ...found, fault: { sequence: head.sequence, reason } };
}

function sameHead(a: Head, b: Head): boolean {
  return a.sequence === b.sequence && a.hash === b.hash;
}
