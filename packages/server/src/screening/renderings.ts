/**
 * How a decoded picture is rendered before it is hashed. Alpha decides what people see: a picture carried by the alpha channel alone has
 * distance 128 to itself when alpha is dropped or flattened on the wrong colour (intake-and-media.md, section 2), and list owners' tools
 * drop it (screening-and-lists.md 1.5, 6). So a picture that is not opaque is hashed flattened on white, on black, and with alpha dropped.
 */
import { pdqForms, type Picture } from '@gatehouse/pdq';
import type { PictureHashes, Rendering } from '../lists/index.ts';

const OPAQUE = 255;
const WHITE = 255;
const BLACK = 0;

/** At full resolution and, when a side exceeds 512, in the C++ command's nearest-neighbour form: lists hold either. */
export function hashRenderings(picture: Picture): PictureHashes[] {
  const hash = (rendering: Rendering, rendered: Picture): PictureHashes[] => {
    const { full, nearest512 } = pdqForms(rendered);
    return [{ rendering, form: 'full', ...full }, ...(nearest512 === undefined ? [] : [{ rendering, form: 'nearest512' as const, ...nearest512 }])];
  };
  if (isOpaque(picture)) return hash('opaque', picture);
  // Nearest-neighbour sampling takes whole pixels, so that flattening may come before it.
  const buffer = new Uint8Array(picture.width * picture.height * 3);
  const found = [...hash('white', flatten(picture, WHITE, buffer)), ...hash('black', flatten(picture, BLACK, buffer)), ...hash('dropped', picture)];
  return [...found.filter(({ form }) => form === 'full'), ...found.filter(({ form }) => form === 'nearest512')];
}

function isOpaque({ data, channels }: Picture): boolean {
  if (channels !== 4) return true;
  for (let at = 3; at < data.length; at += 4) if (data[at] !== OPAQUE) return false;
  return true;
}

/** Each colour weighed with its alpha against the background, rounded. @param buffer three bytes a pixel, overwritten */
function flatten({ data, width, height }: Picture, background: number, buffer: Uint8Array): Picture {
  for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
    const alpha = data[from + 3] ?? 0;
    const base = background * (OPAQUE - alpha) + 127;
    for (let c = 0; c < 3; c++) buffer[to + c] = ((data[from + c] ?? 0) * alpha + base) / OPAQUE;
  }
  return { data: buffer, width, height, channels: 3 };
}
