/** From a file to what can be compared: a look at its first bytes, then a decoder process. */
import type { DecodeOutcome, DecodeTimes, DecoderPool } from './decoder-pool.ts';
import { inspectFile, type FileLook } from './media-file.ts';
import type { Reading } from './rules.ts';
import type { Media } from './schema.ts';

export interface ContentRequest {
  /** Absolute. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly key: string;
  readonly signal?: AbortSignal | undefined;
}

export interface ReadContent {
  readonly reading: Reading;
  readonly times: DecodeTimes;
  /** Processor milliseconds of the decoder process; undefined when nothing was decoded. */
  readonly cpu?: { readonly decodeMs: number; readonly hashMs: number };
}

export const NO_TIMES: DecodeTimes = { waitMs: 0, decodeMs: 0, hashMs: 0 };

/** Never throws for what the content is; a file that cannot be opened reads as `storage`. */
export async function readContent(pool: DecoderPool, request: ContentRequest): Promise<ReadContent> {
  if (request.sizeBytes === 0) return { reading: { kind: 'unscannable', reason: 'empty' }, times: NO_TIMES };
  const look = await inspectFile(request.path).catch(() => undefined);
  if (look === undefined) return { reading: { kind: 'failed', reason: 'storage' }, times: NO_TIMES };
  if (!look.isDecodable) return { reading: { kind: 'unscannable', reason: 'unsupported_type', media: { type: look.type } }, times: NO_TIMES };
  const outcome = await pool.decode(request);
  return { reading: toReading(outcome, look), times: outcome.times, ...(outcome.kind === 'hashed' ? { cpu: outcome.hashed.cpu } : {}) };
}

function toReading(outcome: DecodeOutcome, look: FileLook): Reading {
  switch (outcome.kind) {
    case 'hashed': {
      const { width, height, frames, isPartial, pictures } = outcome.hashed;
      const media: Media = { type: look.type, width, height, frames: look.frames ?? frames, isPartial };
      return { kind: 'hashed', media, pictures };
    }
    case 'refused':
      if (outcome.reason === 'unreadable') return { kind: 'failed', reason: 'storage' };
      return { kind: 'unscannable', reason: outcome.reason, media: { type: look.type } };
    case 'broke':
      return { kind: 'unscannable', reason: outcome.reason, media: { type: look.type } };
    case 'failed':
      return { kind: 'failed', reason: outcome.reason };
  }
}
