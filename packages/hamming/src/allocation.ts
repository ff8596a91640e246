import { HammingError } from './errors.ts';

/** Gives a zeroed buffer of exactly that many bytes: an ArrayBuffer, or a SharedArrayBuffer to share the index with other threads. */
export type Allocate = (bytes: number) => ArrayBufferLike;

export function allocateBuffer(bytes: number): ArrayBufferLike {
  return new ArrayBuffer(bytes);
}

/** Wraps an allocator so that its faults are ours and the size is as asked. */
export function checkAllocator(allocate: Allocate): Allocate {
  return (bytes) => {
    const buffer = tryAllocate(allocate, bytes);
    if (buffer.byteLength !== bytes) {
      throw new HammingError('allocation_failed', `The allocator gave ${buffer.byteLength} bytes for ${bytes}. The index is as before.`);
    }
    return buffer;
  };
}

function tryAllocate(allocate: Allocate, bytes: number): ArrayBufferLike {
  try {
    return allocate(bytes);
  } catch (error) {
    throw new HammingError('allocation_failed', `No memory for ${bytes} bytes. The index is as before.`, { cause: error });
  }
}

/** A copy of `array` with room for `length` elements. */
export function growWords(array: Uint32Array, length: number, allocate: Allocate): Uint32Array {
  const grown = new Uint32Array(allocate(length * Uint32Array.BYTES_PER_ELEMENT));
  grown.set(array);
  return grown;
}
