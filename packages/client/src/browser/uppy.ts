/**
 * A plugin for Uppy. By itself it is the uploader: each file is asked about, sent to Gatehouse in one request, and waited for. Beside @uppy/tus
 * (`transport: 'tus'`) it only asks, and gives tus the headers. Uppy is not imported: what is used of it stands here as a shape.
 */
import { readTimeS } from '../outside.ts';
import type { Uploader, UploadResult } from './uploader.ts';

export interface UppyFileLike {
  readonly id: string;
  readonly name?: string | undefined;
  readonly size?: number | null | undefined;
  readonly data: Blob | { readonly size: number | null };
  readonly error?: string | null | undefined;
}

export interface UppyLike {
  getFile(id: string): UppyFileLike;
  setFileState(id: string, state: Record<string, unknown>): void;
  emit(event: never, ...values: never[]): void;
  info(message: string, type: 'info' | 'warning' | 'error' | 'success', durationMs: number): void;
  on(event: 'cancel-all', handler: () => void): unknown;
  addPreProcessor(step: Step): void;
  removePreProcessor(step: Step): void;
  addUploader(step: Step): void;
  removeUploader(step: Step): void;
}

type Step = (fileIds: string[]) => Promise<void>;

export interface GatehouseUppyOptions {
  readonly id?: string;
  readonly uploader: Uploader;
  readonly transport?: 'send' | 'tus';
}

const SHOWN_MS = 10_000;

export class GatehouseUploads {
  readonly id: string;
  readonly type: string;
  readonly VERSION = '1';
  readonly opts: GatehouseUppyOptions;
  /** Of Uppy's own making; this plugin shows nothing. */
  readonly el = null;
  private readonly uppy: UppyLike;
  private readonly step: Step;
  private stop = new AbortController();

  constructor(uppy: UppyLike, opts: GatehouseUppyOptions) {
    this.uppy = uppy;
    this.opts = opts;
    this.id = opts.id ?? 'GatehouseUploads';
    this.type = opts.transport === 'tus' ? 'modifier' : 'uploader';
    const work = opts.transport === 'tus' ? (id: string) => this.ask(id) : (id: string) => this.send(id);
    this.step = async (fileIds) => {
      // One after the other: each is decoded as a whole.
      for (const id of fileIds) await work(id);
    };
  }

  install(): void {
    this.uppy.on('cancel-all', () => {
      this.stop.abort();
      this.stop = new AbortController();
    });
    if (this.type === 'uploader') this.uppy.addUploader(this.step);
    else this.uppy.addPreProcessor(this.step);
  }

  uninstall(): void {
    this.stop.abort();
    if (this.type === 'uploader') this.uppy.removeUploader(this.step);
    else this.uppy.removePreProcessor(this.step);
  }

  setOptions(): void {
    // Options are fixed when the plugin is made.
  }

  update(): void {
    // There is nothing to draw.
  }

  afterUpdate(): void {
    // There is nothing to draw.
  }

  private async send(id: string): Promise<void> {
    const { uppy, opts, stop } = this;
    const file = uppy.getFile(id);
    if (!isWaiting(file)) return;
    const startedMs = readTimeS() * 1000;
    tell(uppy, 'upload-start', [file]);
    const result = await opts.uploader
      .upload(file.data, {
        signal: stop.signal,
        onProgress: (bytesUploaded, bytesTotal) => tell(uppy, 'upload-progress', uppy.getFile(id), { uploadStarted: startedMs, bytesUploaded, bytesTotal }),
      })
      .catch((): UploadResult | undefined => undefined);
    // Cancelled: Uppy has taken the file away.
    if (result === undefined) return;
    if (result.kind !== 'released') return this.refuse(id, result);
    const response = { status: 200, body: { ...result }, uploadURL: undefined };
    uppy.setFileState(id, { response });
    tell(uppy, 'upload-success', uppy.getFile(id), response);
  }

  private async ask(id: string): Promise<void> {
    const { uppy, opts, stop } = this;
    const file = uppy.getFile(id);
    if (!isWaiting(file)) return;
    const failed = { kind: 'failed', message: 'The file could not be checked at the moment. Please try again later.' } as const;
    const check = await opts.uploader.check(file.data, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
    if (check === undefined || !check.permitted)
      return this.refuse(id, check === undefined ? failed : { kind: 'refused', id: undefined, message: check.message });
    const before = uppy.getFile(id) as { readonly tus?: { readonly headers?: object }; readonly meta?: object };
    uppy.setFileState(id, {
      tus: { ...before.tus, headers: { ...before.tus?.headers, ...(await opts.uploader.headersFor(check)) } },
      meta: { ...before.meta, sha256: check.sha256 },
    });
  }

  /** Uppy leaves out files with an error in what follows. */
  private refuse(id: string, { message }: Exclude<UploadResult, { kind: 'released' }>): void {
    const file = this.uppy.getFile(id);
    this.uppy.setFileState(id, { error: message });
    tell(this.uppy, 'upload-error', this.uppy.getFile(id), new Error(message));
    this.uppy.info(`${file.name ?? ''}: ${message}`, 'error', SHOWN_MS);
  }
}

function isWaiting(file: UppyFileLike): file is UppyFileLike & { readonly data: Blob } {
  return file.data instanceof Blob && (file.error === undefined || file.error === null);
}

/** The names and values of events are Uppy's; its types know them, this shape does not. */
function tell(uppy: UppyLike, event: string, ...values: readonly unknown[]): void {
  (uppy.emit as (event: string, ...values: readonly unknown[]) => void).call(uppy, event, ...values);
}
