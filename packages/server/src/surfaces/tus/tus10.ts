/** tus 1.0.0 (https://tus.io/protocols/resumable-upload): core, creation, creation-with-upload, creation-defer-length, expiration, checksum, termination. */
import { GatehouseError } from '../../platform/errors.ts';
import { invalid, readCount } from './header-rules.ts';
import { parseMetadata } from './metadata-rules.ts';
import type { AppendIntent, Checksum, CreateIntent, Limits, Operation, Progress, Protocol, ReadHeader } from './protocol.ts';

export const VERSION = '1.0.0';
const PIECE_TYPE = 'application/offset+octet-stream';
const EXTENSIONS = 'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination';
/** SHA-1 is asked of every server by the specification; MD5 is what old clients have. Against faults of the line, not against people. */
const DIGEST_BYTES = { sha256: 32, sha1: 20, md5: 16 } as const;
const ALGORITHMS = Object.keys(DIGEST_BYTES).join(',');
const STATUS: Readonly<Record<Operation, number>> = { create: 201, append: 204, head: 200, end: 204 };

export const tus10: Protocol & { speaks(header: ReadHeader): boolean } = {
  name: 'tus-1.0',
  speaks: (header) => header('tus-resumable') === VERSION,
  always: { 'tus-resumable': VERSION },
  readCreate,
  readAppend,
  describe: ({ maxBytes }: Limits) => ({
    'tus-version': VERSION,
    'tus-max-size': String(maxBytes),
    'tus-extension': EXTENSIONS,
    'tus-checksum-algorithm': ALGORITHMS,
  }),
  statusOf: (operation) => STATUS[operation],
  write,
};

function readCreate(header: ReadHeader): CreateIntent {
  const isDeferred = readDeferral(header('upload-defer-length'));
  const sizeBytes = readCount(header, 'upload-length');
  if (isDeferred === (sizeBytes !== undefined)) throw invalid('Send either Upload-Length or Upload-Defer-Length: 1.');
  if (header('upload-concat') !== undefined) throw invalid('Uploads in several parts (Upload-Concat) are not offered; send the file as one upload.');
  const given = header('upload-metadata');
  const metadata = given === undefined ? undefined : parseMetadata(given);
  const pieceBytes = readCount(header, 'content-length');
  const hasBody = header('content-type') === PIECE_TYPE && pieceBytes !== 0;
  return { sizeBytes, metadata, body: hasBody ? { offsetBytes: 0, sizeBytes: undefined, pieceBytes, checksum: readChecksum(header) } : undefined };
}

function readAppend(header: ReadHeader): AppendIntent {
  if (header('content-type') !== PIECE_TYPE) throw new GatehouseError('unsupported_media_type', `The content type must be ${PIECE_TYPE}. Nothing was added.`);
  const offsetBytes = readCount(header, 'upload-offset');
  if (offsetBytes === undefined) throw invalid('Upload-Offset is missing. Nothing was added.');
  return {
    offsetBytes,
    sizeBytes: readCount(header, 'upload-length'),
    pieceBytes: readCount(header, 'content-length'),
    checksum: readChecksum(header),
  };
}

function write(operation: Operation, progress: Progress): Record<string, string> {
  if (operation === 'end') return {};
  const { offsetBytes, sizeBytes, expiresAt, metadata } = progress;
  return {
    'upload-offset': String(offsetBytes),
    ...(expiresAt === undefined ? {} : { 'upload-expires': expiresAt.toUTCString() }),
    ...(operation === 'head' ? { 'cache-control': 'no-store', ...writeSize(sizeBytes) } : {}),
    ...(operation === 'head' && metadata !== undefined ? { 'upload-metadata': metadata } : {}),
  };
}

function writeSize(sizeBytes: number | undefined): Record<string, string> {
  return sizeBytes === undefined ? { 'upload-defer-length': '1' } : { 'upload-length': String(sizeBytes) };
}

function readDeferral(given: string | undefined): boolean {
  if (given !== undefined && given !== '1') throw invalid('Upload-Defer-Length can only be 1.');
  return given === '1';
}

function readChecksum(header: ReadHeader): Checksum | undefined {
  const given = header('upload-checksum');
  if (given === undefined) return undefined;
  const [, algorithm, encoded] = /^(sha256|sha1|md5) ([A-Za-z0-9+/]+={0,2})$/.exec(given) ?? [];
  const digest = Buffer.from(encoded ?? '', 'base64');
  if (!isAlgorithm(algorithm) || digest.length !== DIGEST_BYTES[algorithm])
    throw invalid(`Upload-Checksum must be one of ${ALGORITHMS}, a space, and the digest in base64. Nothing was added.`);
  return { algorithm, digest };
}

function isAlgorithm(name: string | undefined): name is Checksum['algorithm'] {
  return name !== undefined && Object.hasOwn(DIGEST_BYTES, name);
}
