/**
 * A plugin for Uppy. By itself it is the uploader: each file is asked about, sent to Gatehouse in one request, and waited for. Beside @uppy/tus
 * (`transport: 'tus'`) it asks, gives tus what it needs for each request, and says what became of the file. Uppy is not imported: what is used of it stands
 * here as a shape.
 */
import { readTimeS } from '../outside.ts';
import { describeFault, NOT_CHECKED } from './transport.ts';
import { explainFault, readReleased, Refusal, toTusOptions, type TusResponse } from './uppy-tus.ts';
import type { Uploader, UploadResult } from './uploader.ts';

export interface UppyFileLike {
  readonly id: string;
  readonly name?: string | undefined;
  readonly size?: number | null | undefined;
  readonly data: Blob | { readonly size: number | null };
  readonly error?: string | null | undefined;
  readonly isRemote?: boolean | undefined;
}

export interface UppyLike {
  getFile(id: string): UppyFileLike | undefined;
  setFileState(id: string, state: Record<string, unknown>): void;
  emit(event: never, ...values: never[]): void;
  info(message: string, type: 'info' | 'warning' | 'error' | 'success', durationMs: number): void;
  on(event: never, handler: never): unknown;
  off(event: never, handler: never): unknown;
  addPreProcessor(step: Step): void;
  removePreProcessor(step: Step): void;
  addUploader(step: Step): void;
  removeUploader(step: Step): void;
}

type Step = (fileIds: string[]) => Promise<void>;
type Handler = (...values: never[]) => void;

export interface GatehouseUppyOptions {
  readonly id?: string;
  readonly uploader: Uploader;
  readonly transport?: 'send' | 'tus';
  /** What Uppy shows while a file is asked about; default "Checking". */
  readonly checkingText?: string;
}

const SHOWN_MS = 10_000;
const NOT_HERE = 'Only files of this device can be sent.';

export class GatehouseUploads {
  readonly id: string;
  readonly type: string;
  readonly VERSION = '1';
  readonly opts: GatehouseUppyOptions;
  /** Of Uppy's own making; this plugin shows nothing. */
  readonly el = null;
  private readonly uppy: UppyLike;
  private readonly step: Step;
  private readonly handlers: readonly (readonly [event: string, handler: Handler])[];
  /** Of the files that are worked on. */
  private readonly stops = new Map<string, AbortController>();
  /** What was said of files that came out as not to be published: trying again sends nothing. */
  private readonly refused = new Map<string, string>();

  constructor(uppy: UppyLike, opts: GatehouseUppyOptions) {
    this.uppy = uppy;
    this.opts = opts;
    this.id = opts.id ?? 'GatehouseUploads';
    const isBesideTus = opts.transport === 'tus';
    this.type = isBesideTus ? 'modifier' : 'uploader';
    this.step = async (fileIds) => {
      // One after the other: each is decoded as a whole.
      for (const id of fileIds) await this.work(id, isBesideTus);
    };
    this.handlers = [
      ['cancel-all', () => this.leave()],
      ['file-removed', (file: UppyFileLike) => this.forget(file.id)],
      ...(isBesideTus
        ? ([
            ['upload-error', (file: UppyFileLike | undefined, error: Error, response?: TusResponse) => this.explain(file, error, response)],
            ['upload-success', (file: UppyFileLike | undefined, response: TusResponse) => this.note(file, response)],
          ] as const)
        : []),
    ];
  }

  install(): void {
    for (const [event, handler] of this.handlers) listen(this.uppy, 'on', { event, handler });
    if (this.type === 'uploader') this.uppy.addUploader(this.step);
    else this.uppy.addPreProcessor(this.step);
  }

