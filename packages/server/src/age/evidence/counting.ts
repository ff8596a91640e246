/**
 * Counting without persons. A visit is kept for as long as its check is open; when the check ends, one cell of the day is raised and the visit is
 * deleted, in one transaction. What happens to single answers is held in memory for a few seconds, and added by day: a crash loses that much.
 * A fault in counting never fails a check.
 */
import type { AppContext } from '../../platform/context.ts';
import { addDays, foldCounts, mergeCounts, readDevice, toCount, toDay } from './count-rules.ts';
import type { CountRow, Day, TallyRow } from './schema.ts';
import * as store from './store-counts.ts';

export interface CountingParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'config' | 'log' | 'stopping'>;
  readonly languages: readonly string[];
}

export interface Counting {
  /** The page was opened by the browser that counts. */
  enter(sessionId: string, header: (name: string) => string | undefined): void;
  /** The person takes the path on which somebody or something helps; only because they said so. */
  noteAssisted(sessionId: string): void;
  /** The way that was begun last. */
  begin(sessionId: string, method: string): void;
  refuse(sessionId: string): void;
  /** Without a page: an app answered for the person. */
  answerElsewhere(sessionId: string, method: string): void;
  tally(method: string, word: string): void;
  /** Counts the checks that ended. Run before ended checks are deleted. */
  collect(): Promise<number>;
  /** Folds days into months once they are old enough. */
  fold(): Promise<void>;
  /** Writes what is held in memory. */
  flush(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

const FLUSH_MS = 5_000;
/** Words are of closed sets; this only bounds what a fault could do. */
const TALLIES_MAX = 10_000;

export function createCounting({ context, languages }: CountingParts): Counting {
  const { database, clock, config, log, stopping } = context;
  const { sql } = database;
  /** Writes about one check follow each other. */
  const underWay = new Map<string, Promise<void>>();
  const tallies = new Map<string, TallyRow>();
  let loop: Promise<void> | undefined;
  /** Not waited for by the check, but by `flush`. */
  const track = (key: string, work: () => Promise<unknown>): void => {
    const done = (underWay.get(key) ?? Promise.resolve()).then(work).then(
      () => undefined,
      (error: unknown) =>
        log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'an age check could not be counted; the check itself goes on'),
    );
    underWay.set(key, done);
    void done.then(() => {
      if (underWay.get(key) === done) underWay.delete(key);
    });
  };
  const settle = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay.values());
  };
  const flush = async (): Promise<void> => {
    await settle();
    const held = [...tallies.values()];
    tallies.clear();
    if (held.length > 0) track('', () => store.addTallies(sql, 'day', held));
    await settle();
  };
  return {
    enter: (sessionId, header) =>
      track(sessionId, () => store.insertVisit(sql, { session_id: sessionId, device: readDevice(header), method: 'none', began_at: clock.now() })),
    noteAssisted: (sessionId) => track(sessionId, () => store.updateVisit(sql, sessionId, { is_assisted: true })),
    begin: (sessionId, method) => track(sessionId, () => store.updateVisit(sql, sessionId, { method })),
    refuse: (sessionId) => track(sessionId, () => store.countRefusal(sql, sessionId)),
    answerElsewhere: (sessionId, method) =>
      track(sessionId, () => store.insertVisit(sql, { session_id: sessionId, device: 'unknown', method, began_at: clock.now() })),
    tally(method, word) {
      const day = toDay(clock.now());
      const key = JSON.stringify([day, method, word]);
      const known = tallies.get(key);
      if (known === undefined && tallies.size >= TALLIES_MAX) return;
      tallies.set(key, { day, method, word, count: (known?.count ?? 0) + 1 });
    },
    async collect() {
      await settle();
      return collect(database, clock.now(), languages);
    },
    fold: () => fold(database, { before: toMonth(addDays(toDay(clock.now()), -config.ageEvidenceDays)), k: config.ageEvidenceMinCount }),
    flush,
    start() {
      loop ??= (async () => {
        while (!stopping.aborted) {
          await clock.sleep(FLUSH_MS, stopping);
          await flush();
        }
      })();
    },
    async stop() {
      if (stopping.aborted) await loop;
      await flush();
    },
  };
}

async function collect(database: CountingParts['context']['database'], now: Date, languages: readonly string[]): Promise<number> {
  return database.transact(async (tx) => {
    const ended = await store.takeEnded(tx, now);
    const byDay = new Map<Day, CountRow[]>();
    for (const check of ended) byDay.set(toDay(check.endedAt), [...(byDay.get(toDay(check.endedAt)) ?? []), toCount(check, languages)]);
    for (const day of [...byDay.keys()].toSorted()) await store.addCounts(tx, { period: 'day', day }, mergeCounts(byDay.get(day) ?? []));
    return ended.length;
  });
}

/** The first day of its month. */
export function toMonth(day: Day): Day {
  return `${day.slice(0, 7)}-01`;
}

/** Whole months only, so that each is folded once, out of all its days. */
async function fold(database: CountingParts['context']['database'], { before, k }: { readonly before: Day; readonly k: number }): Promise<void> {
  await database.transact(async (tx) => {
    const counts = await store.takeOldCounts(tx, before);
    for (const month of new Set(counts.map(({ day }) => toMonth(day)))) {
      const own = counts.filter(({ day }) => toMonth(day) === month).map(({ day: _day, ...row }) => row);
      await store.addCounts(tx, { period: 'month', day: month }, foldCounts(own, k));
    }
    const sums = new Map<string, TallyRow>();
    for (const { day, method, word, count } of await store.takeOldTallies(tx, before)) {
      const key = JSON.stringify([toMonth(day), method, word]);
      sums.set(key, { day: toMonth(day), method, word, count: count + (sums.get(key)?.count ?? 0) });
    }
    await store.addTallies(tx, 'month', [...sums.values()]);
  });
}
