/** Callbacks of Gatehouse: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature`), with the symmetric scheme `v1`. */
import { fromBase64, parseJson, toBytes, toRecord, toText } from './bytes.ts';
import { GatehouseClientError } from './errors.ts';
import { readTimeS } from './outside.ts';

/** Older, or from the future by more: a callback that somebody kept. Standard Webhooks leaves the number to the receiver. */
const TOLERANCE_S = 300;
const SECRET_BYTES_MIN = 24;
const SIGNATURES_MAX = 10;
const SIGNATURE_BYTES = 32;

export interface Webhook {
  /** The same at each attempt: remember it, to act once. */
  readonly id: string;
  /** `age.session.completed`, `upload.decided`, `receipt.revoked`, … */
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface WebhookInput {
  /** `Headers`, or the headers of Node's HTTP server. */
  readonly headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The body as it came, before any parser. */
  readonly body: string | Uint8Array;
  /** `whsec_…` from `gatehouse callback secret`. With several, any may have signed. */
  readonly secret: string | readonly string[];
  /** Seconds since 1970. For tests. */
  readonly nowS?: number;
}

/** @throws {GatehouseClientError} `webhook_invalid` for whatever was not signed by the holder of the secret within five minutes; `option_invalid` for a secret that is none */
export async function verifyWebhook(input: WebhookInput): Promise<Webhook> {
  const get = readHeaders(input.headers);
  const [id, timestamp, signatures] = [get('webhook-id'), get('webhook-timestamp'), get('webhook-signature')];
  if (id === undefined || !/^[\x21-\x2d\x2f-\x7e]{1,256}$/.test(id)) throw refuse('There is no webhook-id.');
  if (timestamp === undefined || !/^[0-9]{1,15}$/.test(timestamp)) throw refuse('There is no webhook-timestamp.');
  if (Math.abs((input.nowS ?? readTimeS()) - Number(timestamp)) > TOLERANCE_S) throw refuse(`It is more than ${TOLERANCE_S} s away from now.`);
  const body = typeof input.body === 'string' ? toBytes(input.body) : input.body;
  const signed = joinBytes(toBytes(`${id}.${timestamp}.`), body);
  if (!(await isSigned(signed, signatures, input.secret))) throw refuse('The signature is not one of this secret.');
  return readMessage(id, body);
}

async function isSigned(signed: Uint8Array<ArrayBuffer>, signatures: string | undefined, secret: string | readonly string[]): Promise<boolean> {
  const given = (signatures ?? '').split(' ').flatMap((part) => (part.startsWith('v1,') ? [fromBase64(part.slice(3))] : []));
  const keys = await Promise.all((typeof secret === 'string' ? [secret] : secret).map((one) => readSecret(one)));
  for (const key of keys)
    for (const signature of given.slice(0, SIGNATURES_MAX)) {
      // The comparison of `verify` takes the same time wherever the first difference is.
      if (signature?.length === SIGNATURE_BYTES && (await crypto.subtle.verify('HMAC', key, signature, signed))) return true;
    }
  return false;
}

async function readSecret(secret: string): Promise<Awaited<ReturnType<typeof crypto.subtle.importKey>>> {
  const bytes = secret.startsWith('whsec_') ? fromBase64(secret.slice('whsec_'.length)) : undefined;
  if (bytes === undefined || bytes.length < SECRET_BYTES_MIN)
    throw new GatehouseClientError('option_invalid', 'secret: it begins with `whsec_`; `gatehouse callback secret` prints it');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function readMessage(id: string, body: Uint8Array): Webhook {
  const { type, timestamp, data } = { ...toRecord(parseJson(readText(body))) };
  const read = toRecord(data);
  if (typeof type !== 'string' || typeof timestamp !== 'string' || read === undefined) throw refuse('It is signed, and not of the form of a callback.');
  return { id, type, timestamp, data: read };
}

function readText(body: Uint8Array): string {
  try {
    return toText(body);
  } catch (cause) {
    throw refuse('It is signed, and no UTF-8.', { cause });
  }
}

function readHeaders(headers: WebhookInput['headers']): (name: string) => string | undefined {
  if (headers instanceof Headers) return (name) => headers.get(name) ?? undefined;
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return (name) => {
    const value = lower.get(name);
    return typeof value === 'string' ? value : undefined;
  };
}

function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

function refuse(detail: string, options: { readonly cause?: unknown } = {}): GatehouseClientError {
  return new GatehouseClientError('webhook_invalid', detail, options);
}
