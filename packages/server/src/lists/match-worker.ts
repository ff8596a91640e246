/**
 * The program of a match thread: searches in indexes that the gateway's main thread owns, and long work on them (match-tasks.ts).
 * Started by match-thread.ts from `dist`; a fault outside of one search ends it, and the gateway starts another.
 */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openSharedIndex, type HammingReader, type MatchColumns } from '@gatehouse/hamming';
import type { JobAnswer, SearchAnswer, SearchRequest, SearchStep, ThreadData, ThreadEnvelope, ThreadMessage } from './match-protocol.ts';
import { runTask } from './match-tasks.ts';

const HASH_BYTES = 32;
/** A small array is copied faster than its buffer is handed over. */
const LEAST_TRANSFERRED = 1024;

const { slot, isBackground } = workerData as ThreadData;
const readers = new Map<number, HammingReader>();

function search(request: SearchRequest): SearchAnswer {
  for (const { index, shared } of request.open) {
    const reader = readers.get(index);
    if (reader === undefined) readers.set(index, openSharedIndex(shared, { slot }));
    else reader.refresh(shared);
  }
  const jobs = request.jobs.map((steps) => searchJob(steps, request.queries));
  for (const index of request.close) readers.delete(index);
  return { kind: 'found', jobs };
}

function searchJob(steps: readonly SearchStep[], queries: Uint8Array): JobAnswer {
  try {
    const columns = steps.map(({ index, radius, from, to }) => {
      const reader = readers.get(index);
      if (reader === undefined) throw new RangeError('the index is not open');
      const hashes = Array.from({ length: to - from }, (_none, at) => queries.subarray((from + at) * HASH_BYTES, (from + at + 1) * HASH_BYTES));
      return reader.find(hashes, radius);
    });
    return { columns };
  } catch (error) {
    return { fault: error instanceof Error ? error.name : 'unknown' };
  }
}

function findBuffers({ jobs }: SearchAnswer): ArrayBufferLike[] {
  const columns = jobs.flatMap((job): readonly MatchColumns[] => ('columns' in job ? job.columns : []));
  return columns
    .filter(({ length }) => length >= LEAST_TRANSFERRED)
    .flatMap(({ indexes, distances, queries }) => [indexes.buffer, distances.buffer, queries.buffer]);
}

function send(message: ThreadMessage, transferred: readonly ArrayBufferLike[] = []): void {
  parentPort?.postMessage(
    message,
    transferred.filter((buffer) => buffer instanceof ArrayBuffer),
  );
}

async function answer({ id, request }: ThreadEnvelope): Promise<void> {
  if (request.kind === 'search') {
    const found = search(request);
    return send({ id, answer: found }, findBuffers(found));
  }
  const done = await runTask(request, slot);
  send({ id, answer: done }, done.kind === 'values' ? [done.values.buffer] : []);
}

/** With every core at work, the event loop of the gateway would otherwise wait for its turn. */
const NICENESS = 10;

// Linux alone has a priority for each thread; elsewhere this would be that of the whole process.
if (isBackground && process.platform === 'linux') {
  try {
    setPriority(NICENESS);
  } catch {
    // Not allowed everywhere, and not needed.
  }
}
parentPort?.on('message', (envelope: ThreadEnvelope) => {
  // What is thrown is an uncaught fault: the thread ends.
  void answer(envelope);
});
send({ kind: 'ready' });
