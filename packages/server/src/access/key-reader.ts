/**
 * Reads the keys that requests show: those that come at about the same time with one question to the database, and no cache. Each request is judged by
 * a question that began after it came, so what was revoked is refused from the next request on, on every node.
 */
import type { Clock } from '../platform/clock.ts';

export interface KeyReader<Row> {
  /** @returns undefined when there is no such key. @throws what the question threw */
  read(id: string): Promise<Row | undefined>;
}

interface Asked<Row> {
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

/** A question that takes longer must not hold up those that come after it, such as on a connection that hangs. */
const PATIENCE_MS = 50;

export function createKeyReader<Row extends { readonly id: string }>(clock: Clock, find: (ids: readonly string[]) => Promise<readonly Row[]>): KeyReader<Row> {
  let waiting = new Map<string, Asked<Row>[]>();
  let underWay = 0;
  let beganMs = 0;
  const begin = (): void => {
    const asked = waiting;
    waiting = new Map();
    underWay += 1;
    beganMs = clock.monotonicMs();
    void ask(find, asked).finally(() => {
      underWay -= 1;
      if (waiting.size > 0 && underWay === 0) begin();
    });
  };
  return {
    read: (id) =>
      new Promise((resolve, reject) => {
        const asked = waiting.get(id) ?? [];
        asked.push({ resolve, reject });
        waiting.set(id, asked);
        if (underWay === 0 || clock.monotonicMs() - beganMs > PATIENCE_MS) begin();
      }),
  };
}

/** Never rejects. */
async function ask<Row extends { readonly id: string }>(
  find: (ids: readonly string[]) => Promise<readonly Row[]>,
  asked: ReadonlyMap<string, readonly Asked<Row>[]>,
): Promise<void> {
  try {
    const rows = new Map((await find([...asked.keys()])).map((row) => [row.id, row]));
    for (const [id, all] of asked) for (const one of all) one.resolve(rows.get(id));
  } catch (error) {
    for (const all of asked.values()) for (const one of all) one.reject(error);
  }
}
