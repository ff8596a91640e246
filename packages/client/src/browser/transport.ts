/** Requests to Gatehouse from a page. Answers are outside bytes like any others: parsed, member by member. */

export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterS: number | undefined;
}

export interface Sending {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly file: Blob;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((sentBytes: number, totalBytes: number) => void) | undefined;
}

/** @throws when there was no answer */
export async function callJson(url: string, init: RequestInit): Promise<Reply> {
  // Never with cookies: the ticket is all that counts.
  const reply = await fetch(url, { ...init, credentials: 'omit', cache: 'no-store', redirect: 'error' });
  return { status: reply.status, body: parse(await reply.text()), retryAfterS: toSeconds(reply.headers.get('retry-after')) };
}

/** The bytes of a file. By XMLHttpRequest where there is one: `fetch` does not say how far it has got. @throws when there was no answer */
export function sendFile({ url, headers, file, signal, onProgress }: Sending): Promise<Reply> {
  if (typeof XMLHttpRequest === 'undefined') return callJson(url, { method: 'POST', headers, body: file, ...(signal === undefined ? {} : { signal }) });
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener('progress', ({ loaded, total }) => onProgress?.(loaded, total));
    request.addEventListener('load', () =>
      resolve({ status: request.status, body: parse(request.responseText), retryAfterS: toSeconds(request.getResponseHeader('retry-after')) }),
    );
    request.addEventListener('error', () => reject(new Error('the connection broke')));
    request.addEventListener('abort', () => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted')));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

function parse(text: string): Reply['body'] {
  try {
    const value: unknown = JSON.parse(text);
    // Its members stay unknown.
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function toSeconds(value: string | null): number | undefined {
  return value !== null && /^\d{1,5}$/.test(value) ? Number(value) : undefined;
}
