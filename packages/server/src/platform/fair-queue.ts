/** A queue in which keys take turns: a key with a thousand entries delays another key's entry by one. */
export class FairQueue<T> {
  readonly #lanes = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: string, item: T): void {
    const lane = this.#lanes.get(key);
    if (lane === undefined) this.#lanes.set(key, [item]);
    else lane.push(item);
    this.#size += 1;
  }

  /** The next item: of the key that has waited longest for its turn. */
  take(): T | undefined {
    const next = this.#lanes.entries().next();
    if (next.done === true) return undefined;
    const [key, lane] = next.value;
    const item = lane.shift();
    // A map keeps the order of insertion: the key goes to the end of it.
    this.#lanes.delete(key);
    if (lane.length > 0) this.#lanes.set(key, lane);
    this.#size -= 1;
    return item;
  }

  /** @returns false when it was not waiting */
  remove(key: string, item: T): boolean {
    const lane = this.#lanes.get(key);
    const at = lane?.indexOf(item) ?? -1;
    if (lane === undefined || at < 0) return false;
    lane.splice(at, 1);
    if (lane.length === 0) this.#lanes.delete(key);
    this.#size -= 1;
    return true;
  }

  /** Empties the queue. */
  drain(): T[] {
    const items = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    this.#size = 0;
    return items;
  }
}
