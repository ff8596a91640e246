/**
 * Some clients cut a long stream and send each piece as if it were a file (Nextcloud's files_antivirus at av_stream_max_length, 26,214,400 bytes): no
 * digest can match then, and only the first piece can be decoded. Such pieces are recognised and never let through.
 */
import type { Passed } from '../intake/index.ts';
import type { Clock } from '../platform/clock.ts';

/** The chunks in which a stream of clamd's protocol came. */
export interface ChunkTally {
  count: number;
  /** With the four bytes before each chunk: files_antivirus counts them too when it cuts. */
  wireBytes: number;
  largestBytes: number;
  lastBytes: number;
}

export interface FragmentWatch {
  /** @param peer who sent it: pieces of one stream come from one machine. @returns true for what looks like a piece */
  isFragment(peer: string, passed: Pick<Passed, 'sizeBytes' | 'mediaType'>, chunks?: ChunkTally): boolean;
}

/** Between the pieces of one upload there is no more than its own time. */
const FOLLOW_MS = 120_000;
const PEERS_MAX = 1_000;
/** Of INSTREAM: the length before each chunk. */
export const CHUNK_HEAD_BYTES = 4;
/** What screening says of bytes that begin like no file that it knows. */
const UNKNOWN: ReadonlySet<string> = new Set(['', 'application/octet-stream', 'text/plain']);

/** @param sizeBytes 0: nothing is a piece */
export function createFragmentWatch(clock: Pick<Clock, 'monotonicMs'>, sizeBytes: number): FragmentWatch {
  const seen = new Map<string, number>();
  return {
    isFragment(peer, passed, chunks) {
      if (sizeBytes === 0) return false;
      const now = clock.monotonicMs();
      if ((passed.sizeBytes > 0 && passed.sizeBytes % sizeBytes === 0) || isCutBefore(sizeBytes, chunks)) {
        seen.delete(peer);
        if (seen.size >= PEERS_MAX) seen.delete(seen.keys().next().value ?? '');
        seen.set(peer, now);
        return true;
      }
      const since = seen.get(peer);
      // What begins like a file of a known kind is one.
      return since !== undefined && now - since <= FOLLOW_MS && UNKNOWN.has(passed.mediaType ?? '');
    },
  };
}

/** Chunks of one size of which not one more would have fitted. A whole file ends with a smaller chunk, or is one chunk. */
function isCutBefore(limitBytes: number, chunks: ChunkTally | undefined): boolean {
  if (chunks === undefined || chunks.count < 2 || chunks.lastBytes !== chunks.largestBytes) return false;
  return chunks.wireBytes <= limitBytes && chunks.wireBytes + chunks.lastBytes + CHUNK_HEAD_BYTES > limitBytes;
}
