import { z } from 'zod';

export const HookReplySchema = z
  .object({
    id: z.string().describe('The reference: `scn_…`, or `upl_…` when the content was kept for a person to look at.'),
    released: z.boolean().describe('Only `true` lets the content through.'),
    sizeBytes: z.number().int(),
    sha256: z.string(),
    receipt: z.string().optional().describe('With `receipt=1`, for clear content.'),
    message: z.string().describe('May be shown to the uploader.'),
  })
  .meta({ id: 'HookReply' });
export type HookReply = z.output<typeof HookReplySchema>;

/**
 * Server names and media ids of Matrix (specification v1.12, sections "Server Name" and "Security considerations" of the content repository). None
 * begins with a dot: `..` would be a step up in the address that is fetched.
 */
export const ServerNameSchema = z.string().regex(/^(?:\[[0-9a-f:.]{2,45}\]|(?!\.)[a-z0-9.-]{1,230})(?::\d{1,5})?$/i, 'must be a server name');
export const MediaIdSchema = z.string().regex(/^[\w-]{1,255}$/, 'must be a media id');

const whole = (max: number): z.ZodType<string> =>
  z
    .string()
    .regex(/^\d{1,4}$/)
    .refine((text) => Number(text) >= 1 && Number(text) <= max);
export const ThumbnailSchema = z.object({
  width: whole(4096),
  height: whole(4096),
  method: z.enum(['crop', 'scale']).optional(),
  animated: z.enum(['true', 'false']).optional(),
});
export type Thumbnail = z.output<typeof ThumbnailSchema>;

// No character that one decoder skips and another reads: the client must decrypt with the same key as we do.
const base64 = (bytes: number): z.ZodType<Buffer> =>
  z
    .string()
    .max(64)
    .regex(/^[\w+/-]*={0,2}$/)
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((value) => value.length === bytes, `must be ${bytes} bytes`);

/** `EncryptedFile` of the specification; only the form that clients have sent since 2016 (`v2`). */
export const EncryptedFileSchema = z.object({
  v: z.literal('v2'),
  url: z.string().max(600),
  iv: base64(16),
  hashes: z.object({ sha256: base64(32) }),
  key: z.object({
    alg: z.literal('A256CTR'),
    kty: z.literal('oct'),
    ext: z.literal(true),
    key_ops: z.array(z.string()).refine((ops) => ops.includes('encrypt') && ops.includes('decrypt')),
    k: base64(32),
  }),
});
export type EncryptedFile = z.output<typeof EncryptedFileSchema>;

export const EncryptedBodySchema = z.object({
  ciphertext: z.string().max(65_536),
  mac: z.string().max(64),
  ephemeral: z.string().max(64),
});
export type EncryptedBody = z.output<typeof EncryptedBodySchema>;

export const FileMessageSchema = z.object({ file: EncryptedFileSchema });
/** As the routes take it: which of both it is, and whether it holds, is answered in the words of this API. */
export const MediaRequestSchema = z.object({
  file: z.unknown().optional().describe('The `EncryptedFile` of the event.'),
  encrypted_body: z.unknown().optional().describe('The same request, encrypted for `public_key` (`ciphertext`, `mac`, `ephemeral`).'),
});
export type MediaRequest = z.output<typeof MediaRequestSchema>;

export const MatrixErrorSchema = z.object({ reason: z.string(), info: z.string() }).meta({ id: 'MatrixScannerError' });
export type MatrixError = z.output<typeof MatrixErrorSchema>;
export const MatrixScanSchema = z.object({ clean: z.boolean(), info: z.string() }).meta({ id: 'MatrixScannerResult' });
export const MatrixKeySchema = z.object({ public_key: z.string() }).meta({ id: 'MatrixScannerKey' });
