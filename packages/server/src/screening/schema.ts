/** Words and wire shapes of screening. `clear`, `match`, `unscannable` and `error` are four different verdicts everywhere. */
import { z } from 'zod';
import { HitSchema, type QuerySignals } from '../lists/index.ts';

export const VERDICTS = ['clear', 'match', 'unscannable', 'error'] as const;
export type VerdictKind = (typeof VERDICTS)[number];

/** Why content could not be screened: a property of the content. Sending the same bytes again gives the same answer. */
export const UNSCANNABLE_REASONS = [
  'empty',
  'unsupported_type',
  'undecodable',
  'truncated',
  'too_many_pixels',
  'too_many_frames',
  'encrypted',
  'decoder_crashed',
  'decoder_timeout',
  'decoder_out_of_memory',
  'no_reliable_perceptual_hash',
] as const;
export type UnscannableReason = (typeof UNSCANNABLE_REASONS)[number];

/** Why no answer could be given: a property of the service. Trying again may help. */
export const ERROR_REASONS = [
  'no_lists',
  'lists_stale',
  'lists_loading',
  'queue_full',
  'stopping',
  'cancelled',
  'storage',
  'decoder_unavailable',
  'stub_with_lists',
  'internal',
] as const;
export type ErrorReason = (typeof ERROR_REASONS)[number];

export const MediaSchema = z
  .object({
    /** `image/jpeg`; from the content, never from a name or header. */
    type: z.string(),
    width: z.number().int().optional(),
    height: z.number().int().optional(),
    frames: z.number().int().optional(),
    /** The file ended early or was damaged; what could be decoded was hashed. */
    isPartial: z.boolean().optional(),
  })
  .meta({ id: 'Media' });
export type Media = z.output<typeof MediaSchema>;

export const TimingsSchema = z
  .object({
    waitMs: z.number(),
    decodeMs: z.number(),
    hashMs: z.number(),
    matchMs: z.number(),
    totalMs: z.number(),
  })
  .meta({ id: 'Timings' });
export type Timings = z.output<typeof TimingsSchema>;

export const ScreeningSchema = z
  .object({
    verdict: z.enum(VERDICTS),
    /** A word of UNSCANNABLE_REASONS or ERROR_REASONS; absent for clear and match. */
    reason: z.string().optional(),
    /** The reason as a sentence for the operator. */
    explanation: z.string(),
    hits: z.array(HitSchema),
    hitCount: z.number().int(),
    /** Best PDQ quality over all renderings, 0 to 100; absent when nothing was decoded. */
    quality: z.number().int().optional(),
    media: MediaSchema.optional(),
    listSetVersion: z.number().int(),
    engineVersion: z.string(),
    timings: TimingsSchema,
  })
  .meta({ id: 'Screening' });
export type Screening = z.output<typeof ScreeningSchema>;

export interface Digests {
  readonly md5: string;
  readonly sha1: string;
  readonly sha256: string;
}

export interface ScreenRequest {
  /** A complete, closed, unchanging file. */
  readonly path: string;
  readonly digests: Digests;
  readonly sizeBytes: number;
  /** Fair queueing: requests of different keys take turns. */
  readonly key: string;
  /** A test picture of our own: compared with the list of those as well. */
  readonly isCanary?: boolean;
  readonly signal?: AbortSignal;
}

export type RematchOptions = Pick<ScreenRequest, 'isCanary'>;

export interface ScreenResult {
  readonly screening: Screening;
  /** What was compared; kept by intake for a re-check after a list change. Sensitive. Undefined when nothing was decoded. */
  readonly signals: QuerySignals | undefined;
}

export interface ScreeningService {
  /** Never throws for what the content is: a fault becomes `error` or `unscannable`. */
  screen(request: ScreenRequest): Promise<ScreenResult>;
  /** Compares stored signals with the lists in force. Never throws: a fault becomes `error`. */
  rematch(signals: QuerySignals, options?: RematchOptions): Promise<Screening>;
  readonly engineVersion: string;
  /** Screenings waiting and under way. */
  queueLength(): number;
}

export interface PreviewRequest {
  /** Absolute. */
  readonly path: string;
  readonly isBlurred: boolean;
  readonly signal?: AbortSignal;
}

export interface PreviewService {
  /**
   * A JPEG of the first frame, drawn anew in a decoder process: grey, blurred and at most 320 pixels long, or clear and at most 800.
   * @throws {GatehouseError} conflict (it cannot be drawn), queue_full, stopping, storage_failed, internal
   */
  renderPreview(request: PreviewRequest): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }>;
}
