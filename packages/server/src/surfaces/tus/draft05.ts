/**
 * Resumable Uploads for HTTP, draft-ietf-httpbis-resumable-upload-05 (interop version 6), as tus-js-client 4.3 speaks it (`protocol: 'ietf-draft-05'`).
 * Without informational answers (104): clients do not depend on them. The draft is still changing; later ones get an adapter of their own.
 */
import { GatehouseError } from '../../platform/errors.ts';
import { invalid, readCount } from './header-rules.ts';
import { parseMetadata } from './metadata-rules.ts';
import type { AppendIntent, CreateIntent, Operation, Progress, Protocol, ReadHeader } from './protocol.ts';

const INTEROP_VERSION = '6';
const PIECE_TYPE = 'application/partial-upload';
/** Section 4.1 to 4.4. */
const STATUS: Readonly<Record<Operation, number>> = { create: 201, append: 204, head: 204, end: 204 };

export const draft05: Protocol & { speaks(header: ReadHeader): boolean } = {
  name: 'ietf-draft-05',
  speaks: (header) => header('upload-draft-interop-version') === INTEROP_VERSION,
  always: { 'upload-draft-interop-version': INTEROP_VERSION },
  readCreate,
  readAppend,
  describe: () => ({}),
  statusOf: (operation) => STATUS[operation],
  write,
};

function readCreate(header: ReadHeader): CreateIntent {
  const isComplete = readComplete(header);
  const pieceBytes = readCount(header, 'content-length') ?? (header('transfer-encoding') === undefined ? 0 : undefined);
  const announced = readCount(header, 'upload-length');
  const sizeBytes = announced ?? (isComplete ? pieceBytes : undefined);
  if (isComplete && pieceBytes !== undefined && sizeBytes !== pieceBytes) throw invalid('Upload-Length is not the length of the body. Nothing was created.');
  // tus-js-client sends its metadata with this protocol too.
  const given = header('upload-metadata');
  return {
    sizeBytes,
    metadata: given === undefined ? undefined : parseMetadata(given),
    body: pieceBytes === 0 ? undefined : { offsetBytes: 0, sizeBytes: undefined, pieceBytes, checksum: undefined, isLast: isComplete },
  };
}

function readAppend(header: ReadHeader): AppendIntent {
  if (header('content-type') !== PIECE_TYPE) throw new GatehouseError('unsupported_media_type', `The content type must be ${PIECE_TYPE}. Nothing was added.`);
  const offsetBytes = readCount(header, 'upload-offset');
  if (offsetBytes === undefined) throw invalid('Upload-Offset is missing. Nothing was added.');
  const pieceBytes = readCount(header, 'content-length');
  const announced = readCount(header, 'upload-length');
  const isLast = readComplete(header);
  const ending = isLast && pieceBytes !== undefined ? offsetBytes + pieceBytes : undefined;
  if (announced !== undefined && ending !== undefined && announced !== ending) throw invalid('Upload-Length is not where this piece ends. Nothing was added.');
  return { offsetBytes, sizeBytes: announced ?? ending, pieceBytes, checksum: undefined, isLast };
}

/** A boolean of RFC 8941; section 4.1 asks for it with every piece. */
function readComplete(header: ReadHeader): boolean {
  const given = header('upload-complete');
  if (given !== '?0' && given !== '?1') throw invalid('Upload-Complete must be ?0 or ?1.');
  return given === '?1';
}

function write(operation: Operation, { offsetBytes, sizeBytes, expiresAt }: Progress): Record<string, string> {
  if (operation === 'end') return {};
  return {
    'upload-offset': String(offsetBytes),
    'upload-complete': offsetBytes === sizeBytes ? '?1' : '?0',
    ...(sizeBytes === undefined ? {} : { 'upload-length': String(sizeBytes) }),
    ...(expiresAt === undefined ? {} : { 'upload-expires': expiresAt.toUTCString() }),
    ...(operation === 'head' ? { 'cache-control': 'no-store' } : {}),
  };
}