  uninstall(): void {
    for (const [event, handler] of this.handlers) listen(this.uppy, 'off', { event, handler });
    this.leave();
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

  private async work(id: string, isBesideTus: boolean): Promise<void> {
    const file = this.uppy.getFile(id);
    // Taken away meanwhile, or failed before.
    if (file === undefined || (file.error !== undefined && file.error !== null)) return;
    if (file.isRemote === true || !(file.data instanceof Blob)) return this.refuse(id, NOT_HERE);
    const said = this.refused.get(id);
    if (said !== undefined) return this.refuse(id, said);
    const stop = new AbortController();
    this.stops.set(id, stop);
    try {
      await (isBesideTus ? this.ask(file, file.data, stop.signal) : this.send(file, file.data, stop.signal));
    } finally {
      if (this.stops.get(id) === stop) this.stops.delete(id);
    }
  }

  private async send({ id }: UppyFileLike, data: Blob, signal: AbortSignal): Promise<void> {
    const { uppy, opts } = this;
    const startedMs = readTimeS() * 1000;
    tell(uppy, 'upload-start', [uppy.getFile(id)]);
    const onProgress = (bytesUploaded: number, bytesTotal: number): void =>
      tell(uppy, 'upload-progress', uppy.getFile(id), { uploadStarted: startedMs, bytesUploaded, bytesTotal });
    const result = await opts.uploader.upload(data, { signal, onProgress }).catch((): UploadResult => ({ kind: 'failed', message: describeFault(undefined) }));
    // Uppy has taken the file away.
    if (signal.aborted) return;
    if (result.kind !== 'released') {
      if (result.kind === 'refused' && result.id !== undefined) this.refused.set(id, result.message);
      return this.refuse(id, result.message);
    }
    const response = { status: 200, body: { ...result }, uploadURL: undefined };
    uppy.setFileState(id, { response });
    tell(uppy, 'upload-success', uppy.getFile(id), response);
  }

  private async ask({ id }: UppyFileLike, data: Blob, signal: AbortSignal): Promise<void> {
    const { uppy, opts } = this;
    const { uploader, checkingText = 'Checking' } = opts;
    tell(uppy, 'preprocess-progress', uppy.getFile(id), { mode: 'indeterminate', message: checkingText });
    const check = await uploader.check(data, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    tell(uppy, 'preprocess-complete', uppy.getFile(id));
    if (check === undefined || !check.permitted) return this.refuse(id, check?.message ?? NOT_CHECKED);
    const before = uppy.getFile(id) as { readonly tus?: object; readonly meta?: object };
    uppy.setFileState(id, { tus: { ...before.tus, ...toTusOptions(uploader, check) }, meta: { ...before.meta, sha256: check.sha256 } });
  }

  /** Uppy leaves out files with an error in what follows. */
  private refuse(id: string, message: string): void {
    this.uppy.setFileState(id, { error: message });
    tell(this.uppy, 'upload-error', this.uppy.getFile(id), new Refusal(message));
    this.show(id, message);
  }

  /** After Uppy's own handler: in place of the text of a program, the one for people. */
  private explain(file: UppyFileLike | undefined, error: Error, response: TusResponse | undefined): void {
    if (file === undefined || error instanceof Refusal || this.uppy.getFile(file.id) === undefined) return;
    const { message, isFinal } = explainFault(error, response);
    if (isFinal) this.refused.set(file.id, message);
    this.uppy.setFileState(file.id, { error: message });
    this.show(file.id, message);
  }

  /** The outcome in one place for both transports. */
  private note(file: UppyFileLike | undefined, response: TusResponse): void {
    if (file === undefined || this.uppy.getFile(file.id) === undefined) return;
    const released = readReleased(response);
    if (released === undefined) return this.refuse(file.id, describeFault(undefined));
    this.uppy.setFileState(file.id, { response: { ...response, body: { ...response.body, ...released } } });
  }

  private show(id: string, message: string): void {
    this.uppy.info(`${this.uppy.getFile(id)?.name ?? ''}: ${message}`, 'error', SHOWN_MS);
  }

  private forget(id: string): void {
    this.refused.delete(id);
    this.stops.get(id)?.abort();
  }

  private leave(): void {
    for (const stop of this.stops.values()) stop.abort();
  }
}

/** The names and values of events are Uppy's; its types know them, this shape does not. */
function tell(uppy: UppyLike, event: string, ...values: readonly unknown[]): void {
  (uppy.emit as (event: string, ...values: readonly unknown[]) => void).call(uppy, event, ...values);
}

function listen(uppy: UppyLike, how: 'on' | 'off', { event, handler }: { readonly event: string; readonly handler: Handler }): void {
  (uppy[how] as (event: string, handler: Handler) => unknown).call(uppy, event, handler);
}
