import { HammingError } from './errors.ts';
import { PAGE_BYTES } from './layout.ts';

/** What is used of WebAssembly; this package has no DOM types. */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
  grow(pages: number): number;
}

export interface WasmApi {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: { env: { memory: WasmMemory } }) => { readonly exports: object };
}

/** `undefined` where the platform has none. */
export function findWebAssembly(): WasmApi | undefined {
  const found: unknown = Reflect.get(globalThis, 'WebAssembly');
  return found as WasmApi | undefined;
}

/**
 * The memory of a segment: a shared WebAssembly memory, which other threads may have too; or, where there is none, an ArrayBuffer of
 * this thread alone.
 */
export type SegmentMemory = WasmMemory | ArrayBuffer;

/** Gives zeroed memory of at least `bytes`, which may grow to `mostBytes`. */
export type AllocateMemory = (bytes: number, mostBytes: number) => SegmentMemory;

export function allocateMemory(bytes: number, mostBytes: number): SegmentMemory {
  const shared = allocateShared(bytes, mostBytes);
  return shared ?? new ArrayBuffer(bytes);
}

function allocateShared(bytes: number, mostBytes: number): WasmMemory | undefined {
  const api = findWebAssembly();
  if (api === undefined || typeof SharedArrayBuffer === 'undefined') return undefined;
  return new api.Memory({ initial: Math.ceil(bytes / PAGE_BYTES), maximum: Math.ceil(mostBytes / PAGE_BYTES), shared: true });
}

/** @throws HammingError `allocation_failed` */
export function tryAllocate(allocate: AllocateMemory, bytes: number, mostBytes: number): SegmentMemory {
  try {
    return allocate(bytes, mostBytes);
  } catch (error) {
    throw new HammingError('allocation_failed', `No memory for ${bytes} bytes. The index is as before.`, { cause: error });
  }
}

export function bufferOf(memory: SegmentMemory): ArrayBufferLike {
  return memory instanceof ArrayBuffer ? memory : memory.buffer;
}

/** Makes the memory at least that large. Threads may do this at the same time: then it grows more than it must, up to its maximum. */
export function growMemory(memory: SegmentMemory, bytes: number): void {
  const missing = bytes - bufferOf(memory).byteLength;
  if (missing <= 0) return;
  if (memory instanceof ArrayBuffer) throw new HammingError('not_shareable', 'This platform has no shared memory: only the owner can search.');
  try {
    memory.grow(Math.ceil(missing / PAGE_BYTES));
  } catch (error) {
    if (bufferOf(memory).byteLength < bytes) {
      throw new HammingError('allocation_failed', `No memory for ${missing} more bytes. The index is as before.`, { cause: error });
    }
  }
}

/** A buffer that other threads may have too, where the platform has such. */
export function allocateBuffer(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}
