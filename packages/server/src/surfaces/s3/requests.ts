/** One signed request to the store, and its answer. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Clock } from '../../platform/clock.ts';
import type { Outbound } from '../../platform/outbound.ts';
import { ANSWER_BYTES_MAX, parseXml, readFault } from './answers.ts';
import type { EncodedKey } from './key-rules.ts';
import { S3Fault } from './schema.ts';
import { EMPTY_PAYLOAD, signRequest, toQuery, type Credentials } from './signature.ts';

export type Query = readonly (readonly [string, string])[];

export interface ClientOptions {
  readonly endpoint: string;
  readonly isPathStyle: boolean;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly outbound: Pick<Outbound, 'openOrigin'>;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  readonly key?: EncodedKey;
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly stream: Readable; readonly sizeBytes: number; readonly sha256: string };
  readonly isUnsigned?: true;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Readable;
}

export interface Sender {
  readonly send: Send;
  close(): Promise<void>;
}

export type Send = (call: Call, signal: AbortSignal) => Promise<Answer>;

const SHORT_MS = 60_000;

/** Where a bucket is: `origin` for the connection, `host` for the signature, `path` before the key. */
export function locate(options: Pick<ClientOptions, 'endpoint' | 'isPathStyle'>, bucket: string): { origin: string; host: string; path: string } {
  const { protocol, host } = new URL(options.endpoint);
  return options.isPathStyle
    ? { origin: options.endpoint, host, path: `/${bucket}` }
    : { origin: `${protocol}//${bucket}.${host}`, host: `${bucket}.${host}`, path: '' };
}

export function createSender(options: ClientOptions): Sender {
  const origins = new Map<string, ReturnType<Outbound['openOrigin']>>();
  const send: Send = async (call, signal) => {
    const place = locate(options, call.bucket);
    const origin = origins.get(place.origin) ?? options.outbound.openOrigin(place.origin);
    origins.set(place.origin, origin);
    const path = `${place.path}/${call.key ?? ''}`;
    const query = call.query ?? [];
    const ask = (): ReturnType<typeof origin.send> =>
      origin.send({
        method: call.method,
        path: query.length === 0 ? path : `${path}?${toQuery(query)}`,
        headers: Object.entries(toHeaders(options, call, { host: place.host, path })).flat(),
        body: call.body?.stream ?? null,
        keepsConnection: true,
        signal: isShort(call) ? AbortSignal.any([signal, AbortSignal.timeout(SHORT_MS)]) : signal,
      });
    try {
      const reply = await ask().catch((error: unknown) => {
        // A connection that the store had closed meanwhile: what changes nothing when it is said twice is said again.
        if (/^(?:GET|HEAD|DELETE)$/.test(call.method) && isCut(error) && !signal.aborted) return ask();
        throw error;
      });
      return { status: reply.status, headers: toMap(reply.headers), body: reply.body };
    } catch (cause) {
      throw new S3Fault('unavailable', 'The store did not answer.', cause);
    }
  };
  return {
    send,
    async close() {
      await Promise.all([...origins.values()].map((origin) => origin.close()));
      origins.clear();
    },
  };
}

function isCut(error: unknown): boolean {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** Nothing is moved by it but its answer; a store that hangs holds nobody up. Bodies have the time-out of the connection, by silence. */
function isShort({ method, key }: Call): boolean {
  return key === undefined || method === 'HEAD' || method === 'DELETE';
}

/** Signed, unless it is asked as a stranger would ask. */
function toHeaders({ credentials, clock }: ClientOptions, call: Call, place: { readonly host: string; readonly path: string }): Record<string, string> {
  const { method, query = [], headers = {}, body } = call;
  const signed =
    call.isUnsigned === true ? {} : signRequest({ method, ...place, query, headers, payload: body?.sha256 ?? EMPTY_PAYLOAD }, credentials, clock.now());
  const hasLength = body !== undefined || method === 'PUT' || method === 'POST';
  return { ...signed, ...(hasLength ? { 'content-length': String(body?.sizeBytes ?? 0) } : {}), 'user-agent': 'gatehouse' };
}

export function toBody(bytes: Buffer): NonNullable<Call['body']> {
  return { stream: Readable.from([bytes]), sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function toMap(headers: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < headers.length; at += 2) map.set((headers[at] ?? '').toLowerCase(), headers[at + 1] ?? '');
  return map;
}

/** The whole body of an answer that succeeded. @throws {S3Fault} */
export async function readAll(answer: Answer): Promise<string> {
  if (answer.status >= 300) throw await toFault(answer);
  return readBounded(answer.body);
}

export async function toFault(answer: Answer): Promise<S3Fault> {
  return readFault(answer.status, await readBounded(answer.body).catch(() => ''));
}

async function readBounded(body: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > ANSWER_BYTES_MAX) throw new S3Fault('malformed', 'The store answered with more than is read.');
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof S3Fault ? error : new S3Fault('unavailable', 'The answer of the store broke off.', error);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws {S3Fault} when the body of a 200 says that it failed */
export function requireResult(text: string, name: string): void {
  if (parseXml(text).localName !== name) throw readFault(500, text);
}
