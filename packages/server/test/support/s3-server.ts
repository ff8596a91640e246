/**
 * A small S3 in this process, path style: strict where the gate relies on it (signatures, digests, policies, versions), and with faults that can be
 * switched. What it does not know, it refuses. The same suite runs against Ceph (test/slow/s3.test.ts), so that it is no fiction of ours.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsV4Signer } from 'aws4fetch';
import { signRequest, type Credentials } from '../../src/surfaces/s3/signature.ts';
import type { OpenStore } from './s3-contract.ts';

export const CREDENTIALS: Credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'test-secret-of-the-store', region: 'eu-west-2' };

export interface StoredVersion {
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly bytes: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly at: Date;
}

interface Bucket {
  isVersioned: boolean;
  isPublic: boolean;
  /** Newest first. */
  readonly objects: Map<string, StoredVersion[]>;
}

export interface SeenRequest {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** What happens instead of an answer, or to it. */
export type Fault = 'cut' | 'truncate' | 'unavailable' | 'denied' | 'elsewhere' | undefined;

export interface S3Server {
  readonly url: string;
  readonly seen: SeenRequest[];
  readonly buckets: Map<string, Bucket>;
  /** Called for each request, before and, with `isDone`, after it took effect. */
  fault: (request: SeenRequest, isDone: boolean) => Fault | Promise<Fault>;
  pageKeys: number;
  hasVersions: boolean;
  /** Keys that are there and stand in no listing yet. */
  readonly unlisted: Set<string>;
  /** After the last page comes the first again, and so on. */
  goesInCircles: boolean;
  /** Copies the newest version, whichever was asked for. */
  copiesNewest: boolean;
  /** How far clocks may be apart. */
  skewMs: number;
  addBucket(name: string, isVersioned?: boolean): Bucket;
  close(): Promise<void>;
}

class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const hex = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

export async function startS3Server(): Promise<S3Server> {
  const uploads = new Map<string, { readonly headers: Record<string, string>; readonly parts: Map<number, Buffer> }>();
  const server: S3Server = {
    url: '',
    seen: [],
    buckets: new Map(),
    fault: () => undefined,
    pageKeys: 1000,
    hasVersions: true,
    unlisted: new Set(),
    goesInCircles: false,
    copiesNewest: false,
    skewMs: 900_000,
    addBucket(name, isVersioned = true) {
      const bucket: Bucket = { isVersioned, isPublic: false, objects: new Map() };
      server.buckets.set(name, bucket);
      return bucket;
    },
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  const http = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => outgoing.destroy());
  });

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const [rawPath = '', rawQuery = ''] = (incoming.url ?? '').split('?');
    const [, bucket = '', ...rest] = rawPath.split('/');
    const request = { method: incoming.method ?? '', bucket, key: decodeURIComponent(rest.join('/')), query: new URLSearchParams(rawQuery) };
    server.seen.push(request);
    let reply: Reply;
    try {
      const before = await server.fault(request, false);
      if (before === 'cut') return void incoming.socket.destroy();
      const body = await readBody(incoming);
      if (before === 'unavailable') throw new Refusal(503, 'SlowDown');
      if (before === 'denied') throw new Refusal(403, 'AccessDenied');
      // What stands before the store answers while the store is not there.
      reply = before === 'elsewhere' ? { status: 404, body: 'default backend - 404' } : await answer({ incoming, rawPath, rawQuery, body, ...request });
      const after = await server.fault(request, true);
      if (after === 'cut') return void incoming.socket.destroy();
      if (after === 'truncate' && Buffer.isBuffer(reply.body)) {
        outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': reply.body.length });
        outgoing.write(reply.body.subarray(0, reply.body.length / 2), () => incoming.socket.destroy());
        return;
      }
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'InternalError');
      reply = {
        status: refusal.status,
        headers: { 'content-type': 'application/xml' },
        body: `<?xml version="1.0"?><Error><Code>${refusal.code}</Code></Error>`,
      };
    }
    const bytes = Buffer.from(reply.body ?? '');
    outgoing.writeHead(reply.status, { 'content-length': bytes.length, ...reply.headers });
    outgoing.end(request.method === 'HEAD' ? undefined : bytes);
  };

  interface Asked extends SeenRequest {
    readonly incoming: IncomingMessage;
    readonly rawPath: string;
    readonly rawQuery: string;
    readonly body: Buffer;
  }

  const answer = async (asked: Asked): Promise<Reply> => {
    const bucket = server.buckets.get(asked.bucket);
    if (asked.method === 'POST' && asked.key === '' && (asked.incoming.headers['content-type'] ?? '').startsWith('multipart/form-data')) return takeForm(asked);
    const isStranger = asked.incoming.headers.authorization === undefined && !asked.query.has('X-Amz-Signature');
    if (isStranger && (bucket?.isPublic !== true || asked.method !== 'GET')) throw new Refusal(403, 'AccessDenied');
    if (!isStranger) await (asked.query.has('X-Amz-Signature') ? checkPresigned(asked) : checkSignature(asked));
    if (bucket === undefined) throw new Refusal(404, 'NoSuchBucket');
    return asked.key === '' ? answerBucket(bucket, asked) : answerObject(bucket, asked);
  };

  const answerBucket = (bucket: Bucket, { method, query }: Asked): Reply => {
    if (method !== 'GET') throw new Refusal(501, 'NotImplemented');
    if (query.has('versioning'))
      return { status: 200, body: `<VersioningConfiguration>${bucket.isVersioned ? '<Status>Enabled</Status>' : ''}</VersioningConfiguration>` };
    if (query.has('versions') && !server.hasVersions) throw new Refusal(501, 'NotImplemented');
    return list(bucket, query);
  };

  const list = (bucket: Bucket, query: URLSearchParams): Reply => {
    const areVersions = query.has('versions');
    const all = [...bucket.objects]
      .filter(([key]) => key.startsWith(query.get('prefix') ?? '') && !server.unlisted.has(key))
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, versions]) => versions.slice(0, areVersions ? undefined : 1).map((version, at) => ({ key, version, isLatest: at === 0 })))
      .filter(({ version }) => areVersions || !version.isMarker);
    const names = all.map(({ key, version }) => `${key}\n${version.versionId}`);
    const from = areVersions ? `${query.get('key-marker') ?? ''}\n${query.get('version-id-marker') ?? ''}` : (query.get('continuation-token') ?? '');
    const after = names.indexOf(from) + 1;
    const start = server.goesInCircles && after >= all.length ? 0 : after;
    const page = all.slice(start, start + server.pageKeys);
    const last = page.at(-1);
    const isCut = server.goesInCircles || start + page.length < all.length;
    const items = page.map(({ key, version, isLatest }) => {
      const kind = areVersions ? (version.isMarker ? 'DeleteMarker' : 'Version') : 'Contents';
      const more = version.isMarker ? '' : `<ETag>&quot;${version.etag}&quot;</ETag><Size>${version.bytes.length}</Size>`;
      const name = areVersions ? `<VersionId>${version.versionId}</VersionId><IsLatest>${isLatest}</IsLatest>` : '';
      return `<${kind}><Key>${encodeURIComponent(key)}</Key>${name}<LastModified>${version.at.toISOString()}</LastModified>${more}</${kind}>`;
    });
    const next =
      !isCut || last === undefined
        ? ''
        : areVersions
          ? `<NextKeyMarker>${encodeURIComponent(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.version.versionId}</NextVersionIdMarker>`
          : `<NextContinuationToken>${escape(`${last.key}\n${last.version.versionId}`)}</NextContinuationToken>`;
    const root = areVersions ? 'ListVersionsResult' : 'ListBucketResult';
    return {
      status: 200,
      body: `<?xml version="1.0"?><${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>${isCut}</IsTruncated>${next}${items.join('')}</${root}>`,
    };
  };

  const answerObject = (bucket: Bucket, asked: Asked): Reply => {
    switch (asked.method) {
      case 'GET':
      case 'HEAD':
        return read(find(bucket, asked), asked);
      case 'PUT':
        return asked.query.has('uploadId') ? takePart(asked) : put(bucket, asked);
      case 'POST':
        return asked.query.has('uploads') ? begin(asked) : complete(bucket, asked);
      case 'DELETE':
        return remove(bucket, asked);
      default:
        throw new Refusal(405, 'MethodNotAllowed');
    }
  };

  const find = (bucket: Bucket, { key, query }: SeenRequest): StoredVersion => {
    const versions = bucket.objects.get(key) ?? [];
    const asked = query.get('versionId');
    const version = asked === null ? versions[0] : versions.find(({ versionId }) => versionId === asked);
    if (version === undefined) throw new Refusal(404, asked === null ? 'NoSuchKey' : 'NoSuchVersion');
    if (version.isMarker) throw new Refusal(asked === null ? 404 : 405, asked === null ? 'NoSuchKey' : 'MethodNotAllowed');
    return version;
  };

  const read = (version: StoredVersion, { incoming }: Asked): Reply => {
    const match = incoming.headers['if-match'];
    if (match !== undefined && match.replaceAll('"', '') !== version.etag) throw new Refusal(412, 'PreconditionFailed');
    const headers = {
      ...version.headers,
      etag: `"${version.etag}"`,
      'last-modified': version.at.toUTCString(),
      ...(version.versionId === 'null' ? {} : { 'x-amz-version-id': version.versionId }),
    };
    return { status: 200, headers: { ...headers, 'content-length': String(version.bytes.length) }, body: version.bytes };
  };

  const store = (bucket: Bucket, key: string, object: Pick<StoredVersion, 'bytes' | 'headers'>, parts = 0): StoredVersion => {
    const etag = `${createHash('md5').update(object.bytes).digest('hex')}${parts > 0 ? `-${parts}` : ''}`;
    const version: StoredVersion = { ...object, versionId: bucket.isVersioned ? randomUUID() : 'null', isMarker: false, etag, at: new Date() };
    const others = bucket.isVersioned ? (bucket.objects.get(key) ?? []) : [];
    bucket.objects.set(key, [version, ...others]);
    return version;
  };

  const keep = ({ headers }: IncomingMessage): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-amz-meta-')) as [string, string][]);

  const put = (bucket: Bucket, { key, incoming, body }: Asked): Reply => {
    const source = incoming.headers['x-amz-copy-source'];
    if (typeof source !== 'string') {
      const { etag } = store(bucket, key, { bytes: body, headers: keep(incoming) });
      return { status: 200, headers: { etag: `"${etag}"` } };
    }
    const [path = '', query = ''] = source.split('?');
    const [, from = '', ...rest] = path.split('/');
    const version = find(server.buckets.get(from) ?? bucket, {
      method: 'GET',
      bucket: from,
      key: decodeURIComponent(rest.join('/')),
      query: new URLSearchParams(server.copiesNewest ? '' : query),
    });
    const { etag } = store(bucket, key, { bytes: version.bytes, headers: keep(incoming) });
    return { status: 200, body: `<CopyObjectResult><ETag>${etag}</ETag></CopyObjectResult>` };
  };

  const begin = ({ incoming }: Asked): Reply => {
    const id = randomUUID();
    uploads.set(id, { headers: keep(incoming), parts: new Map() });
    return { status: 200, body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>` };
  };

  const takePart = ({ query, body }: Asked): Reply => {
    uploads.get(query.get('uploadId') ?? '')?.parts.set(Number(query.get('partNumber')), body);
    return { status: 200, headers: { etag: `"${createHash('md5').update(body).digest('hex')}"` } };
  };

  const complete = (bucket: Bucket, { key, query }: Asked): Reply => {
    const upload = uploads.get(query.get('uploadId') ?? '');
    if (upload === undefined) throw new Refusal(404, 'NoSuchUpload');
    const bytes = Buffer.concat([...upload.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part));
    store(bucket, key, { bytes, headers: upload.headers }, upload.parts.size);
    return { status: 200, body: '<CompleteMultipartUploadResult/>' };
  };

  const remove = (bucket: Bucket, { key, query }: Asked): Reply => {
    const upload = query.get('uploadId');
    if (upload !== null) return { status: uploads.delete(upload) ? 204 : 404 };
    const versions = bucket.objects.get(key) ?? [];
    const asked = query.get('versionId');
    if (asked !== null)
      bucket.objects.set(
        key,
        versions.filter(({ versionId }) => versionId !== asked),
      );
    else if (bucket.isVersioned)
      bucket.objects.set(key, [{ versionId: randomUUID(), isMarker: true, bytes: Buffer.alloc(0), etag: '', headers: {}, at: new Date() }, ...versions]);
    else bucket.objects.delete(key);
    if (bucket.objects.get(key)?.length === 0) bucket.objects.delete(key);
    return { status: 204 };
  };

  const takeForm = ({ bucket: name, incoming, body }: Asked): Reply => {
    const boundary = /boundary=(.+)$/.exec(incoming.headers['content-type'] ?? '')?.[1] ?? '';
    const fields = new Map<string, Buffer>();
    for (const part of body.toString('latin1').split(`--${boundary}`).slice(1, -1)) {
      const [head = '', ...content] = part.replace(/^\r\n/, '').split('\r\n\r\n');
      fields.set(/name="([^"]+)"/.exec(head)?.[1] ?? '', Buffer.from(content.join('\r\n\r\n').slice(0, -2), 'latin1'));
    }
    const text = (field: string): string => fields.get(field)?.toString('utf8') ?? '';
    const day = text('x-amz-date').slice(0, 8);
    const mac = (key: string | Buffer, value: string): Buffer => createHmac('sha256', key).update(value).digest();
    const key = mac(mac(mac(mac(`AWS4${CREDENTIALS.secretAccessKey}`, day), CREDENTIALS.region), 's3'), 'aws4_request');
    if (mac(key, text('policy')).toString('hex') !== text('x-amz-signature')) throw new Refusal(403, 'SignatureDoesNotMatch');
    const policy = JSON.parse(Buffer.from(text('policy'), 'base64').toString()) as {
      expiration: string;
      conditions: (Record<string, string> | [string, string | number, string | number])[];
    };
    if (new Date(policy.expiration) < new Date()) throw new Refusal(403, 'AccessDenied');
    const file = fields.get('file') ?? Buffer.alloc(0);
    const allowed = new Set(['file', 'policy', 'x-amz-signature']);
    for (const condition of policy.conditions) {
      if (!Array.isArray(condition)) {
        for (const [field, value] of Object.entries(condition)) {
          allowed.add(field);
          if ((field === 'bucket' ? name : text(field)) !== value) throw new Refusal(403, 'AccessDenied');
        }
      } else if (condition[0] === 'content-length-range') {
        if (file.length < Number(condition[1])) throw new Refusal(400, 'EntityTooSmall');
        if (file.length > Number(condition[2])) throw new Refusal(400, 'EntityTooLarge');
      } else {
        const field = String(condition[1]).slice(1);
        allowed.add(field);
        const holds = condition[0] === 'eq' ? text(field) === condition[2] : text(field).startsWith(String(condition[2]));
        if (!holds) throw new Refusal(403, 'AccessDenied');
      }
    }
    if ([...fields.keys()].some((field) => !allowed.has(field))) throw new Refusal(403, 'AccessDenied');
    const bucket = server.buckets.get(name);
    if (bucket === undefined) throw new Refusal(404, 'NoSuchBucket');
    store(bucket, text('key'), { bytes: file, headers: {} });
    return { status: 204 };
  };

  /** With our own signer, which is held against AWS's examples, aws4fetch and Ceph elsewhere; it knows keys that `URL` rewrites. */
  const checkSignature = ({ incoming, method, rawPath, query, body }: Asked): void => {
    const { headers } = incoming;
    const [, id = '', signed = ''] = /Credential=([^/]+)\/.*SignedHeaders=([^,]+),/.exec(headers.authorization ?? '') ?? [];
    if (id !== CREDENTIALS.accessKeyId) throw new Refusal(403, 'InvalidAccessKeyId');
    const date = String(headers['x-amz-date']);
    const now = new Date(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (Math.abs(now.getTime() - Date.now()) > server.skewMs) throw new Refusal(403, 'RequestTimeTooSkewed');
    const payload = String(headers['x-amz-content-sha256']);
    const own = new Set(['host', 'x-amz-date', 'x-amz-content-sha256']);
    const named = Object.fromEntries(
      signed
        .split(';')
        .filter((name) => !own.has(name))
        .map((name) => [name, String(headers[name])]),
    );
    const expected = signRequest({ method, host: headers.host ?? '', path: rawPath, query: [...query], headers: named, payload }, CREDENTIALS, now);
    if (expected['authorization'] !== headers.authorization) throw new Refusal(403, 'SignatureDoesNotMatch');
    if (Object.keys(headers).some((name) => name.startsWith('x-amz-') && !signed.split(';').includes(name))) throw new Refusal(403, 'AccessDenied');
    if (hex(body) !== payload) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
  };

  const checkPresigned = async ({ incoming, method, rawPath, rawQuery, query }: Asked): Promise<void> => {
    const date = query.get('X-Amz-Date') ?? '';
    const start = new Date(date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    if (start.getTime() + Number(query.get('X-Amz-Expires')) * 1000 < Date.now()) throw new Refusal(403, 'AccessDenied');
    const signature = query.get('X-Amz-Signature');
    const url = new URL(`${server.url}${rawPath}?${rawQuery.replace(/&X-Amz-Signature=.*$/, '')}`);
    for (const name of ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-SignedHeaders']) url.searchParams.delete(name);
    const names = (query.get('X-Amz-SignedHeaders') ?? '').split(';').filter((name) => name !== 'host');
    const headers = Object.fromEntries(names.map((name) => [name, String(incoming.headers[name])]));
    if (Object.keys(incoming.headers).some((name) => name.startsWith('x-amz-') && !names.includes(name))) throw new Refusal(403, 'AccessDenied');
    const signer = new AwsV4Signer({ method, url: url.href, headers, datetime: date, service: 's3', signQuery: true, allHeaders: true, ...CREDENTIALS });
    const signed = await signer.sign();
    if (signed.url.searchParams.get('X-Amz-Signature') !== signature) throw new Refusal(403, 'SignatureDoesNotMatch');
  };

  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  return Object.assign(server, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
}

let made = 0;

export async function openInProcess(): Promise<OpenStore & { readonly server: S3Server }> {
  const server = await startS3Server();
  return {
    server,
    url: server.url,
    credentials: CREDENTIALS,
    async makeBuckets({ isVersioned }) {
      made += 1;
      const buckets = { quarantine: `quarantine-${made}`, released: `released-${made}` };
      server.addBucket(buckets.quarantine, isVersioned);
      server.addBucket(buckets.released, isVersioned);
      return buckets;
    },
    close: () => server.close(),
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
