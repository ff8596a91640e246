/** Sessions and trust for the tests of tokens and passkeys: what the domain's other parts do, in memory. */
import { generateSigningKey, type SigningKey } from '../../src/age/tokens/blind-rsa.ts';
import { GatehouseError } from '../../src/platform/errors.ts';
import type { OpenSession, ReuseOutcome, ReuseSessions, TrustState, VerdictForToken } from '../../src/age/tokens/schema.ts';

export interface FakeSessions extends ReuseSessions {
  /** Only a request with the header `x-browser` of this name, or the cookie `browser`, is the session's own. */
  open(id: string, session: OpenSession, browser?: string): void;
  finish(verdict: VerdictForToken, browser?: string): void;
  readonly outcomes: Map<string, ReuseOutcome>;
}

export function createFakeSessions(): FakeSessions {
  const opened = new Map<string, OpenSession>();
  const verdicts = new Map<string, VerdictForToken>();
  const browsers = new Map<string, string>();
  const outcomes = new Map<string, ReuseOutcome>();
  const isOwner = (id: string, header: (name: string) => string | undefined): boolean =>
    (header('x-browser') ?? /(?:^|; )browser=(\w+)/.exec(header('cookie') ?? '')?.[1]) === browsers.get(id);
  return {
    outcomes,
    open(id, session, browser = 'own') {
      opened.set(id, session);
      browsers.set(id, browser);
    },
    finish(verdict, browser = 'own') {
      verdicts.set(verdict.sessionId, verdict);
      browsers.set(verdict.sessionId, browser);
    },
    findOpen: async (id, { header }) => (isOwner(id, header) && !outcomes.has(id) ? opened.get(id) : undefined),
    findVerdict: async (id, { header }) => (isOwner(id, header) ? verdicts.get(id) : undefined),
    async complete(id, outcome) {
      if (outcomes.has(id)) throw new GatehouseError('conflict', 'The age check was completed before.');
      outcomes.set(id, outcome);
    },
  };
}

export interface FakeTrust extends TrustState {
  mute(): void;
}

export function createFakeTrust(): FakeTrust {
  let generation = 1;
  return {
    generation: async () => generation,
    mute() {
      generation += 1;
    },
  };
}

/** Of a browser that owns the session. */
export const OWN = { header: (name: string): string | undefined => (name === 'x-browser' ? 'own' : undefined) };

/** The same real keys for every test of a file, in the same order after `restart`: a pair takes up to half a second on a busy machine. */
export function createKeySource(): { generate(): Promise<SigningKey>; restart(): void } {
  const made: Promise<SigningKey>[] = [];
  let used = 0;
  return {
    generate() {
      const key = (made[used] ??= generateSigningKey());
      used += 1;
      return key;
    },
    restart() {
      used = 0;
    },
  };
}
