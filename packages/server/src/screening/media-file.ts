/** A look at a file before a decoder gets it: what it is, and the animation that the decoder would not see. */
import { open, type FileHandle } from 'node:fs/promises';
import { detectMediaType, HEAD_BYTES, isDecodable } from './media-type.ts';

export interface FileLook {
  /** `image/jpeg` */
  readonly type: string;
  /** True when a decoder can be tried. */
  readonly isDecodable: boolean;
  /** Frames of an animated PNG, which the decoder takes for a still picture; undefined for all else. */
  readonly frames: number | undefined;
}

/** Chunks in front of the pixels of a PNG; hostile files could hold millions. */
const PNG_CHUNKS_MAX = 256;

/** @throws the error of the file system */
export async function inspectFile(path: string): Promise<FileLook> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    const type = detectMediaType(head.subarray(0, bytesRead));
    if (type !== 'image/png') return { type, isDecodable: isDecodable(type), frames: undefined };
    const animation = await readPngAnimation(file);
    if (animation === undefined) return { type, isDecodable: true, frames: undefined };
    return { type: 'image/apng', isDecodable: animation.isStillFirst, frames: animation.frames };
  } finally {
    await file.close();
  }
}

interface PngAnimation {
  readonly frames: number;
  /** The still picture is the first frame. When it is not, viewers that know animations never show what the decoder would see. */
  readonly isStillFirst: boolean;
}

/** Chunks `acTL` (frame count) and `fcTL` (frame control) before `IDAT` (PNG third edition, section 11.3.6). */
async function readPngAnimation(file: FileHandle): Promise<PngAnimation | undefined> {
  const chunk = Buffer.alloc(12);
  let at = 8;
  let frames: number | undefined;
  let isStillFirst = false;
  for (let i = 0; i < PNG_CHUNKS_MAX; i++) {
    const { bytesRead } = await file.read(chunk, 0, 12, at);
    if (bytesRead < 12) break;
    const name = chunk.toString('latin1', 4, 8);
    if (name === 'acTL') frames = chunk.readUInt32BE(8);
    if (name === 'fcTL') isStillFirst = true;
    if (name === 'IDAT' || name === 'IEND') break;
    at += 12 + chunk.readUInt32BE(0);
  }
  return frames === undefined ? undefined : { frames: Math.max(1, frames), isStillFirst };
}
