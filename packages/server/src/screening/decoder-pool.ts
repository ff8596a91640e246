/**
 * The decoder processes: started when there is work, one file at a time each, fair between keys, with a bounded queue. A process that
 * crashes, hangs or takes too much memory is replaced; the gateway only ever sees an outcome.
 */
import { availableParallelism } from 'node:os';
import type { Clock } from '../platform/clock.ts';
import { DecoderChild, type ChildAnswer } from './decoder-child.ts';
import { findIsolation, NO_ISOLATION, type Isolation } from './decoder-isolation.ts';
import type { DecodeLimits, DecodeTask, Hashed, Refusal } from './decoder-protocol.ts';
import { FairQueue } from '../platform/fair-queue.ts';

export interface DecoderPoolOptions {
  /** The program, compiled: `resolveEntry('screening/decoder-process')`. */
  readonly program: string;
  /** 0: as many as cores, at most 8. */
  readonly processes: number;
  readonly timeoutMs: number;
  readonly memoryMib: number;
  readonly queueLimit: number;
  readonly limits: DecodeLimits;
  readonly clock: Clock;
  /** Tests: another isolation than the strongest that works here. */
  readonly isolation?: Isolation;
  readonly startTimeoutMs?: number;
}

export interface DecodeJob {
  /** Absolute. */
  readonly path: string;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

export interface DecodeTimes {
  /** In the queue, and for a process to start. */
  readonly waitMs: number;
  readonly decodeMs: number;
  readonly hashMs: number;
}

type Success = { readonly kind: 'hashed'; readonly hashed: Hashed } | { readonly kind: 'drawn'; readonly jpeg: Uint8Array };
type Failure =
  | { readonly kind: 'refused'; readonly reason: Refusal }
  /** What the content did to its decoder. */
  | { readonly kind: 'broke'; readonly reason: 'decoder_crashed' | 'decoder_timeout' | 'decoder_out_of_memory' }
  /** Nothing is known about the content. */
  | { readonly kind: 'failed'; readonly reason: 'queue_full' | 'cancelled' | 'stopping' | 'decoder_unavailable' };
type Result = Success | Failure;
type Outcome<Wanted extends Success['kind']> = { readonly times: DecodeTimes } & (Extract<Success, { kind: Wanted }> | Failure);
export type DecodeOutcome = Outcome<'hashed'>;
export type DrawOutcome = Outcome<'drawn'>;

export interface DecoderPoolState {
  readonly processes: number;
  readonly isolation: Isolation;
  /** On the monotonic clock. */
  readonly lastSuccessMs: number | undefined;
  /** Why the program could not be started the last time; undefined once it was. */
  readonly complaint: string | undefined;
}

const PROCESSES_MAX = 8;
/** Native decoders leak and fragment a little; a process is replaced after so many files. */
const FILES_PER_PROCESS = 500;
/** 75 to 100 MB of pixels: freed at the next garbage collection, which may come after the next picture. A fresh process costs 0.15 s. */
const LARGE_PIXELS = 25_000_000;
/** Sharp and its libraries load in 0.1 s; a loaded machine may take a hundred times that. */
const START_TIMEOUT_MS = 15_000;
/** After a failed start nobody tries again for this long: a broken installation must not become a storm of processes. */
const START_PAUSE_MS = 1000;
const ATTEMPTS_MAX = 2;

interface Waiting extends DecodeJob {
  readonly task: DecodeTask;
  readonly queuedMs: number;
  startedMs: number | undefined;
  slot: Slot | undefined;
  isSettled: boolean;
  /** The picture was so large that its process is not used again. */
  isLarge: boolean;
  settle(result: Result, times?: Partial<DecodeTimes>): void;
}

/** A place for one process. */
interface Slot {
  child: DecoderChild | undefined;
}

export class DecoderPool {
  readonly #options: DecoderPoolOptions;
  readonly #queue = new FairQueue<Waiting>();
  readonly #slots: readonly Slot[];
  readonly #idle: Slot[];
  readonly #working = new Set<Waiting>();
  readonly #works = new Set<Promise<void>>();
  #knownIsolation: Isolation = NO_ISOLATION;
  #nextId = 1;
  #lastSuccessMs: number | undefined;
  #failedStart: { readonly atMs: number; readonly complaint: string } | undefined;
  #isStopping = false;

