import { checkPicture, type Picture } from './picture.ts';

/** The side to which the reference's command shrinks larger pictures. */
export const SIDE = 512;

/** For each of the 512 positions, the one that it is taken from. */
export function nearestPositions(size: number): number[] {
  return Array.from({ length: SIDE }, (_, x) => Math.floor((x * size) / SIDE));
}

/**
 * The picture as the reference's C++ *command* sees it before hashing: where a side exceeds 512 pixels, exactly 512 x 512 by
 * nearest neighbour, the aspect not kept (a shorter side is stretched); undefined where it would be left alone.
 * `pdq(picture)` is the form of pdqhash-python and HMA, `pdq(toNearest512(picture) ?? picture)` that of the command; lists hold
 * either, up to 10 bits apart on photographs.
 *
 * CImg's nearest neighbour (get_resize, interpolation type 1) advances the source by floor((x+1) * size / 512) less the
 * same for x: the source of x is floor(x * size / 512).
 *
 * @throws PdqError as `pdq`.
 */
export function toNearest512(picture: Picture): Picture | undefined {
  checkPicture(picture);
  const { data, width, height, channels } = picture;
  if (width <= SIDE && height <= SIDE) return undefined;
  const columnAt = nearestPositions(width).map((x) => x * channels);
  const out = new Uint8Array(SIDE * SIDE * channels);
  for (let y = 0, at = 0; y < SIDE; y++) {
    const rowAt = Math.floor((y * height) / SIDE) * width * channels;
    for (let x = 0; x < SIDE; x++) {
      const from = rowAt + (columnAt[x] ?? 0);
      for (let c = 0; c < channels; c++, at++) out[at] = data[from + c] ?? 0;
    }
  }
  return { data: out, width: SIDE, height: SIDE, channels };
}
