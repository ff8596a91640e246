/** Uploads and callbacks as they are shown. */
import { describeForUploader } from './rules.ts';
import type { CallbackBody, CallbackView, UploadView } from './schema.ts';
import type { Callback } from './store-callbacks.ts';
import type { Receipt } from './store-receipts.ts';
import type { Upload } from './store.ts';

/** @param options canExplain: show why; only to whoever may read uploads */
export function toView(upload: Upload, options: { readonly receipt: Receipt | undefined; readonly canExplain: boolean }): UploadView {
  const { receipt, canExplain } = options;
  return {
    id: upload.id,
    state: upload.state,
    ...(upload.reference === undefined ? {} : { reference: upload.reference }),
    ...(upload.content === undefined ? {} : { sizeBytes: upload.content.sizeBytes, sha256: upload.content.digests.sha256 }),
    ...(upload.mediaType === undefined ? {} : { mediaType: upload.mediaType }),
    createdAt: upload.createdAt.toISOString(),
    ...(upload.decidedAt === undefined ? {} : { decidedAt: upload.decidedAt.toISOString() }),
    expiresAt: upload.expiresAt.toISOString(),
    ...(upload.disposition === undefined ? {} : { disposition: upload.disposition }),
    ...(upload.surface === undefined ? {} : { surface: upload.surface }),
    attempts: upload.attempts,
    ...(canExplain && upload.screening !== undefined ? { screening: upload.screening } : {}),
    ...(upload.state === 'released' && receipt !== undefined ? { receipt: receipt.jws } : {}),
    message: describeForUploader(upload.state, upload.id),
    links: { self: `/v1/uploads/${upload.id}`, content: `/v1/uploads/${upload.id}/content` },
  };
}

/** No list names, no hits, no bytes: the receiver needs to know what to do, not why. */
export function toCallbackBody(type: CallbackBody['type'], upload: Upload, what: { readonly receipt: string | undefined; readonly at: Date }): CallbackBody {
  return {
    type,
    timestamp: what.at.toISOString(),
    data: {
      id: upload.id,
      ...(upload.reference === undefined ? {} : { reference: upload.reference }),
      state: upload.state,
      sha256: upload.content?.digests.sha256 ?? '',
      size: upload.content?.sizeBytes ?? 0,
      ...(upload.mediaType === undefined ? {} : { mediaType: upload.mediaType }),
      ...(what.receipt === undefined ? {} : { receipt: what.receipt }),
      message: describeForUploader(upload.state, upload.id),
    },
  };
}

export function toCallbackView(callback: Callback): CallbackView {
  return {
    id: callback.id,
    uploadId: callback.upload_id,
    url: callback.url,
    type: callback.type,
    state: callback.state,
    attempts: callback.attempts,
    ...(callback.last_status === null ? {} : { lastStatus: callback.last_status }),
    ...(callback.last_fault === null ? {} : { lastFault: callback.last_fault }),
    createdAt: callback.created_at.toISOString(),
    ...(callback.next_attempt_at === null ? {} : { nextAttemptAt: callback.next_attempt_at.toISOString() }),
  };
}
