/** Words and wire shapes of the room: uploads to the store, events of the store, its state. */
import { z } from 'zod';
import { CreateUploadSchema, UploadIdSchema } from '../../intake/index.ts';

/** Why the store did not do what was asked. */
export const S3_REASONS = [
  'gone',
  'changed',
  'no_bucket',
  'denied',
  'credentials',
  'clock',
  'bytes_differ',
  'unsupported',
  'refused',
  'unavailable',
  'malformed',
] as const;
export type S3Reason = (typeof S3_REASONS)[number];

export class S3Fault extends Error {
  override readonly name = 'S3Fault';
  readonly reason: S3Reason;

  constructor(reason: S3Reason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/**
 * The life of an object of the quarantine bucket, each version by itself.
 *
 *   found -> received -> promoted            (released with a receipt)
 *                     -> kept                (held, refused, released without a receipt; may be promoted later)
 *   found -> rejected                        (too large, not what was announced: never read; stays in the bucket)
 *   found -> gone                            (deleted before it was read)
 */
export const OBJECT_STATES = ['found', 'received', 'promoted', 'kept', 'rejected', 'gone'] as const;
export type ObjectState = (typeof OBJECT_STATES)[number];

export const NewS3UploadSchema = CreateUploadSchema.extend({
  method: z.enum(['POST', 'PUT']).default('POST').describe('POST: a form, whose policy limits the size. PUT: needs `sizeBytes`, and is for exactly as many.'),
}).meta({ id: 'NewS3Upload' });
export type NewS3Upload = z.output<typeof NewS3UploadSchema>;

export const S3UploadSchema = z
  .object({
    id: UploadIdSchema,
    method: z.enum(['POST', 'PUT']),
    url: z.string(),
    fields: z.record(z.string(), z.string()).describe('POST: the fields of the form, before the file, whose field is `file`.'),
    headers: z.record(z.string(), z.string()).describe('PUT: headers that must be sent as they are.'),
    expiresAt: z.iso.datetime(),
    statusUrl: z.string().describe('What became of it. The answer of the store says only that it has the bytes.'),
  })
  .meta({ id: 'S3Upload' });
export type S3Upload = z.output<typeof S3UploadSchema>;

export const S3ObjectSchema = z
  .object({
    id: UploadIdSchema,
    state: z.enum([...OBJECT_STATES, 'waiting']).describe('`waiting`: nothing has arrived. Publish only what is `promoted`.'),
    released: z.object({ bucket: z.string(), key: z.string(), versionId: z.string().optional() }).optional(),
    fault: z.string().optional().describe('Why the last attempt did not succeed, or why it was rejected.'),
  })
  .meta({ id: 'S3Object' });
export type S3Object = z.output<typeof S3ObjectSchema>;

export const S3StatusSchema = z
  .object({
    isOn: z.boolean(),
    endpoint: z.string().optional(),
    quarantineBucket: z.string().optional(),
    releasedBucket: z.string().optional(),
    objects: z.record(z.enum(OBJECT_STATES), z.number().int()),
    failing: z.number().int().describe('Objects whose last attempt failed; each is tried again.'),
    oldestWaitingAt: z.iso.datetime().optional(),
    lastListedAt: z.iso.datetime().optional(),
    lastListingFault: z.string().optional(),
  })
  .meta({ id: 'S3Status' });
export type S3Status = z.output<typeof S3StatusSchema>;

export const S3ReconciledSchema = z
  .object({ listed: z.number().int().describe('Versions in the quarantine bucket.'), found: z.number().int().describe('Of them not known before.') })
  .meta({ id: 'S3Reconciled' });
export type S3Reconciled = z.output<typeof S3ReconciledSchema>;

export const S3ReviewSchema = z
  .object({ items: z.array(z.object({ name: z.string(), status: z.enum(['ok', 'attention', 'fail']), finding: z.string(), remedy: z.string().optional() })) })
  .meta({ id: 'S3Review' });
export type S3Review = z.output<typeof S3ReviewSchema>;

export const TakenHintsSchema = z
  .object({ noted: z.number().int().describe('Keys of the quarantine bucket that will be looked at. An event is a hint: what is there is listed.') })
  .meta({ id: 'TakenS3Hints' });
