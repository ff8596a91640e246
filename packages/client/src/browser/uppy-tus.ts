/** What @uppy/tus is told for one file, and what its answers mean. */
import { describeFault, parse } from './transport.ts';
import { NotPermitted, type Check, type Uploader } from './uploader.ts';

export interface TusRequest {
  getMethod(): string;
  setHeader(name: string, value: string): void;
}

interface TusError {
  readonly originalResponse?: { getStatus(): number; getBody(): string } | null;
}

/** Of `upload-error` and `upload-success`. */
export interface TusResponse {
  readonly status?: number;
  readonly body?: { readonly xhr?: Pick<XMLHttpRequest, 'responseText' | 'getResponseHeader'> } & Readonly<Record<string, unknown>>;
}

/** What else @uppy/tus gives: `next` is what it would do by itself. */
type Rest = readonly [attempt: number, options: unknown, next: (error: TusError) => boolean];

export interface TusFileOptions {
  readonly onBeforeRequest: (request: TusRequest) => Promise<void>;
  readonly onShouldRetry: (error: TusError, ...rest: Rest) => boolean;
}

/**
 * The headers of each request when it is made: an upload can begin long after the question, and can last longer than a ticket. tus-js-client answers a
 * refused HEAD with a new upload of the whole file, hence the fresh ticket there.
 */
export function toTusOptions(uploader: Uploader, check: Check): TusFileOptions {
  let isRefused = false;
  return {
    async onBeforeRequest(request) {
      const method = request.getMethod();
      const headers = await (method === 'POST' ? uploader.headersFor(check) : uploader.headersToResume({ isFresh: method === 'HEAD' })).catch(
        (error: unknown) => {
          isRefused = error instanceof NotPermitted;
          throw error;
        },
      );
      for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    },
    onShouldRetry(error, ...[, , next]) {
      if (isRefused) return false;
      const { originalResponse } = error;
      if (originalResponse === undefined || originalResponse === null) return next(error);
      const { code } = parse(originalResponse.getBody());
      return uploader.canRenew({ status: originalResponse.getStatus(), code: typeof code === 'string' ? code : undefined }) || next(error);
    },
  };
}

/** Of this plugin's own making: its message is the text for people. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export interface Explained {
  readonly message: string;
  /** The same file will not come out otherwise. */
  readonly isFinal: boolean;
}

export function explainFault(error: Error, response: TusResponse | undefined): Explained {
  const refused = findNotPermitted(error);
  if (refused !== undefined) return { message: refused.message, isFinal: false };
  const { code, message } = parse(response?.body?.xhr?.responseText ?? '');
  if (code === 'not_published' && typeof message === 'string') return { message, isFinal: true };
  return { message: describeFault(typeof code === 'string' ? code : undefined), isFinal: false };
}

/** tus-js-client keeps what went wrong before a request in `causingError`, Uppy that error in `cause`. */
function findNotPermitted(error: unknown): NotPermitted | undefined {
  if (error instanceof NotPermitted) return error;
  if (!(error instanceof Error)) return undefined;
  return findNotPermitted((error as { readonly causingError?: unknown }).causingError ?? error.cause);
}

/** @returns undefined when the last answer does not say that the file was released: then it was none of Gatehouse's */
export function readReleased({ body }: TusResponse): { readonly kind: 'released'; readonly id: string; readonly receipt: string | undefined } | undefined {
  const read = (name: string): string | null => body?.xhr?.getResponseHeader(name) ?? null;
  const id = read('gatehouse-upload');
  return read('gatehouse-state') === 'released' && id !== null ? { kind: 'released', id, receipt: read('gatehouse-receipt') ?? undefined } : undefined;
}
