/**
 * Multipart bodies, strictly (RFC 7578, RFC 2046). Other readers are lenient in different ways: about what stands before the first boundary,
 * bare line feeds, folded heads, boundaries that go on. Whatever could be read in two ways is not read at all.
 */
import { CutOff, TooLong, type ByteReader } from '../byte-reader.ts';
import { readPartHead, type PartFault } from './content-type-rules.ts';

export type MultipartFault = PartFault | 'too_many_parts';

export class MultipartError extends Error {
  override readonly name = 'MultipartError';
  readonly fault: MultipartFault;

  constructor(fault: MultipartFault) {
    super(`multipart: ${fault}`);
    this.fault = fault;
  }
}

export interface Part {
  /** As it was sent; what is written in it may hide something, too. */
  readonly head: string;
  readonly content: AsyncGenerator<Buffer>;
}

const HEAD_BYTES_MAX = 16_384;
const CRLF = Buffer.from('\r\n');
const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** Each part is read to its end before the next. @throws {MultipartError} */
export async function* readMultipart(reader: ByteReader, boundary: string, partsMax: number): AsyncGenerator<Part> {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  if (!(await strictly(reader.readExact(mark.length))).equals(mark)) throw new MultipartError('malformed');
  for (let count = 0; await hasNext(reader, count); count += 1) {
    if (count >= partsMax) throw new MultipartError('too_many_parts');
    const head = (await strictly(reader.readThrough(END_OF_HEAD, HEAD_BYTES_MAX))).toString('latin1');
    const { fault, announcedBytes } = readPartHead(head);
    if (fault !== undefined) throw new MultipartError(fault);
    yield { head, content: readContent(reader, mark, announcedBytes) };
  }
}

/** A body that ends too early, or a head that does not end, is malformed. */
async function strictly<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw error instanceof CutOff || error instanceof TooLong ? new MultipartError('malformed') : error;
  }
}

/** Behind a boundary: a line end and a part, or two hyphens and nothing more. */
async function hasNext(reader: ByteReader, count: number): Promise<boolean> {
  const after = await strictly(reader.readExact(2));
  if (after.equals(CRLF)) return true;
  if (count === 0 || after.toString('latin1') !== '--') throw new MultipartError('malformed');
  let epilogue: Buffer = Buffer.alloc(0);
  for await (const piece of reader.readRest()) {
    epilogue = Buffer.concat([epilogue, piece]);
    if (epilogue.length > CRLF.length) throw new MultipartError('malformed');
  }
  if (epilogue.length > 0 && !epilogue.equals(CRLF)) throw new MultipartError('malformed');
  return false;
}

/** The boundary may stand nowhere but at the end, after a line end that belongs to it; and there, if the head says how far it is. */
async function* readContent(reader: ByteReader, mark: Buffer, announcedBytes: number | undefined): AsyncGenerator<Buffer> {
  const pieces = reader.readToMark(mark);
  let last: Buffer = Buffer.alloc(0);
  let size = 0;
  for (;;) {
    const next = await strictly(pieces.next());
    if (next.done === true) break;
    const all = last.length === 0 ? next.value : Buffer.concat([last, next.value]);
    const safe = Math.max(0, all.length - CRLF.length);
    last = all.subarray(safe);
    size += safe;
    if (safe > 0) yield all.subarray(0, safe);
  }
  if (!last.equals(CRLF) || size !== (announcedBytes ?? size)) throw new MultipartError('malformed');
}
