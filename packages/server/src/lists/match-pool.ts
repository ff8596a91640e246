/**
 * The match threads: started when there is work, fair between keys, with a bounded queue. They read the indexes that this thread owns;
 * nothing is copied. A thread that crashes or hangs is replaced; a comparison either has all of its answers or fails.
 */
import { availableParallelism } from 'node:os';
import type { HammingIndex, MatchColumns } from '@gatehouse/hamming';
import type { Clock } from '../platform/clock.ts';
import { GatehouseError } from '../platform/errors.ts';
import { FairQueue } from '../platform/fair-queue.ts';
import { packJobs } from './match-message.ts';
import type { JobAnswer } from './match-protocol.ts';
import type { IndexSearch } from './match-search.ts';
import { MatchThread, type ThreadOutcome } from './match-thread.ts';
import type { MatchOptions } from './schema.ts';

export interface MatchPoolOptions {
  /** The program, compiled: `resolveEntry('lists/match-worker')`. Looked up when the first thread is started. */
  readonly program: () => string;
  /** 0: as many as cores, at most 8. */
  readonly threads: number;
  readonly queueLimit?: number;
  readonly timeoutMs?: number;
  readonly startTimeoutMs?: number;
  /** Told of every thread that had to be replaced. */
  readonly onReplace?: (reason: 'crashed' | 'timeout') => void;
  readonly clock: Clock;
  /** Told of the time from a message with comparisons to its answer. */
  readonly onSearch?: (ms: number) => void;
}

const THREADS_MAX = 8;
/** A thousand comparisons with ten million entries take half a second of one core: nobody should wait for longer. */
const QUEUE_LIMIT = 1024;
/** The worst comparison with a hundred million entries, 48 queries that each read every row, takes 10 s. */
const TIMEOUT_MS = 20_000;
/**
 * Jobs travel together until they hold so many queries: a message costs 70 to 100 us, a query of ten million entries 50 us. More in one
 * message would only keep its first jobs waiting for its last.
 */
const QUERIES_AT_ONCE = 64;
const ATTEMPTS_MAX = 2;
/** After a failed start nobody tries again for this long. */
const START_PAUSE_MS = 1000;

export interface MatchJob {
  readonly searches: readonly IndexSearch[];
  readonly queries: number;
  isSettled: boolean;
  resolve(columns: readonly MatchColumns[]): void;
  reject(error: unknown): void;
}

interface Slot {
  /** Of the scratch memory in the indexes; from 1. */
  readonly number: number;
  thread: MatchThread | undefined;
  /** The `layout` of each index as the thread knows it. */
  known: Map<HammingIndex, number>;
  isBroken: boolean;
}

export function countThreads(threads: number): number {
  return threads === 0 ? Math.min(THREADS_MAX, availableParallelism()) : threads;
}

export class MatchPool {
  readonly #options: MatchPoolOptions;
  readonly #queue = new FairQueue<MatchJob>();
  readonly #slots: readonly Slot[];
  readonly #idle: Slot[];
  readonly #working = new Set<MatchJob>();
  readonly #works = new Set<Promise<void>>();
  readonly #numbers = new WeakMap<HammingIndex, number>();
  #nextNumber = 1;
  #kept: ReadonlySet<HammingIndex> = new Set();
  #isStopping = false;

