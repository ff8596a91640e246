/** Words and wire shapes of intake: uploads, receipts, callbacks. */
import { z } from 'zod';
import { FORMS, RENDERINGS, type Hit } from '../lists/index.ts';
import { ScreeningSchema, VERDICTS, type VerdictKind } from '../screening/index.ts';

/**
 * The life of an upload (intake-and-media.md section 8).
 *
 *   created -> receiving -> received -> scanning -> released (fetched, expired later)
 *                                                -> held | refused   (match, unscannable, error that outlasted its retries)
 *   held, refused, released -> received           (screened again)
 *   any -> expired, deleted
 */
export const UPLOAD_STATES = ['created', 'receiving', 'received', 'scanning', 'released', 'held', 'refused', 'expired', 'deleted'] as const;
export type UploadState = (typeof UPLOAD_STATES)[number];

export const UPLOAD_DISPOSITIONS = ['release', 'hold', 'refuse'] as const;
export type Disposition = (typeof UPLOAD_DISPOSITIONS)[number];

export const UploadIdSchema = z.string().regex(/^upl_[0-9a-z]{26}$/);
/** A synchronous scan; nothing is stored under it but the receipt's row. */
export const ScanIdSchema = z.string().regex(/^scn_[0-9a-z]{26}$/);
const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits');

export const CreateUploadSchema = z
  .object({
    reference: z.string().max(200).optional().describe('Given back in the status and in callbacks; never logged.'),
    sizeBytes: z.number().int().nonnegative().optional().describe('Announced size; the content must have exactly it.'),
    sha256: Sha256Schema.optional().describe('Announced digest; the content must have it.'),
    callbackUrl: z.url().max(2000).optional().describe('Where the outcome is announced, signed (Standard Webhooks).'),
  })
  .meta({ id: 'CreateUpload' });
export type CreateUpload = z.output<typeof CreateUploadSchema>;

export const UploadViewSchema = z
  .object({
    id: UploadIdSchema,
    state: z.enum(UPLOAD_STATES),
    reference: z.string().optional(),
    sizeBytes: z.number().int().optional(),
    sha256: z.string().optional(),
    mediaType: z.string().optional().describe('From the content, never from a name or header.'),
    createdAt: z.iso.datetime(),
    decidedAt: z.iso.datetime().optional(),
    expiresAt: z.iso.datetime(),
    disposition: z.enum(UPLOAD_DISPOSITIONS).optional(),
    surface: z.string().optional().describe('Over which surface it came, when it was kept from passing through.'),
    attempts: z.number().int().describe('How often screening was tried.'),
    screening: ScreeningSchema.optional().describe('Why; shown with the right uploads:read only, never in callbacks.'),
    receipt: z.string().optional().describe('A compact JWS; present only when the state is `released` and the receipt is in force. Publish only with it.'),
    message: z.string().describe('Neutral text that may be shown to the uploader as it is.'),
    links: z.object({ self: z.string(), content: z.string() }),
  })
  .meta({ id: 'Upload' });
export type UploadView = z.output<typeof UploadViewSchema>;

