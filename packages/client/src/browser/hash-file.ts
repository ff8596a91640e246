/** Hashes files beside the page, one after the other. */
import { readSignals, type FileSignals } from './signals.ts';
import { reasonOf } from './transport.ts';

export interface HashOptions {
  /** Default: the worker of this package, which bundlers find. `false`: in the page itself. */
  readonly createWorker?: (() => Worker) | false;
}

export interface FileHasher {
  /** @throws when the file cannot be read, or `signal` aborts */
  hash(file: Blob, signal?: AbortSignal): Promise<FileSignals>;
  close(): void;
}

interface Answer {
  readonly signals?: FileSignals;
  readonly fault?: string;
}

/** It was not loaded (a content-security policy, or a bundler that did not see it), was closed, or ran out of memory. */
class WorkerGone extends Error {}

export function createFileHasher(options: HashOptions = {}): FileHasher {
  const gone = new EventTarget();
  let worker: Worker | undefined;
  let isBroken = options.createWorker === false;
  const leave = (): void => {
    worker?.terminate();
    worker = undefined;
    gone.dispatchEvent(new Event('gone'));
  };
  const open = (): Worker | undefined => {
    if (worker !== undefined || isBroken) return worker;
    try {
      worker = (options.createWorker || createOwnWorker)();
    } catch {
      isBroken = true;
      return undefined;
    }
    worker.addEventListener('error', () => {
      isBroken = true;
      leave();
    });
    return worker;
  };
  return {
    async hash(file, signal) {
      signal?.throwIfAborted();
      const opened = open();
      if (opened === undefined) return readSignals(file, signal);
      try {
        return await askWorker(opened, file, { signal, gone });
      } catch (error) {
        // The page does it itself, from then on.
        if (error instanceof WorkerGone && isBroken) return readSignals(file, signal);
        // The next file gets another worker.
        if (error instanceof WorkerGone && worker === opened) leave();
        throw error;
      }
    },
    close: leave,
  };
}

function askWorker(worker: Worker, file: Blob, by: { readonly signal: AbortSignal | undefined; readonly gone: EventTarget }): Promise<FileSignals> {
  const { port1, port2 } = new MessageChannel();
  // Signal and worker can outlive many files, and must not hold them.
  const over = new AbortController();
  const once = { once: true, signal: over.signal } as const;
  return new Promise<FileSignals>((resolve, reject) => {
    port1.addEventListener('message', ({ data }: MessageEvent<Answer>) => {
      if (data.signals === undefined) reject(new Error(data.fault ?? 'unknown'));
      else resolve(data.signals);
    });
    // Browsers that know this event tell so of a worker that ran out of memory.
    port1.addEventListener('close', () => reject(new WorkerGone('the worker ended')), once);
    port1.start();
    const abort = (): void => {
      port1.postMessage('stop');
      reject(reasonOf(by.signal));
    };
    by.signal?.addEventListener('abort', abort, once);
    by.gone.addEventListener('gone', () => reject(new WorkerGone('the worker ended')), once);
    worker.postMessage({ file }, [port2]);
  }).finally(() => {
    over.abort();
    port1.close();
  });
}

function createOwnWorker(): Worker {
  return new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module' });
}
