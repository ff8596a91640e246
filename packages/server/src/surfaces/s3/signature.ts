/**
 * AWS Signature Version 4 for S3: requests, addresses for uploads, and upload policies.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html; why not a library: docs/adr/0029-s3-client.md.
 */
import { createHash, createHmac } from 'node:crypto';
import { encodePart } from './key-rules.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

export interface Signable {
  readonly method: string;
  /** `host`, or `host:port` where the port is not that of the scheme: as it is sent. */
  readonly host: string;
  /** Encoded already; signed and sent as it is. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  /** Lower-case names. All are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hexadecimal, which the store compares with what it gets. */
  readonly payload: string;
}

export const EMPTY_PAYLOAD = createHash('sha256').digest('hex');
const UNSIGNED = 'UNSIGNED-PAYLOAD';
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Headers to send, `authorization` among them. `host` is left to the HTTP client. */
export function signRequest(request: Signable, credentials: Credentials, now: Date): Record<string, string> {
  const date = toBasicDate(now);
  const sent = { ...request.headers, 'x-amz-content-sha256': request.payload, 'x-amz-date': date };
  const { signedHeaders, signature } = sign({ ...request, headers: sent }, credentials, date);
  return {
    ...sent,
    authorization: `${ALGORITHM} Credential=${credentials.accessKeyId}/${toScope(credentials, date)}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

/** The query of an address that may be used for `expiresS` seconds, with exactly the headers that were signed. */
export function presign(request: Omit<Signable, 'payload' | 'query'>, credentials: Credentials, at: { readonly now: Date; readonly expiresS: number }): string {
  const date = toBasicDate(at.now);
  const names = Object.keys({ ...request.headers, host: '' }).toSorted();
  const query: (readonly [string, string])[] = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', `${credentials.accessKeyId}/${toScope(credentials, date)}`],
    ['X-Amz-Date', date],
    ['X-Amz-Expires', String(at.expiresS)],
    ['X-Amz-SignedHeaders', names.join(';')],
  ];
  const { signature } = sign({ ...request, query, payload: UNSIGNED }, credentials, date);
  return `${toQuery(query)}&X-Amz-Signature=${signature}`;
}

export interface UploadPolicy {
  readonly bucket: string;
  readonly key: string;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly expiresAt: Date;
}

/** The fields of a form that may store one object under exactly one key. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */
export function signPolicy(policy: UploadPolicy, credentials: Credentials, now: Date): Record<string, string> {
  const date = toBasicDate(now);
  const fixed = { 'x-amz-algorithm': ALGORITHM, 'x-amz-credential': `${credentials.accessKeyId}/${toScope(credentials, date)}`, 'x-amz-date': date };
  const document = {
    expiration: policy.expiresAt.toISOString(),
    conditions: [
      { bucket: policy.bucket },
      ['eq', '$key', policy.key],
      ['content-length-range', policy.minBytes, policy.maxBytes],
      // Browsers may say what they like here: what it is is found in the content.
      ['starts-with', '$Content-Type', ''],
      ...Object.entries(fixed).map(([name, value]) => ({ [name]: value })),
    ],
  };
  const encoded = Buffer.from(JSON.stringify(document)).toString('base64');
  return { key: policy.key, ...fixed, policy: encoded, 'x-amz-signature': mac(deriveKey(credentials, date), encoded).toString('hex') };
}

export function toQuery(query: Signable['query']): string {
  return query.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join('&');
}

function sign(request: Signable, credentials: Credentials, date: string): { readonly signedHeaders: string; readonly signature: string } {
  const headers = Object.entries({ ...request.headers, host: request.host }).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const signedHeaders = headers.map(([name]) => name).join(';');
  const query = request.query
    .map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`)
    .toSorted()
    .join('&');
  const canonical = [
    request.method,
    request.path,
    query,
    ...headers.map(([name, value]) => `${name}:${value.trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders,
    request.payload,
  ].join('\n');
  const toSign = [ALGORITHM, date, toScope(credentials, date), createHash('sha256').update(canonical).digest('hex')].join('\n');
  return { signedHeaders, signature: mac(deriveKey(credentials, date), toSign).toString('hex') };
}

function deriveKey({ secretAccessKey, region }: Credentials, date: string): Buffer {
  return mac(mac(mac(mac(`AWS4${secretAccessKey}`, date.slice(0, 8)), region), 's3'), 'aws4_request');
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function toScope({ region }: Credentials, date: string): string {
  return `${date.slice(0, 8)}/${region}/s3/aws4_request`;
}

/** `20261125T120000Z` */
function toBasicDate(now: Date): string {
  return now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}
