/**
 * A small drawing of a held picture, for the person who decides. New pixels in a new file: nothing of the original's bytes, metadata or
 * profile is in it. Runs in the decoder process only.
 */
import sharp, { type Metadata } from 'sharp';
import type { DecodeLimits } from './decoder-protocol.ts';
import { openPicture, type RefusedPicture } from './picture-decoding.ts';

export interface Drawing {
  readonly kind: 'drawing';
  readonly jpeg: Buffer;
}

export interface DrawOptions extends DecodeLimits {
  readonly isBlurred: boolean;
}

/** Pixels of the longer side. */
const CLEAR_SIDE = 800;
const BLURRED_SIDE = 320;
/** Sigma of the Gauss filter as a part of the longer side: faces and bodies become patches, whatever the size; what kind of picture it is remains visible. */
const BLUR = 1 / 32;
const JPEG_QUALITY = 80;

/**
 * As people would see it in a browser: damaged files as far as they go, turned as their EXIF says, on white. The turn may need all pixels in
 * memory, within the limits that hold for screening.
 */
export function drawPicture(path: string, options: DrawOptions): Promise<Drawing | RefusedPicture> {
  return openPicture(path, options, async (input, metadata) => {
    const side = options.isBlurred ? BLURRED_SIDE : CLEAR_SIDE;
    const drawn = sharp(path, input)
      .autoOrient()
      .flatten({ background: 'white' })
      .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
    const styled = options.isBlurred ? drawn.greyscale().blur(blurFor(metadata)).toColourspace('b-w') : drawn.toColourspace('srgb');
    return { kind: 'drawing', jpeg: await styled.jpeg({ quality: JPEG_QUALITY }).toBuffer() };
  });
}

/** At least 1: of a few pixels each is a patch already. */
function blurFor({ width, height, pageHeight = height }: Metadata): number {
  return Math.max(1, Math.min(BLURRED_SIDE, Math.max(width, pageHeight)) * BLUR);
}
