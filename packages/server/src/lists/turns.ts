/** Work under the same key one after the other; under different keys side by side. */
export type TakeTurn = <Result>(key: string, work: () => Promise<Result>) => Promise<Result>;

export function createTurns(): TakeTurn {
  const last = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const turn = (last.get(key) ?? Promise.resolve()).catch(() => undefined).then(work);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}