  constructor(options: DecoderPoolOptions) {
    this.#options = options;
    const count = options.processes === 0 ? Math.min(PROCESSES_MAX, availableParallelism()) : options.processes;
    this.#slots = Array.from({ length: count }, () => ({ child: undefined }));
    this.#idle = [...this.#slots];
  }

  /** Waiting and under way. */
  get length(): number {
    return this.#queue.size + this.#working.size;
  }

  /** Known once the first process was started. */
  get state(): DecoderPoolState {
    return { processes: this.#slots.length, isolation: this.#knownIsolation, lastSuccessMs: this.#lastSuccessMs, complaint: this.#failedStart?.complaint };
  }

  /** The ids of the processes alive now. */
  get pids(): readonly number[] {
    return this.#slots.flatMap(({ child }) => (child?.isAlive === true && child.pid !== undefined ? [child.pid] : []));
  }

  /** The hashes. Never rejects. */
  async decode(job: DecodeJob): Promise<DecodeOutcome> {
    const outcome = await this.#submit(job, { kind: 'hash' });
    return outcome.kind === 'drawn' ? { kind: 'broke', reason: 'decoder_crashed', times: outcome.times } : outcome;
  }

  /** A small drawing, grey and blurred or clear. Never rejects. */
  async draw(job: DecodeJob & { readonly isBlurred: boolean }): Promise<DrawOutcome> {
    const outcome = await this.#submit(job, { kind: 'draw', isBlurred: job.isBlurred });
    return outcome.kind === 'hashed' ? { kind: 'broke', reason: 'decoder_crashed', times: outcome.times } : outcome;
  }

  #submit(job: DecodeJob, task: DecodeTask): Promise<Result & { readonly times: DecodeTimes }> {
    const { clock, queueLimit } = this.#options;
    const queuedMs = clock.monotonicMs();
    return new Promise((resolve) => {
      const onAbort = (): void => this.#cancel(waiting);
      const waiting: Waiting = {
        ...job,
        task,
        queuedMs,
        startedMs: undefined,
        slot: undefined,
        isSettled: false,
        isLarge: false,
        settle(result, times) {
          if (waiting.isSettled) return;
          waiting.isSettled = true;
          job.signal?.removeEventListener('abort', onAbort);
          resolve({ ...result, times: { waitMs: (waiting.startedMs ?? clock.monotonicMs()) - queuedMs, decodeMs: 0, hashMs: 0, ...times } });
        },
      };
      if (this.#isStopping) return waiting.settle({ kind: 'failed', reason: 'stopping' });
      if (job.signal?.aborted === true) return waiting.settle({ kind: 'failed', reason: 'cancelled' });
      if (this.#idle.length === 0 && this.#queue.size >= queueLimit) return waiting.settle({ kind: 'failed', reason: 'queue_full' });
      job.signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.add(job.key, waiting);
      this.#pump();
    });
  }

  /** Ends everything now: what waits or runs gets `stopping`. Resolves when no process is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const waiting of [...this.#queue.drain(), ...this.#working]) waiting.settle({ kind: 'failed', reason: 'stopping' });
    await Promise.all(this.#slots.map((slot) => this.#end(slot)));
    await Promise.all(this.#works);
  }

  #pump(): void {
    while (this.#idle.length > 0 && this.#queue.size > 0) {
      const slot = this.#idle.pop();
      const waiting = this.#queue.take();
      if (slot === undefined || waiting === undefined) return;
      const work: Promise<void> = this.#work(slot, waiting).finally(() => this.#works.delete(work));
      this.#works.add(work);
    }
  }

  async #work(slot: Slot, waiting: Waiting): Promise<void> {
    this.#working.add(waiting);
    waiting.slot = slot;
    try {
      await this.#attempt(slot, waiting);
      if (slot.child !== undefined && (slot.child.filesDone >= FILES_PER_PROCESS || waiting.isLarge)) await this.#end(slot);
    } finally {
      waiting.slot = undefined;
      this.#working.delete(waiting);
      waiting.settle({ kind: 'failed', reason: 'decoder_unavailable' });
      this.#idle.push(slot);
      this.#pump();
    }
  }

  /** A crash is tried once more in a fresh process; so is too much memory in one that had worked before, since it may be that work's. */
  async #attempt(slot: Slot, waiting: Waiting): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX && !waiting.isSettled; attempt++) {
      const child = await this.#ensureChild(slot);
      if (child === undefined) return waiting.settle({ kind: 'failed', reason: this.#isStopping ? 'stopping' : 'decoder_unavailable' });
      if (waiting.isSettled) return;
      const isFresh = child.filesDone === 0;
      waiting.startedMs = this.#options.clock.monotonicMs();
      const answer = await child.run({ id: this.#nextId++, path: waiting.path, task: waiting.task, ...this.#options.limits });
      const mayRetry = attempt < ATTEMPTS_MAX && (answer.kind === 'crashed' || (answer.kind === 'out_of_memory' && !isFresh));
      if (!mayRetry) return this.#conclude(waiting, answer);
      await this.#end(slot);
    }
  }

  #conclude(waiting: Waiting, answer: ChildAnswer): void {
    switch (answer.kind) {
      case 'hashed':
        this.#lastSuccessMs = this.#options.clock.monotonicMs();
        waiting.isLarge = answer.hashed.width * answer.hashed.height > LARGE_PIXELS;
        return waiting.settle({ kind: 'hashed', hashed: answer.hashed }, { decodeMs: answer.decodeMs, hashMs: answer.hashMs });
      case 'drawn':
        return waiting.settle({ kind: 'drawn', jpeg: answer.jpeg }, { decodeMs: answer.decodeMs });
      case 'refused':
        return waiting.settle({ kind: 'refused', reason: answer.reason }, { decodeMs: answer.decodeMs });
      case 'crashed':
      case 'timeout':
      case 'out_of_memory': {
        const decodeMs = this.#options.clock.monotonicMs() - (waiting.startedMs ?? waiting.queuedMs);
        return waiting.settle({ kind: 'broke', reason: `decoder_${answer.kind}` }, { decodeMs });
      }
    }
  }

  async #ensureChild(slot: Slot): Promise<DecoderChild | undefined> {
    if (slot.child?.isAlive === true) return slot.child;
    const { program, timeoutMs, memoryMib, startTimeoutMs = START_TIMEOUT_MS, clock } = this.#options;
    if (this.#isStopping || (this.#failedStart !== undefined && clock.monotonicMs() - this.#failedStart.atMs < START_PAUSE_MS)) return undefined;
    try {
      this.#knownIsolation = this.#options.isolation ?? (await findIsolation());
      slot.child = await DecoderChild.start({ program, isolation: this.#knownIsolation, limits: { timeoutMs, memoryMib, startTimeoutMs }, clock });
      this.#failedStart = undefined;
    } catch (error) {
      // Nobody waits for this work but the file's outcome: what is thrown here would end the gateway.
      this.#failedStart = { atMs: clock.monotonicMs(), complaint: error instanceof Error ? error.message : 'unknown fault' };
      return undefined;
    }
    if (!this.#isStopping) return slot.child;
    await this.#end(slot);
    return undefined;
  }

  #cancel(waiting: Waiting): void {
    this.#queue.remove(waiting.key, waiting);
    waiting.settle({ kind: 'failed', reason: 'cancelled' });
    // Nobody waits for it any more: its processor time is better spent on the next.
    waiting.slot?.child?.kill();
  }

  async #end(slot: Slot): Promise<void> {
    const { child } = slot;
    slot.child = undefined;
    child?.kill();
    await child?.gone;
  }
}
