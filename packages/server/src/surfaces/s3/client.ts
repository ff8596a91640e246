/** A small client of S3: only what quarantine and promotion need. Bodies are streams both ways; every request is signed here. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { parseXml, readHeadFault, readListing, readText, type Listing } from './answers.ts';
import { isFixed, type EncodedKey } from './key-rules.ts';
import { createSender, readAll, requireResult, toBody, toFault, type Call, type ClientOptions, type Query, type Send } from './requests.ts';
import { S3Fault } from './schema.ts';
import { toQuery } from './signature.ts';

export interface ObjectName {
  readonly bucket: string;
  readonly key: EncodedKey;
  readonly versionId?: string | undefined;
  /** Where the version does not say which bytes they are. */
  readonly etag?: string | undefined;
}

export interface OpenObject {
  readonly sizeBytes: number;
  readonly stream: Readable;
}

export interface ObjectHead {
  readonly sizeBytes: number;
  readonly etag: string;
  readonly modifiedAt: Date | undefined;
  readonly versionId: string | undefined;
  /** `x-amz-meta-…`, without the prefix. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface NewObject {
  readonly bucket: string;
  readonly key: EncodedKey;
  /** In hexadecimal: the store itself refuses other bytes. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface S3Client {
  /** @throws {S3Fault} gone, changed, … */
  get(name: ObjectName, signal: AbortSignal): Promise<OpenObject>;
  /** @returns undefined when there is none */
  head(name: ObjectName, signal: AbortSignal): Promise<ObjectHead | undefined>;
  put(object: NewObject, stream: Readable, signal: AbortSignal): Promise<void>;
  /** In parts of 16 MiB, each signed with its own digest; completed only when all of them together have the announced one. */
  putInParts(object: NewObject, stream: Readable, signal: AbortSignal): Promise<void>;
  /** The store copies; whoever asks reads again what came of it. */
  copy(from: ObjectName, object: NewObject, signal: AbortSignal): Promise<void>;
  /** Exactly one version; what is gone already is no fault. */
  remove(name: ObjectName, signal: AbortSignal): Promise<void>;
  list(request: ListRequest, signal: AbortSignal): Promise<Listing>;
  /** `Enabled`, `Suspended`, or empty. */
  readVersioning(bucket: string, signal: AbortSignal): Promise<string>;
  /** Without a signature, as anybody could ask. @returns the status */
  askAsStranger(name: { readonly bucket: string; readonly key?: EncodedKey }, signal: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

export interface ListRequest {
  readonly bucket: string;
  readonly prefix: string;
  readonly areVersions: boolean;
  readonly next?: Listing['next'];
}

const PART_BYTES = 16 * 1024 * 1024;
const META = 'x-amz-meta-';

export function createClient(options: ClientOptions): S3Client {
  const { send, close } = createSender(options);
  return {
    ...readingCalls(send),
    ...writingCalls(send),
    async list({ bucket, prefix, areVersions, next = [] }, signal) {
      const kind: Query = areVersions ? [['versions', '']] : [['list-type', '2']];
      const query: Query = [...kind, ['encoding-type', 'url'], ['prefix', prefix], ...next];
      return readListing(await readAll(await send({ method: 'GET', bucket, query }, signal)));
    },
    async readVersioning(bucket, signal) {
      const root = parseXml(await readAll(await send({ method: 'GET', bucket, query: [['versioning', '']] }, signal)));
      return readText(root, 'Status') ?? '';
    },
    async askAsStranger(name, signal) {
      const answer = await send({ method: 'GET', ...name, isUnsigned: true }, signal);
      answer.body.destroy();
      return answer.status;
    },
    close,
  };
}

function readingCalls(send: Send): Pick<S3Client, 'get' | 'head' | 'remove'> {
  return {
    async get(name, signal) {
      const headers: Record<string, string> = name.etag === undefined || isFixed(name.versionId) ? {} : { 'if-match': `"${name.etag}"` };
      const answer = await send({ method: 'GET', ...toTarget(name), headers }, signal);
      if (answer.status !== 200) throw await toFault(answer);
      const sizeBytes = Number(answer.headers.get('content-length'));
      if (!Number.isSafeInteger(sizeBytes) || !answer.headers.has('content-length')) {
        answer.body.destroy();
        throw new S3Fault('malformed', 'The store did not say how long the object is.');
      }
      return { sizeBytes, stream: answer.body };
    },
    async head(name, signal) {
      const answer = await send({ method: 'HEAD', ...toTarget(name) }, signal);
      answer.body.resume();
      if (answer.status !== 200) {
        const fault = readHeadFault(answer.status);
        if (fault.reason === 'gone') return undefined;
        throw fault;
      }
      const metadata = [...answer.headers].filter(([header]) => header.startsWith(META)).map(([header, value]) => [header.slice(META.length), value]);
      return {
        sizeBytes: Number(answer.headers.get('content-length')),
        etag: (answer.headers.get('etag') ?? '').replaceAll('"', ''),
        modifiedAt: toDate(answer.headers.get('last-modified')),
        versionId: answer.headers.get('x-amz-version-id'),
        metadata: Object.fromEntries(metadata) as Record<string, string>,
      };
    },
    async remove(name, signal) {
      const answer = await send({ method: 'DELETE', ...toTarget(name) }, signal);
      if (answer.status < 300) return void answer.body.resume();
      const fault = await toFault(answer);
      if (fault.reason !== 'gone') throw fault;
    },
  };
}

function writingCalls(send: Send): Pick<S3Client, 'put' | 'putInParts' | 'copy'> {
  return {
    async put(object, stream, signal) {
      const { sha256, sizeBytes } = object;
      await readAll(await send({ method: 'PUT', ...toTarget(object), headers: toHeaders(object), body: { stream, sizeBytes, sha256 } }, signal));
    },
    async copy(from, object, signal) {
      const version = isFixed(from.versionId) ? `?${toQuery([['versionId', from.versionId]])}` : '';
      const headers = { ...toHeaders(object), 'x-amz-copy-source': `/${from.bucket}/${from.key}${version}`, 'x-amz-metadata-directive': 'REPLACE' };
      // It may answer 200 and say in the body that it failed.
      requireResult(await readAll(await send({ method: 'PUT', ...toTarget(object), headers }, signal)), 'CopyObjectResult');
    },
    putInParts: (object, stream, signal) => putInParts(send, { object, stream, signal }),
  };
}

interface PartsJob {
  readonly object: NewObject;
  readonly stream: Readable;
  readonly signal: AbortSignal;
}

async function putInParts(send: Send, { object, stream, signal }: PartsJob): Promise<void> {
  // It is read only when the store has answered; what breaks before has no other listener, which would end the process, and is thrown by the reading.
  stream.on('error', () => undefined);
  const target = toTarget(object);
  const begun = parseXml(await readAll(await send({ method: 'POST', ...target, query: [['uploads', '']], headers: toHeaders(object) }, signal)));
  const uploadId = readText(begun, 'UploadId') ?? '';
  if (uploadId === '') throw new S3Fault('malformed', 'The store did not name the upload that was begun.');
  const upload = ['uploadId', uploadId] as const;
  try {
    const parts: string[] = [];
    const whole = createHash('sha256');
    let sizeBytes = 0;
    for await (const part of cutParts(stream)) {
      whole.update(part);
      sizeBytes += part.length;
      const number = String(parts.length + 1);
      const answer = await send({ method: 'PUT', ...target, query: [['partNumber', number], upload], body: toBody(part) }, signal);
      await readAll(answer);
      parts.push(`<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(answer.headers.get('etag') ?? '')}</ETag></Part>`);
    }
    if (whole.digest('hex') !== object.sha256 || sizeBytes !== object.sizeBytes)
      throw new S3Fault('bytes_differ', 'What was read here for the released bucket is not what was screened. Nothing was released.');
    const body = toBody(Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`));
    requireResult(await readAll(await send({ method: 'POST', ...target, query: [upload], body }, signal)), 'CompleteMultipartUploadResult');
  } catch (error) {
    // Else its parts would be paid for and seen by nobody.
    await send({ method: 'DELETE', ...target, query: [upload] }, signal).then(
      (answer) => answer.body.resume(),
      () => undefined,
    );
    throw error;
  }
}

async function* cutParts(stream: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    pieces.push(chunk);
    size += chunk.length;
    if (size < PART_BYTES) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(pieces);
}

function toTarget({ bucket, key, versionId }: ObjectName): Pick<Call, 'bucket' | 'key' | 'query'> {
  return { bucket, key, query: versionId === undefined || versionId === '' ? [] : [['versionId', versionId]] };
}

function toHeaders({ mediaType, metadata }: NewObject): Record<string, string> {
  return { 'content-type': mediaType, ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`${META}${name}`, value])) };
}

function toDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
