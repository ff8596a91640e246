/** Drawings of held pictures for the people who decide, made by the decoder processes that screen. */
import { GatehouseError } from '../platform/errors.ts';
import type { DecoderPool, DrawOutcome } from './decoder-pool.ts';
import { inspectFile } from './media-file.ts';
import type { PreviewRequest, PreviewService } from './schema.ts';

/** Their lane in the queue: uploads wait for one drawing at most, however many are wanted. */
const QUEUE_KEY = 'previews';
/** Waiting and under way. A storm of looks must not fill the queue of the uploads. */
const PREVIEWS_MAX = 16;
const RETRY_AFTER_S = 5;

export function createPreviews(pool: DecoderPool): PreviewService {
  let underWay = 0;
  return {
    async renderPreview(request) {
      if (underWay >= PREVIEWS_MAX) throw tooBusy();
      underWay += 1;
      try {
        return await render(pool, request);
      } finally {
        underWay -= 1;
      }
    },
  };
}

async function render(pool: DecoderPool, { path, isBlurred, signal }: PreviewRequest): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }> {
  const look = await inspectFile(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  if (!look.isDecodable) throw new GatehouseError('conflict', `Content of the type ${look.type} cannot be drawn. Nothing was shown.`);
  const outcome = await pool.draw({ path, key: QUEUE_KEY, signal, isBlurred });
  if (outcome.kind === 'drawn') return { bytes: outcome.jpeg, mediaType: 'image/jpeg' };
  throw toError(outcome);
}

const CONTENT_TEXTS = {
  unsupported_type: 'it is of a kind that is not decoded',
  undecodable: 'it is damaged',
  truncated: 'it ends too early',
  too_many_pixels: 'it has more pixels than are decoded',
  too_many_frames: 'it has more frames than are decoded',
  decoder_crashed: 'the decoder broke on it',
  decoder_timeout: 'decoding took too long',
  decoder_out_of_memory: 'decoding took too much memory',
} as const;

function toError({ reason }: Exclude<DrawOutcome, { kind: 'drawn' }>): GatehouseError {
  if (isOfContent(reason)) return new GatehouseError('conflict', `This content cannot be drawn: ${CONTENT_TEXTS[reason]}. Nothing was shown.`);
  switch (reason) {
    case 'unreadable':
      return unreadable(undefined);
    case 'queue_full':
      return tooBusy();
    case 'cancelled':
    case 'stopping':
      return new GatehouseError('stopping', 'The drawing was given up. Nothing was shown.', { retryAfterS: RETRY_AFTER_S });
    case 'decoder_unavailable':
      return new GatehouseError('internal', 'The decoder could not be started; `gatehouse doctor` says why. Nothing was shown.');
  }
}

function isOfContent(reason: string): reason is keyof typeof CONTENT_TEXTS {
  return Object.hasOwn(CONTENT_TEXTS, reason);
}

function unreadable(cause: unknown): GatehouseError {
  return new GatehouseError('storage_failed', 'The content could not be read. Nothing was shown.', { cause });
}

function tooBusy(): GatehouseError {
  return new GatehouseError('queue_full', 'Too many pictures are being screened and drawn. Nothing was shown.', { retryAfterS: RETRY_AFTER_S });
}
