/** A bound on what is verified at once, and on what waits for it. */
import { GatehouseError } from '../../platform/errors.ts';

const WAITING_PER_PLACE = 40;
const RETRY_AFTER_S = 2;

export interface Gate {
  /** @throws {GatehouseError} `busy` before anything of `work` has run */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(places: number): Gate {
  const waiting: (() => void)[] = [];
  let taken = 0;
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) taken -= 1;
    else next();
  };
  return {
    async pass(work) {
      if (taken < places) taken += 1;
      else if (waiting.length >= places * WAITING_PER_PLACE)
        throw new GatehouseError('busy', 'Too many proofs are being checked at the moment. Nothing was used up.', { retryAfterS: RETRY_AFTER_S });
      // Whoever leaves hands the place on.
      else await new Promise<void>((enter) => void waiting.push(enter));
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
