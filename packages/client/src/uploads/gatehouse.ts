/** Calls to Gatehouse, server to server. Its answers are outside bytes like any others. */
import { parseJson, toRecord } from '../bytes.ts';
import { GatehouseClientError } from '../errors.ts';
import { watchSilence } from '../silence.ts';

const ANSWER_BYTES_MAX = 64 * 1024;

export interface Connection {
  readonly base: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly json?: unknown;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whoever calls watches over the time. */
  readonly isUntimed?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Given in stub mode: for tests. */
  readonly isStub: boolean;
}

/** @throws {GatehouseClientError} gatehouse_away, gatehouse_refused, gatehouse_answer */
export async function callGatehouse(connection: Connection, call: Call): Promise<Answer> {
  const answer = await send(connection, call);
  if (answer.status >= 500 || answer.status === 429) throw new GatehouseClientError('gatehouse_away', `It answered ${answer.status}.`);
  if (answer.status >= 400) throw new GatehouseClientError('gatehouse_refused', `It answered ${answer.status}.`);
  return answer;
}

/** @returns undefined when there is nothing (any more) under this path. @throws {GatehouseClientError} gatehouse_away, gatehouse_refused, gatehouse_answer */
export async function fetchBytes(
  connection: Connection,
  path: string,
  maxBytes: number,
): Promise<{ readonly content: Uint8Array<ArrayBuffer>; readonly mediaType: string } | undefined> {
  // A large file takes longer than an answer may: it ends when nothing comes for that long.
  const silence = watchSilence(connection.timeoutMs);
  try {
    const call: Call = { method: 'GET', path, headers: { accept: '*/*' }, signal: silence.signal, isUntimed: true };
    const reply = await connection.fetch(`${connection.base}${path}`, toInit(connection, call));
    if (reply.status === 200 && reply.body !== null)
      return { content: await readAtMost(reply.body, maxBytes, silence.move), mediaType: reply.headers.get('content-type') ?? 'application/octet-stream' };
    await reply.body?.cancel();
    if ([404, 409, 410, 422].includes(reply.status)) return undefined;
    throw new GatehouseClientError(reply.status < 500 && reply.status !== 429 ? 'gatehouse_refused' : 'gatehouse_away', `It answered ${reply.status}.`);
  } catch (cause) {
    if (cause instanceof GatehouseClientError) throw cause;
    throw new GatehouseClientError('gatehouse_away', 'GET failed.', { cause });
  } finally {
    silence.end();
  }
}

async function readAtMost(body: ReadableStream<Uint8Array>, maxBytes: number, onMove?: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(maxBytes);
  let size = 0;
  // Leaving the loop ends the transfer.
  for await (const chunk of body) {
    onMove?.();
    if (size + chunk.length > maxBytes) throw new GatehouseClientError('gatehouse_answer', `It sent more than ${maxBytes} bytes.`);
    bytes.set(chunk, size);
    size += chunk.length;
  }
  return bytes.subarray(0, size);
}

async function send(connection: Connection, call: Call): Promise<Answer> {
  try {
    const reply = await connection.fetch(`${connection.base}${call.path}`, toInit(connection, call));
    const text = reply.body === null ? '' : new TextDecoder().decode(await readAtMost(reply.body, ANSWER_BYTES_MAX));
    return { status: reply.status, body: toRecord(parseJson(text)) ?? {}, isStub: reply.headers.has('gatehouse-stub') };
  } catch (cause) {
    if (cause instanceof GatehouseClientError) throw cause;
    throw new GatehouseClientError('gatehouse_away', `${call.method} failed.`, { cause });
  }
}

function toInit({ apiKey, timeoutMs }: Connection, { method, json, body, headers, signal, isUntimed = body !== undefined }: Call): object {
  // The time for an answer does not count while bytes are sent: their own sender watches over that.
  const signals = [isUntimed ? undefined : AbortSignal.timeout(timeoutMs), signal].filter((one) => one !== undefined);
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  return {
    method,
    headers: { accept: 'application/json', authorization: `Bearer ${apiKey}`, ...type, ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    ...(body === undefined ? {} : { body, duplex: 'half' }),
    redirect: 'error',
    cache: 'no-store',
    ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
  };
}