export const ListUploadsSchema = z.object({
  state: z.enum(UPLOAD_STATES).optional(),
  disposition: z.enum(UPLOAD_DISPOSITIONS).optional(),
  verdict: z.enum(VERDICTS).optional(),
  reference: z.string().max(200).optional(),
  since: z.iso.datetime({ offset: true }).optional().describe('Created at this time or later.'),
  before: UploadIdSchema.optional().describe('The `next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ListUploads = z.output<typeof ListUploadsSchema>;

export const UploadPageSchema = z.object({ items: z.array(UploadViewSchema), next: UploadIdSchema.optional() }).meta({ id: 'UploadPage' });
export type UploadPage = z.output<typeof UploadPageSchema>;

/** The claims of a receipt (JWS, EdDSA). `sub` is the upload or scan that was cleared. */
export const ReceiptClaimsSchema = z
  .object({
    iss: z.string(),
    sub: z.union([UploadIdSchema, ScanIdSchema]),
    jti: z.string(),
    iat: z.number().int(),
    exp: z.number().int(),
    sha256: Sha256Schema,
    size: z.number().int().nonnegative(),
    verdict: z.literal('clear'),
    listSetVersion: z.number().int(),
    policyVersion: z.string(),
    stub: z.literal(true).optional().describe('Made in stub mode: worth nothing outside of tests.'),
  })
  .meta({ id: 'ReceiptClaims' });
export type ReceiptClaims = z.output<typeof ReceiptClaimsSchema>;

export const VerifyReceiptSchema = z
  .object({
    receipt: z.string().min(1).max(8192),
    sha256: Sha256Schema.optional().describe('Of the content that you are about to publish.'),
    size: z.number().int().nonnegative().optional(),
    callbackUrl: z
      .url()
      .max(2000)
      .optional()
      .describe(
        'Where you hear of receipts that are withdrawn. The receipt of an upload that tells somebody else, such as another service of this Gatehouse, or nobody, is not valid then.',
      ),
  })
  .meta({ id: 'VerifyReceipt' });
export type VerifyReceipt = z.output<typeof VerifyReceiptSchema>;

export const RECEIPT_FAULTS = [
  'malformed',
  'unknown_key',
  'bad_signature',
  'not_yet_valid',
  'expired',
  'wrong_issuer',
  'stub',
  'unknown_receipt',
  'revoked',
  'callback_differs',
  'digest_differs',
  'size_differs',
] as const;
export type ReceiptFault = (typeof RECEIPT_FAULTS)[number];

export const ReceiptCheckSchema = z
  .object({
    valid: z.boolean(),
    reason: z.enum(RECEIPT_FAULTS).optional(),
    isContentChecked: z.boolean().describe('True when a digest was given and compared. Without one a valid receipt says nothing about your bytes.'),
    claims: ReceiptClaimsSchema.optional(),
  })
  .meta({ id: 'ReceiptCheck' });
export type ReceiptCheck = z.output<typeof ReceiptCheckSchema>;

export const JwksSchema = z
  .object({
    keys: z.array(
      z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string(), kid: z.string(), alg: z.literal('EdDSA'), use: z.literal('sig') }),
    ),
  })
  .meta({ id: 'ReceiptKeys' });
export type Jwks = z.output<typeof JwksSchema>;
export type ReceiptJwk = Jwks['keys'][number];

export const ScanReplySchema = ScreeningSchema.extend({
  id: ScanIdSchema,
  sizeBytes: z.number().int(),
  sha256: z.string(),
  disposition: z.enum(UPLOAD_DISPOSITIONS),
  receipt: z.string().optional().describe('Only for the verdict `clear`.'),
  message: z.string(),
}).meta({ id: 'ScanReply' });
export type ScanReply = z.output<typeof ScanReplySchema>;

/** Surfaces through which content passes, which keep the bytes themselves. */
export const SURFACE_NAMES = ['proxy', 'icap', 'clamd', 'hook', 'pictrs', 'matrix', 'hma'] as const;
export type SurfaceName = (typeof SURFACE_NAMES)[number];

/** The answer about content that passes through a surface. Nothing in it may reach the uploader but `id`, `receipt` and `message`. */
export interface Passed {
  /** `scn_…`, or `upl_…` when the content was kept for a person to look at. */
  readonly id: string;
  readonly verdict: VerdictKind;
  /** A word of UNSCANNABLE_REASONS or ERROR_REASONS, or `deadline`, `database`. */
  readonly reason: string | undefined;
  /** Only `release` lets the bytes through. */
  readonly disposition: Disposition;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** From the content. */
  readonly mediaType: string | undefined;
  readonly listSetVersion: number;
  readonly policyVersion: string;
  /** For the one protocol (HMA) whose answer to the service is what matched; never for an uploader, never logged. */
  readonly hits: readonly Hit[];
  /** Of all hits, shown or not. */
  readonly hitCount: number;
  /** Only for the verdict `clear`, and only when one was asked for. */
  readonly receipt: string | undefined;
  /** Neutral text that may be shown to the uploader as it is. */
  readonly message: string;
}

export const CALLBACK_STATES = ['pending', 'delivered', 'dead'] as const;
export type CallbackState = (typeof CALLBACK_STATES)[number];
export const CallbackIdSchema = z.string().regex(/^msg_[0-9a-z]{26}$/);

export const CallbackViewSchema = z
  .object({
    id: CallbackIdSchema.describe('The `webhook-id`; the same at each attempt.'),
    uploadId: UploadIdSchema,
    url: z.string(),
    type: z.string(),
    state: z.enum(CALLBACK_STATES),
    attempts: z.number().int(),
    lastStatus: z.number().int().optional(),
    lastFault: z.string().optional(),
    createdAt: z.iso.datetime(),
    nextAttemptAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Callback' });
export type CallbackView = z.output<typeof CallbackViewSchema>;

export const ListCallbacksSchema = z.object({
  state: z.enum(CALLBACK_STATES).optional(),
  before: CallbackIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ListCallbacks = z.output<typeof ListCallbacksSchema>;
export const CallbackPageSchema = z.object({ items: z.array(CallbackViewSchema), next: CallbackIdSchema.optional() }).meta({ id: 'CallbackPage' });
export type CallbackPage = z.output<typeof CallbackPageSchema>;

/** The body of a callback. No list names, no hits, no bytes, no digest but the content's own SHA-256. */
export const CallbackBodySchema = z
  .object({
    type: z.enum(['upload.decided', 'receipt.revoked']),
    timestamp: z.iso.datetime(),
    data: z.object({
      id: UploadIdSchema,
      reference: z.string().optional(),
      state: z.enum(UPLOAD_STATES),
      sha256: z.string(),
      size: z.number().int(),
      mediaType: z.string().optional(),
      receipt: z.string().optional(),
      message: z.string(),
    }),
  })
  .meta({ id: 'CallbackBody' });
export type CallbackBody = z.output<typeof CallbackBodySchema>;

/** Stored beside a receipt, to be compared again when a list changes; removed with it. */
export const StoredSignalsSchema = z.object({
  digests: z.object({ md5: z.string(), sha1: z.string(), sha256: z.string() }),
  pictures: z.array(z.object({ rendering: z.enum(RENDERINGS), form: z.enum(FORMS), quality: z.number(), hashes: z.array(z.string()) })),
});

/** What intake asks of whoever can draw held content. Always re-encoded: the original bytes never reach a browser. */
export interface PreviewRenderer {
  /** @returns undefined when nothing can be drawn */
  renderPreview(request: {
    readonly path: string;
    readonly isBlurred: boolean;
    readonly signal?: AbortSignal;
  }): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string } | undefined>;
}

export interface IntakeSummary {
  readonly byState: Readonly<Record<UploadState, number>>;
  readonly decidedLastDay: Readonly<Record<Disposition, number>>;
  readonly oldestUndecidedAt: Date | undefined;
  readonly deadCallbacks: number;
}

export const LookViewSchema = z
  .object({
    at: z.iso.datetime(),
    actor: z.string().describe('The id of the person or key that looked; `local` for the command line on the machine.'),
    isBlurred: z.boolean(),
  })
  .meta({ id: 'Look' });
export type LookView = z.output<typeof LookViewSchema>;

/** Content that was not published because of what was found in it. */
export interface Restriction {
  readonly id: string;
  readonly createdAt: Date;
  readonly decidedAt: Date;
  readonly verdict: 'match' | 'unscannable';
  readonly disposition: 'hold' | 'refuse';
  /** From the content; null: it could not be told. */
  readonly mediaType: string | null;
}
