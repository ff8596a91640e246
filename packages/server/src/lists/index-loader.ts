/**
 * Long work on indexes, in a thread of its own: it reads segments and snapshots, builds and merges, in memory that this thread then owns
 * or takes over. One task after the other. The thread ends when nothing waits, so that the memory of the work goes, too.
 */
import { adoptSharedIndex, HammingError, type HammingIndex, type MergeWork, type SharedHammingIndex } from '@gatehouse/hamming';
import { GatehouseError } from '../platform/errors.ts';
import type { HashSource, TaskAnswer, TaskRequest } from './match-protocol.ts';
import { MatchThread } from './match-thread.ts';
import { createTurns } from './turns.ts';

export interface IndexLoaderOptions {
  /** The program, compiled: `resolveEntry('lists/match-worker')`. */
  readonly program: () => string;
  /** Of the thread's scratch memory in the indexes. */
  readonly slot: number;
}

/** All of these throw `stopping` or the reason of `signal`, GatehouseError `storage_failed` or `internal`, and HammingError. */
export interface IndexLoader {
  build(source: HashSource, signal?: AbortSignal): Promise<HammingIndex>;
  /** Hashes in the order of their ranks, 32 bytes each. */
  order(source: HashSource, signal?: AbortSignal): Promise<Uint8Array>;
  /** Searches, additions and removals go on meanwhile; what is added meanwhile stays unmerged. */
  merge(index: HammingIndex): Promise<void>;
  /** @throws a fault of the system with its code, such as `ENOSPC`; then there is no file */
  save(shared: SharedHammingIndex, path: string): Promise<void>;
  /** @throws HammingError `bad_snapshot` */
  restore(path: string, signal?: AbortSignal): Promise<HammingIndex>;
  stop(): Promise<void>;
}

/** What a thread could not do, with the code of the fault. */
export class TaskFault extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function createIndexLoader(options: IndexLoaderOptions): IndexLoader {
  const tasks = new TaskThread(options);
  return {
    build: (source, signal) => tasks.run(() => ({ kind: 'build', source }), readIndex, signal),
    order: (source, signal) => tasks.run(() => ({ kind: 'order', source }), readValues, signal),
    restore: (path, signal) => tasks.run(() => ({ kind: 'restore', path }), readIndex, signal),
    save: (shared, path) =>
      tasks.run(
        () => ({ kind: 'save', shared, path }),
        () => undefined,
      ),
    async merge(index) {
      let work: MergeWork | undefined;
      const begin = (): TaskRequest => {
        work = index.startMerge();
        return { kind: 'merge', shared: work.shared };
      };
      try {
        const merged = await tasks.run(begin, (answer) => (answer.kind === 'merged' ? answer.merged : wrongAnswer()));
        work?.finish(merged);
      } catch (error) {
        work?.cancel();
        throw error;
      }
    },
    stop: () => tasks.stop(),
  };
}

class TaskThread {
  readonly #options: IndexLoaderOptions;
  readonly #takeTurn = createTurns();
  readonly #stopping = new AbortController();
  #waiting = 0;
  #thread: MatchThread | undefined;

  constructor(options: IndexLoaderOptions) {
    this.#options = options;
  }

  /** @param makeTask called when its turn has come */
  async run<Result>(makeTask: () => TaskRequest, read: (answer: TaskAnswer) => Result, signal?: AbortSignal): Promise<Result> {
    const either = signal === undefined ? this.#stopping.signal : AbortSignal.any([this.#stopping.signal, signal]);
    this.#waiting += 1;
    try {
      return await this.#takeTurn('', async () => {
        either.throwIfAborted();
        const answer = await this.#ask(makeTask(), either);
        if (answer.kind === 'failed') throw toFault(answer);
        return read(answer);
      });
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) await this.#endThread();
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new GatehouseError('stopping', 'The service is stopping.'));
    // Behind what is under way, which ends with its thread; a thread that is just being started ends, too.
    const last = this.#takeTurn('', () => this.#endThread());
    await this.#endThread();
    await last;
  }

  async #ask(task: TaskRequest, signal: AbortSignal): Promise<TaskAnswer> {
    const thread =
      this.#thread?.isAlive === true
        ? this.#thread
        : await MatchThread.start({ program: this.#options.program(), slot: this.#options.slot, isBackground: true });
    this.#thread = thread;
    signal.throwIfAborted();
    const abort = (): void => void this.#endThread();
    signal.addEventListener('abort', abort, { once: true });
    const outcome = await thread.ask(task).finally(() => signal.removeEventListener('abort', abort));
    signal.throwIfAborted();
    if (outcome.kind === 'answered' && outcome.answer.kind !== 'found') return outcome.answer;
    await this.#endThread();
    throw new GatehouseError('internal', 'A thread ended while it worked on the index of a list. Matching goes on with the version before.');
  }

  async #endThread(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end();
  }
}

function readIndex(answer: TaskAnswer): HammingIndex {
  return answer.kind === 'index' ? adoptSharedIndex(answer.shared) : wrongAnswer();
}

function readValues(answer: TaskAnswer): Uint8Array {
  return answer.kind === 'values' ? answer.values : wrongAnswer();
}

function wrongAnswer(): never {
  throw new TypeError('an answer to another question');
}

function toFault({ code, message }: Extract<TaskAnswer, { kind: 'failed' }>): Error {
  if (code === 'storage_failed') return new GatehouseError('storage_failed', message);
  if (code === 'bad_snapshot' || code === 'allocation_failed') return new HammingError(code, message);
  return new TaskFault(code, `Work on the index of a list failed: ${message}`);
}