  constructor(options: MatchPoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: countThreads(options.threads) }, (_none, at) => ({
      number: at + 1,
      thread: undefined,
      known: new Map<HammingIndex, number>(),
      isBroken: false,
    }));
    this.#idle = this.#slots.toReversed();
  }

  /** Comparisons waiting and under way. */
  get length(): number {
    return this.#queue.size + this.#working.size;
  }

  /** Threads alive now. */
  get threads(): number {
    return this.#slots.filter(({ thread }) => thread?.isAlive === true).length;
  }

  /** @throws {GatehouseError} `queue_full`, `stopping`, `internal`; the reason of `signal` */
  search(searches: readonly IndexSearch[], { key = '', signal }: MatchOptions): Promise<readonly MatchColumns[]> {
    return new Promise((resolve, reject) => {
      if (this.#isStopping) return reject(stopping());
      if (signal?.aborted === true) return reject(reasonOf(signal));
      if (this.#idle.length === 0 && this.#queue.size >= (this.#options.queueLimit ?? QUEUE_LIMIT)) {
        return reject(new GatehouseError('queue_full', 'Too many comparisons with the lists are waiting. Nothing was released.', { retryAfterS: 5 }));
      }
      const onAbort = (): void => {
        this.#queue.remove(key, job);
        if (signal !== undefined) job.reject(reasonOf(signal));
      };
      const settle = (then: () => void): void => {
        if (job.isSettled) return;
        job.isSettled = true;
        signal?.removeEventListener('abort', onAbort);
        then();
      };
      const job: MatchJob = {
        searches,
        queries: searches.reduce((sum, { queries }) => sum + queries.length, 0),
        isSettled: false,
        resolve: (columns) => settle(() => resolve(columns)),
        reject: (error: unknown) => settle(() => reject(error instanceof Error ? error : unexpected(String(error)))),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.add(key, job);
      this.#pump();
    });
  }

  /** The indexes that comparisons to come will search: threads open them in advance, and forget all others as soon as they may. */
  keep(indexes: Iterable<HammingIndex>): void {
    this.#kept = new Set(indexes);
    for (const slot of [...this.#idle]) if (!this.#isStopping && this.#isOutOfDate(slot)) this.#begin(slot, []);
  }

  /** Ends everything now: what waits or runs is rejected with `stopping`. Resolves when no thread is left. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const job of [...this.#queue.drain(), ...this.#working]) job.reject(stopping());
    await Promise.all(this.#slots.map((slot) => this.#end(slot)));
    await Promise.all(this.#works);
  }

  #pump(): void {
    while (this.#idle.length > 0 && this.#queue.size > 0) {
      // One that is alive before one that must be started.
      const slot = this.#idle.findLast(({ thread }) => thread?.isAlive === true) ?? this.#idle.at(-1);
      if (slot === undefined) return;
      this.#begin(slot, this.#takeJobs());
    }
  }

  /** A fair part of what waits: the other threads want some, too. */
  #takeJobs(): MatchJob[] {
    const jobs: MatchJob[] = [];
    const most = Math.ceil(this.#queue.size / this.#slots.length);
    for (let queries = 0; jobs.length < most && queries < QUERIES_AT_ONCE;) {
      const job = this.#queue.take();
      if (job === undefined) break;
      jobs.push(job);
      queries += job.queries;
    }
    return jobs;
  }

  #begin(slot: Slot, jobs: readonly MatchJob[]): void {
    this.#idle.splice(this.#idle.indexOf(slot), 1);
    for (const job of jobs) this.#working.add(job);
    const work: Promise<void> = this.#work(slot, jobs).finally(() => {
      this.#works.delete(work);
      for (const job of jobs) this.#working.delete(job);
      if (!slot.isBroken) this.#release(slot);
    });
    this.#works.add(work);
  }

  #release(slot: Slot): void {
    if (this.#isStopping) return;
    this.#idle.push(slot);
    this.#pump();
    // Nothing to do: then it lets go of what nobody needs.
    if (this.#idle.includes(slot) && slot.thread !== undefined && this.#isOutOfDate(slot)) this.#begin(slot, []);
  }

  /** Jobs that met a crash, or a hang in the company of others, are tried once more, each alone: only then is one of them to blame. */
  async #work(slot: Slot, jobs: readonly MatchJob[]): Promise<void> {
    try {
      const outcome = await this.#attempt(slot, jobs);
      if (outcome === 'done') return;
      const mayRetry = outcome === 'crashed' || jobs.length > 1;
      for (const job of jobs) {
        for (let attempt = 2; mayRetry && attempt <= ATTEMPTS_MAX && !job.isSettled; attempt++) await this.#attempt(slot, [job]);
        job.reject(unexpected(outcome));
      }
    } catch (error) {
      for (const job of jobs) job.reject(error);
      if (!this.#isStopping && slot.thread === undefined) this.#rest(slot);
    }
  }

  async #attempt(slot: Slot, jobs: readonly MatchJob[]): Promise<'done' | 'crashed' | 'timeout'> {
    const thread = await this.#ensureThread(slot);
    const wanted = jobs.filter(({ isSettled }) => !isSettled);
    const { request, known } = packJobs(wanted, { known: slot.known, kept: this.#kept, numberOf: (index) => this.#numberOf(index) });
    slot.known = known;
    const startedMs = this.#options.clock.monotonicMs();
    const outcome = await thread.ask(request, this.#options.timeoutMs ?? TIMEOUT_MS);
    if (outcome.kind !== 'answered') {
      await this.#end(slot);
      if (this.#isStopping) return 'done';
      this.#options.onReplace?.(outcome.kind);
      return outcome.kind;
    }
    if (wanted.length > 0) this.#options.onSearch?.(this.#options.clock.monotonicMs() - startedMs);
    const answers = readAnswers(outcome);
    for (const [at, job] of wanted.entries()) conclude(job, answers[at]);
    return 'done';
  }

  async #ensureThread(slot: Slot): Promise<MatchThread> {
    if (slot.thread?.isAlive === true) return slot.thread;
    // It ended between two questions, such as by running out of memory.
    if (slot.thread !== undefined) this.#options.onReplace?.('crashed');
    await this.#end(slot);
    if (this.#isStopping) throw stopping();
    const { program, startTimeoutMs } = this.#options;
    const thread = await MatchThread.start({ program: program(), slot: slot.number, ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }) });
    slot.thread = thread;
    if (!this.#isStopping) return thread;
    await this.#end(slot);
    throw stopping();
  }

  /** A broken installation must not become a storm of threads. What comes meanwhile waits for another slot, or fails with this one. */
  #rest(slot: Slot): void {
    slot.isBroken = true;
    if (this.#slots.every(({ isBroken }) => isBroken)) for (const job of this.#queue.drain()) job.reject(unexpected('no thread'));
    setTimeout(() => {
      slot.isBroken = false;
      this.#release(slot);
    }, START_PAUSE_MS).unref();
  }

  async #end(slot: Slot): Promise<void> {
    const { thread } = slot;
    slot.thread = undefined;
    slot.known = new Map();
    await thread?.end();
  }

  #isOutOfDate({ known }: Slot): boolean {
    return [...this.#kept].some((index) => known.get(index) !== index.layout) || [...known.keys()].some((index) => !this.#kept.has(index));
  }

  #numberOf(index: HammingIndex): number {
    const number = this.#numbers.get(index) ?? this.#nextNumber++;
    this.#numbers.set(index, number);
    return number;
  }
}

function conclude(job: MatchJob, answer: JobAnswer | undefined): void {
  if (answer === undefined || 'fault' in answer) job.reject(unexpected(answer?.fault ?? 'no answer'));
  else job.resolve(answer.columns);
}

function readAnswers(outcome: Extract<ThreadOutcome, { kind: 'answered' }>): readonly JobAnswer[] {
  return outcome.answer.kind === 'found' ? outcome.answer.jobs : [];
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : unexpected('cancelled');
}

function stopping(): GatehouseError {
  return new GatehouseError('stopping', 'The service is stopping. Nothing was compared, and nothing was released.');
}

function unexpected(what: string): GatehouseError {
  return new GatehouseError('internal', `A comparison with the lists failed (${what}). Nothing was released.`);
}
