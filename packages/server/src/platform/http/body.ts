/** Request bodies with limits, and the check that a form came from one of our own pages. */
import { timingSafeEqual } from 'node:crypto';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { GatehouseError, type ErrorCode } from '../errors.ts';
import { watchForm } from './form-watch.ts';
import type { Exchange } from './route.ts';

const JSON_BYTES_MAX = 1_048_576;
const FORM_BYTES_MAX = 262_144;
const FIELDS_MAX = 64;
const FIELD_BYTES_MAX = 65_536;
export const CSRF_FIELD = '_csrf';
export const CSRF_HEADER = 'x-csrf-token';

/** @throws {GatehouseError} too_large, unsupported_media_type, invalid_request */
export async function readJson(exchange: Exchange): Promise<unknown> {
  requireType(exchange, 'application/json');
  const text = await readText(exchange.incoming, JSON_BYTES_MAX);
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatehouseError('invalid_request', 'The body is not valid JSON.', { cause });
  }
}

/** A urlencoded form, without its CSRF field, which is checked here. Repeated fields become arrays. */
export async function readForm(exchange: Exchange): Promise<Record<string, string | string[]>> {
  requireType(exchange, 'application/x-www-form-urlencoded');
  const fields = new URLSearchParams(await readText(exchange.incoming, FORM_BYTES_MAX));
  requireCsrf(exchange, fields.get(CSRF_FIELD) ?? undefined);
  fields.delete(CSRF_FIELD);
  return Object.fromEntries(
    [...new Set(fields.keys())].map((name) => {
      const values = fields.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

export interface MultipartFile {
  readonly field: string;
  /** As the client sent it: hostile, for display only. */
  readonly fileName: string;
  readonly contentType: string;
  readonly stream: Readable;
}

export interface MultipartOptions {
  /** Of each file. */
  readonly maxBytes: number;
  readonly maxFiles: number;
  /** Gets the files one after the other and must read each stream to its end; a stream that fails belongs to a request that fails. */
  onFile(file: MultipartFile, fields: ReadonlyMap<string, string>): Promise<void>;
}

/**
 * Reads multipart/form-data. Files are handed over one after the other as streams; that the form was nothing but its parts is known at its end, and
 * otherwise it fails. The CSRF field must come before the first file when the
 * request comes with a session cookie: a file that is large would otherwise be handled before the proof has arrived.
 * @returns the fields
 * @throws {GatehouseError} csrf_failed, too_large, invalid_request, length_mismatch, unsupported_media_type
 */
export async function readMultipart(exchange: Exchange, options: MultipartOptions): Promise<ReadonlyMap<string, string>> {
  const type = requireType(exchange, 'multipart/form-data');
  const parser = createParser(type, options);
  const watch = watchForm(type);
  let parts = 0;
  const fields = new Map<string, string>();
  const open = new Set<Readable>();
  let chain: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      const fault = error instanceof Error ? error : new Error('multipart failed');
      exchange.incoming.unpipe(parser);
      reject(fault);
      // No more comes: whoever reads must not wait for it.
      for (const stream of open) stream.destroy(fault);
    };
    const refuse = (code: ErrorCode, detail: string): void => fail(new GatehouseError(code, detail));
    parser.on('field', (name, value, _isNameCut, isCut) => {
      parts += 1;
      if (isCut) return refuse('too_large', `A field may hold at most ${FIELD_BYTES_MAX} bytes.`);
      fields.set(name, value);
    });
    parser.on('file', (field, stream, fileName, _encoding, mimeType) => {
      parts += 1;
      open.add(stream);
      // A broken body makes the parser emit an error here, also when nobody reads yet; without a listener that would end the process.
      stream.on('error', () => undefined);
      chain = chain
        .then(async () => {
          requireCsrf(exchange, fields.get(CSRF_FIELD));
          await options.onFile({ field, fileName: fileName ?? '', contentType: mimeType, stream }, fields);
          if (stream.truncated || stream.bytesRead > options.maxBytes)
            throw new GatehouseError('too_large', `A file is larger than ${options.maxBytes} bytes.`);
        })
        .finally(() => {
          open.delete(stream);
          stream.resume();
        });
      chain.catch(fail);
    });
    parser.on('filesLimit', () => refuse('invalid_request', `At most ${options.maxFiles} files at once.`));
    parser.on('fieldsLimit', () => refuse('invalid_request', `At most ${FIELDS_MAX} fields.`));
    parser.on('partsLimit', () => refuse('invalid_request', 'Too many parts.'));
    parser.on('error', (cause: unknown) => fail(new GatehouseError('invalid_request', 'The multipart body is malformed.', { cause })));
    parser.on('finish', () => void chain.then(resolve, reject));
    exchange.incoming.on('error', fail);
    exchange.incoming.on('aborted', () => refuse('length_mismatch', 'The connection ended before the whole body had arrived.'));
    exchange.incoming.on('data', (piece: Buffer) => watch.add(piece));
    exchange.incoming.pipe(parser);
  });
  if (watch.countParts() !== parts) throw new GatehouseError('invalid_request', 'The form has something before, between or behind its parts.');
  requireCsrf(exchange, fields.get(CSRF_FIELD));
  return fields;
}

function createParser(contentType: string, options: MultipartOptions): BusboyInstance {
  try {
    // One byte more than allowed, so that whoever reads the stream sees that it is too much.
    return new Busboy({
      headers: { 'content-type': contentType },
      limits: {
        fileSize: options.maxBytes + 1,
        files: options.maxFiles,
        fields: FIELDS_MAX,
        fieldSize: FIELD_BYTES_MAX,
        headerPairs: 32,
        parts: options.maxFiles + FIELDS_MAX,
      },
    });
  } catch (cause) {
    throw new GatehouseError('invalid_request', 'The content type names no boundary.', { cause });
  }
}

/** Sessions must prove that the request came from our own page. Keys and the control socket carry no ambient authority. */
export function requireCsrf(exchange: Exchange, token: string | undefined): void {
  if (exchange.principal.kind !== 'session') return;
  const sent = exchange.header(CSRF_HEADER) ?? token;
  const expected = exchange.principal.csrfToken;
  if (sent === undefined || expected === undefined || !isSameText(sent, expected)) {
    throw new GatehouseError('csrf_failed', 'The hidden token of the form was missing or out of date. Nothing was changed.');
  }
}

export function isSameText(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

/** A body whose type says nothing about it. @throws {GatehouseError} too_large, length_mismatch */
export function readRawText({ incoming }: Pick<Exchange, 'incoming'>, maxBytes: number): Promise<string> {
  return readText(incoming, maxBytes);
}

/** By events: an asynchronous iterator costs ten times as much for a body of one piece. What is left of a body that is refused the listener discards. */
function readText(incoming: Exchange['incoming'], maxBytes: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (settle: () => void): void => {
      incoming.off('data', take).off('end', end).off('error', fail).off('close', leave);
      settle();
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= maxBytes) return;
      incoming.pause();
      fail(new GatehouseError('too_large', `This body may hold at most ${maxBytes} bytes.`));
    };
    const end = (): void => finish(() => resolve(toText(chunks)));
    const fail = (error: unknown): void => finish(() => reject(error instanceof Error ? error : new Error('the body could not be read')));
    const leave = (): void => fail(new GatehouseError('length_mismatch', 'The connection ended before the whole body had arrived.'));
    if (incoming.readableEnded) return end();
    if (incoming.destroyed) return leave();
    incoming.on('data', take).on('end', end).on('error', fail).on('close', leave);
  });
}

function toText(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  return (chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)).toString('utf8');
}

function requireType(exchange: Exchange, expected: string): string {
  const given = exchange.header('content-type') ?? '';
  if (given.split(';')[0]?.trim().toLowerCase() !== expected) throw new GatehouseError('unsupported_media_type', `The content type must be ${expected}.`);
  return given;
}
