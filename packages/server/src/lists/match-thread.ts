/** One match thread as the gateway sees it: started, asked one thing at a time, watched, and ended when it oversteps. */
import { Worker } from 'node:worker_threads';
import { GatehouseError } from '../platform/errors.ts';
import type { ThreadAnswer, ThreadData, ThreadEnvelope, ThreadMessage, ThreadRequest } from './match-protocol.ts';

export interface ThreadOptions {
  /** The program, compiled: `resolveEntry('lists/match-worker')`. */
  readonly program: string;
  readonly slot: number;
  readonly isBackground?: boolean;
  readonly startTimeoutMs?: number;
}

export type ThreadOutcome =
  | { readonly kind: 'answered'; readonly answer: ThreadAnswer }
  /** The thread is gone, or must be ended. */
  | { readonly kind: 'crashed' | 'timeout' };

/** The program loads in 0.05 s; a loaded machine may take a hundred times that. */
const START_TIMEOUT_MS = 15_000;
/** For JavaScript's own objects; indexes and results lie outside of it. */
const HEAP_MIB = 256;

interface Waiting {
  readonly id: number;
  settle(outcome: ThreadOutcome): void;
}

export class MatchThread {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #nextId = 1;
  #isAlive = true;
  #onReady: (() => void) | undefined;
  readonly #gone: Promise<void>;

  private constructor({ program, slot, isBackground = false }: ThreadOptions) {
    const workerData: ThreadData = { slot, isBackground };
    this.#worker = new Worker(program, { workerData, name: 'gatehouse-match', env: {}, execArgv: [], resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB } });
    this.#gone = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#isAlive = false;
        this.#waiting?.settle({ kind: 'crashed' });
        resolve();
      });
    });
    // An `exit` follows each of these.
    this.#worker.on('error', () => undefined);
    this.#worker.on('messageerror', () => void this.#worker.terminate());
    this.#worker.on('message', (message: ThreadMessage) => this.#receive(message));
  }

  /** @throws {GatehouseError} `internal` */
  static async start(options: ThreadOptions): Promise<MatchThread> {
    const thread = new MatchThread(options);
    const isReady = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), options.startTimeoutMs ?? START_TIMEOUT_MS);
      const done = (value: boolean): void => (clearTimeout(timer), resolve(value));
      thread.#onReady = () => done(true);
      void thread.#gone.then(() => done(false));
    });
    if (isReady) return thread;
    await thread.end();
    throw new GatehouseError('internal', 'A match thread could not be started. Nothing was compared.');
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** One question at a time. Never rejects. After `timeout` the thread must be ended. @param timeoutMs undefined waits for as long as it takes */
  ask(request: ThreadRequest, timeoutMs?: number): Promise<ThreadOutcome> {
    if (!this.#isAlive) return Promise.resolve({ kind: 'crashed' });
    const envelope: ThreadEnvelope = { id: this.#nextId++, request };
    return new Promise((resolve) => {
      // The answer may be there already while this thread was busy: messages come after timers in a turn of the event loop.
      const onTime = (): void => void setImmediate(() => waiting.settle({ kind: 'timeout' }));
      const timer = timeoutMs === undefined ? undefined : setTimeout(onTime, timeoutMs);
      const waiting: Waiting = {
        id: envelope.id,
        settle: (outcome) => {
          if (this.#waiting !== waiting) return;
          this.#waiting = undefined;
          clearTimeout(timer);
          resolve(outcome);
        },
      };
      this.#waiting = waiting;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      this.#worker.postMessage(envelope);
    });
  }

  /** Resolves when the thread is gone; what it was asked ends as `crashed`. */
  async end(): Promise<void> {
    await this.#worker.terminate();
    await this.#gone;
  }

  #receive(message: ThreadMessage): void {
    if ('kind' in message) this.#onReady?.();
    else if (message.id === this.#waiting?.id) this.#waiting.settle({ kind: 'answered', answer: message.answer });
  }
}
