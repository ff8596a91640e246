/** SHA-256 and size of bytes on their way. */
import { GatehouseClientError } from '../errors.ts';
import { createSha256, type Sha256 } from '../sha256.ts';

export type Content = Uint8Array | AsyncIterable<Uint8Array>;

export interface Measured {
  readonly sha256: string;
  readonly size: number;
}

/** @throws {GatehouseClientError} too_large */
export async function measure(content: Content, maxBytes: number): Promise<Measured> {
  const meter = createMeter(maxBytes);
  if (content instanceof Uint8Array) meter.add(content);
  else for await (const chunk of content) meter.add(chunk);
  return meter.finish();
}

/** Passes the bytes on as they come; `measured` is known when the last one went through. */
export function meterContent(content: Content, maxBytes: number): { readonly content: AsyncIterable<Uint8Array>; readonly measured: () => Measured } {
  const meter = createMeter(maxBytes);
  let result: Measured | undefined;
  async function* run(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      meter.add(chunk);
      yield chunk;
    }
    result = meter.finish();
  }
  return {
    content: run(),
    measured() {
      if (result === undefined) throw new GatehouseClientError('gatehouse_answer', 'The bytes were not read to their end.');
      return result;
    },
  };
}

function createMeter(maxBytes: number): { add(chunk: Uint8Array): void; finish(): Measured } {
  const hash = openHash();
  let size = 0;
  return {
    add(chunk) {
      size += chunk.length;
      if (size > maxBytes) throw new GatehouseClientError('too_large', `There were more than ${maxBytes} bytes.`);
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
