/** SHA-256 and size of bytes on their way. */
import { GatehouseClientError } from '../errors.ts';
import { createSha256, type Sha256 } from '../sha256.ts';

export type Content = Uint8Array | Blob | AsyncIterable<Uint8Array>;

export interface Measured {
  readonly sha256: string;
  readonly size: number;
}

/** @throws {GatehouseClientError} too_large, content_invalid */
export async function measure(content: Content, maxBytes: number): Promise<Measured> {
  const meter = createMeter(maxBytes);
  for await (const chunk of toChunks(content)) meter.add(chunk);
  return meter.finish();
}

/** In memory, as a whole. @throws {GatehouseClientError} too_large, content_invalid */
export async function collect(content: Content, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of toChunks(content)) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * What a framework calls a body is not always bytes: a parser that was not asked leaves `{}` or nothing, another one a text or a list. All of these can
 * be gone through, and none of them are what would be published.
 */
async function* toChunks(content: unknown): AsyncGenerator<Uint8Array> {
  if (ArrayBuffer.isView(content)) {
    yield viewBytes(content);
    return;
  }
  const source: unknown = content instanceof Blob ? content.stream() : content;
  if (!isAsyncIterable(source)) throw new GatehouseClientError('content_invalid', 'It was neither bytes, nor a Blob, nor a stream.');
  for await (const chunk of source) {
    if (!ArrayBuffer.isView(chunk)) throw new GatehouseClientError('content_invalid', 'Something in the stream was no bytes.');
    yield viewBytes(chunk);
  }
}

function viewBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function tooLarge(maxBytes: number): GatehouseClientError {
  return new GatehouseClientError('too_large', `There were more than ${maxBytes} bytes.`);
}

export interface Metered {
  readonly content: AsyncIterable<Uint8Array>;
  /** Known when the last byte went through. */
  readonly measured: () => Measured;
  /** What was wrong with the content: whoever reads it on its way tells its own error instead. */
  readonly fault: () => GatehouseClientError | undefined;
}

/** Passes the bytes on as they come. */
export function meterContent(content: Content, maxBytes: number): Metered {
  const meter = createMeter(maxBytes);
  let result: Measured | undefined;
  let fault: GatehouseClientError | undefined;
  async function* run(): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of toChunks(content)) {
        meter.add(chunk);
        // An empty piece of a body is an error to `fetch`.
        if (chunk.length > 0) yield chunk;
      }
      const measured = meter.finish();
      if (measured.size === 0) throw new GatehouseClientError('content_invalid', 'There were no bytes.');
      result = measured;
    } catch (error) {
      fault = error instanceof GatehouseClientError ? error : new GatehouseClientError('content_invalid', 'It broke off.', { cause: error });
      throw fault;
    }
  }
  return {
    content: run(),
    measured() {
      if (result === undefined) throw new GatehouseClientError('gatehouse_answer', 'The bytes were not read to their end.');
      return result;
    },
    fault: () => fault,
  };
}

/** Closes a stream that nobody began to read: a file stays open otherwise. Never throws for what it is. */
export async function leaveContent(content: unknown): Promise<void> {
  if (typeof content !== 'object' || content === null) return;
  const { destroy, cancel } = content as { readonly destroy?: () => unknown; readonly cancel?: () => Promise<void> };
  if (typeof destroy === 'function') destroy.call(content);
  // One that is being read refuses; its reader closes it.
  else if (typeof cancel === 'function') await cancel.call(content).catch(() => undefined);
}

function createMeter(maxBytes: number): { add(chunk: Uint8Array): void; finish(): Measured } {
  const hash = openHash();
  let size = 0;
  return {
    add(chunk) {
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      hash.update(chunk);
    },
    finish: () => ({ sha256: hash.finish(), size }),
  };
}

interface NodeHash {
  update(bytes: Uint8Array): unknown;
  digest(encoding: 'hex'): string;
}

/** Node's where it is there, which is several times as fast; else our own, which every runtime can run. */
function openHash(): Sha256 {
  const process = Reflect.get(globalThis, 'process') as { getBuiltinModule?: (name: string) => unknown } | undefined;
  const node = process?.getBuiltinModule?.('node:crypto') as { createHash(algorithm: string): NodeHash } | undefined;
  if (node === undefined) return createSha256();
  const hash = node.createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), finish: () => hash.digest('hex') };
}
