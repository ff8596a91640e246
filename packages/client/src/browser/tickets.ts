/** The ticket of the signed-in person, from the site's own server, for as long as it opens something. */
import { readTimeS } from '../outside.ts';

export interface Tickets {
  take(): Promise<string>;
  /** A new one when the one at hand is older than half a minute: for requests that cost the whole upload when they are refused. */
  takeFresh(): Promise<string>;
  /** It was refused; whoever takes one next gets another. */
  drop(ticket: string): void;
}

/** Of how long a ticket is valid only the server knows for sure: the clock of a device may be wrong. */
const FRESH_S = 30;

export function createTickets(getTicket: () => Promise<string>): Tickets {
  let current: { readonly atS: number; readonly promise: Promise<string>; ticket?: string } | undefined;
  const renew = (): Promise<string> => {
    const mine: typeof current = { atS: readTimeS(), promise: getTicket() };
    current = mine;
    mine.promise.then(
      (ticket) => void (mine.ticket = ticket),
      () => {
        if (current === mine) current = undefined;
      },
    );
    return mine.promise;
  };
  return {
    take: async () => current?.promise ?? renew(),
    takeFresh: async () => (current === undefined || readTimeS() - current.atS > FRESH_S ? renew() : current.promise),
    drop(ticket) {
      if (current?.ticket === ticket) current = undefined;
    },
  };
}
