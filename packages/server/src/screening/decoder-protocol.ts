/**
 * What the gateway and a decoder process say to each other: JSON, one message a line, over file descriptor 3.
 * A decoder reads hostile bytes with native code, so its answers are parsed like any other outside value.
 */
import { z } from 'zod';
import { FORMS, RENDERINGS } from '../lists/index.ts';

/** The descriptor of the channel in the decoder process. */
export const CHANNEL_FD = 3;
/** A whole answer with six hash sets is below 5 KiB. */
const MESSAGE_CHARS_MAX = 65_536;
/** Of a drawing. Noise of 800 x 800 pixels, which compresses worst, takes 0.45 MiB. */
const DRAWING_BYTES_MAX = 2 * 1024 * 1024;
const DRAWING_CHARS_MAX = Math.ceil(DRAWING_BYTES_MAX / 3) * 4;
/** FF D8 FF, in base64. */
const JPEG_START = '/9j/';

export interface DecodeLimits {
  readonly maxPixels: number;
  readonly maxFrames: number;
}

/** What is wanted of the picture: its hashes, or a small drawing of it for a person. */
export type DecodeTask = { readonly kind: 'hash' } | { readonly kind: 'draw'; readonly isBlurred: boolean };

export interface DecodeRequest extends DecodeLimits {
  readonly id: number;
  readonly task: DecodeTask;
  /** Absolute: the process works in the root directory. */
  readonly path: string;
}

/** Why a decoder gave no hashes. `unreadable`: the file could not be opened, which says nothing about the content. */
export const REFUSALS = ['unsupported_type', 'undecodable', 'truncated', 'too_many_pixels', 'too_many_frames', 'unreadable'] as const;
export type Refusal = (typeof REFUSALS)[number];

const whole = z.number().int().nonnegative();

const PictureHashesSchema = z
  .object({
    rendering: z.enum(RENDERINGS),
    form: z.enum(FORMS),
    quality: whole.max(100),
    hashes: z
      .array(z.string().regex(/^[0-9a-f]{64}$/))
      .length(8)
      .readonly(),
  })
  .readonly();

const HashedSchema = z.object({
  kind: z.literal('hashed'),
  id: whole,
  width: whole,
  height: whole,
  frames: whole,
  isPartial: z.boolean(),
  pictures: z.array(PictureHashesSchema).min(1).max(6).readonly(),
  /** Processor time of this process, user and system; the gateway splits the elapsed time in the same proportion. */
  cpu: z.object({ decodeMs: z.number().nonnegative(), hashMs: z.number().nonnegative() }),
});
export type Hashed = z.output<typeof HashedSchema>;

const DrawnSchema = z.object({
  kind: z.literal('drawn'),
  id: whole,
  /** A JPEG, in base64: one line, so that the channel stays one of lines. */
  jpeg: z.base64().startsWith(JPEG_START).max(DRAWING_CHARS_MAX),
});

export const DecoderMessageSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  HashedSchema,
  DrawnSchema,
  z.object({ kind: z.literal('refused'), id: whole, reason: z.enum(REFUSALS) }),
]);
export type DecoderMessage = z.output<typeof DecoderMessageSchema>;

/** How long a line may be while this task is under way; no task: while the program starts. */
export function maxMessageChars(task: DecodeTask | undefined): number {
  return task?.kind === 'draw' ? DRAWING_CHARS_MAX + MESSAGE_CHARS_MAX : MESSAGE_CHARS_MAX;
}
