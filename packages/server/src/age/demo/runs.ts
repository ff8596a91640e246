/**
 * What the service of the demonstration keeps in its own session of the person, as every service must: the client token, the nonce, and here the messages.
 * In memory, bounded, for one hour.
 */
import type { Clock } from '../../platform/clock.ts';
import { randomHex } from '../../platform/ids.ts';
import type { ResultCheck } from '../results/schema.ts';
import type { AgeQuestion, SessionState } from '../sessions/schema.ts';
import { TRY_PATH, type Step } from './schema.ts';

const RUNS_MAX = 200;
const STEPS_MAX = 60;
const KEPT_MS = 3_600_000;
const COOKIE = 'gatehouse_age_try';
const SECRET = /^[0-9a-f]{64}$/;

/** What the service found when the person came back. */
export interface RunEnd {
  readonly state: SessionState;
  /** The signed result, and what the check of it said. */
  readonly result: string | undefined;
  readonly check: ResultCheck | undefined;
}

export interface Run {
  readonly sessionId: string;
  readonly clientToken: string;
  readonly nonce: string;
  readonly question: AgeQuestion;
  readonly steps: readonly Step[];
  readonly end: RunEnd | undefined;
}

export interface Runs {
  /** @returns the cookie that names it */
  open(run: Omit<Run, 'steps' | 'end'>, options: { readonly isSecure: boolean }): string;
  findByCookie(cookie: string | undefined): Run | undefined;
  /** Nothing happens for a session that nobody here opened. */
  note(sessionId: string, steps: readonly Step[]): void;
  close(sessionId: string, end: RunEnd): void;
}

export function createRuns(clock: Clock): Runs {
  const runs = new Map<string, { run: Run; readonly untilMs: number }>();
  const change = (sessionId: string, changed: (run: Run) => Run): void => {
    for (const kept of runs.values()) if (kept.run.sessionId === sessionId) kept.run = changed(kept.run);
  };
  const forget = (): void => {
    const nowMs = clock.monotonicMs();
    // In the order in which they were opened.
    for (const [secret, { untilMs }] of runs) if (untilMs <= nowMs || runs.size >= RUNS_MAX) runs.delete(secret);
  };
  return {
    open(run, { isSecure }) {
      forget();
      const secret = randomHex(32);
      runs.set(secret, { run: { ...run, steps: [], end: undefined }, untilMs: clock.monotonicMs() + KEPT_MS });
      return `${COOKIE}=${secret}; Path=${TRY_PATH}; HttpOnly; SameSite=Lax; Max-Age=${KEPT_MS / 1000}${isSecure ? '; Secure' : ''}`;
    },
    findByCookie(cookie) {
      const kept = runs.get(readSecret(cookie) ?? '');
      return kept !== undefined && kept.untilMs > clock.monotonicMs() ? kept.run : undefined;
    },
    note: (sessionId, steps) => change(sessionId, (run) => ({ ...run, steps: [...run.steps, ...steps].slice(-STEPS_MAX) })),
    close: (sessionId, end) => change(sessionId, (run) => ({ ...run, end })),
  };
}

function readSecret(cookie: string | undefined): string | undefined {
  const pair = (cookie ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${COOKIE}=`));
  const secret = pair?.slice(COOKIE.length + 1);
  return secret !== undefined && SECRET.test(secret) ? secret : undefined;
}
