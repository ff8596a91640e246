import { PdqError } from './errors.ts';
import { isHashedByKernel, pdqOrientations } from './hash.ts';
import { type KernelOptions, openKernel, sharedKernel } from './kernel.ts';
import { toNearest512 } from './nearest.ts';
import { checkBytes, checkPicture, checkSize, type Picture } from './picture.ts';
import type { PdqForms } from './results.ts';
import { WasmStream } from './wasm-stream.ts';

/** Takes the rows of a picture in order and hashes it without holding it: eight rows of pixels and a window of filtered rows. */
export interface PdqStream {
  /** The next bytes, any number of them. They are not kept. @throws PdqError `invalid_data` for more than the picture has */
  write(bytes: Picture['data']): void;
  /** @throws PdqError `invalid_data` when bytes are missing */
  finish(): PdqForms;
}

/** Both forms in eight orientations, in one walk over the pixels. @throws PdqError as `pdq` */
export function pdqForms(picture: Picture, options: KernelOptions = {}): PdqForms {
  checkPicture(picture);
  const kernel = isHashedByKernel(picture) ? sharedKernel(options) : undefined;
  if (kernel === undefined) return hashBoth(picture, options);
  const stream = new WasmStream(kernel, picture);
  stream.write(picture.data);
  return stream.finish();
}

/**
 * Where WebAssembly is not available, a stream holds the picture until it is finished, and gives the same.
 *
 * @throws PdqError `invalid_dimensions`
 */
export function createPdqStream(size: Pick<Picture, 'width' | 'height' | 'channels'>, options: KernelOptions = {}): PdqStream {
  checkSize(size);
  const { width, height, channels } = size;
  const total = width * height * channels;
  const kernel = isHashedByKernel(size) ? openKernel(options) : undefined;
  const sink = kernel === undefined ? createBuffer({ width, height, channels }, options) : new WasmStream(kernel, { width, height, channels });
  let written = 0;
  return {
    write(bytes) {
      checkBytes(bytes);
      if (written + bytes.length > total) throw new PdqError('invalid_data', `The picture has width x height x channels = ${total} bytes; there are more.`);
      written += bytes.length;
      sink.write(bytes);
    },
    finish() {
      if (written < total) throw new PdqError('invalid_data', `The picture has width x height x channels = ${total} bytes; only ${written} came.`);
      return sink.finish();
    },
  };
}

function createBuffer(size: Pick<Picture, 'width' | 'height' | 'channels'>, options: KernelOptions): PdqStream {
  const data = new Uint8Array(size.width * size.height * size.channels);
  let filled = 0;
  return {
    write(bytes) {
      data.set(bytes, filled);
      filled += bytes.length;
    },
    finish: () => hashBoth({ ...size, data }, options),
  };
}

function hashBoth(picture: Picture, options: KernelOptions): PdqForms {
  const small = toNearest512(picture);
  return { full: pdqOrientations(picture, options), nearest512: small === undefined ? undefined : pdqOrientations(small, options) };
}
