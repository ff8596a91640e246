/**
 * Archives in the form `ustar` (POSIX.1-1988), of one shape only: names in order, one time for all, nobody's. What is read must be exactly what would be
 * written, so that no byte of an archive can be another one unseen. Runs in the browser, too.
 */
export interface TarFile {
  /** Letters, digits, `.`, `-`, `_`, `/`; at most 100. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface TarArchive {
  /** Seconds since 1970. */
  readonly timeS: number;
  readonly files: readonly TarFile[];
}

const BLOCK = 512;
const NAME_MAX = 100;
const SIZE_MAX = 8 ** 11 - 1;
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

export class TarFault extends Error {
  override readonly name = 'TarFault';
}

/** @throws {TarFault} */
export function writeTar({ timeS, files }: TarArchive): Uint8Array {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const length = sorted.reduce((sum, { bytes }) => sum + BLOCK + pad(bytes.length), 2 * BLOCK);
  const tar = new Uint8Array(length);
  let at = 0;
  for (const [i, file] of sorted.entries()) {
    if (file.name === sorted[i - 1]?.name) throw new TarFault(`${file.name} is there twice`);
    tar.set(writeHeader(file, timeS), at);
    tar.set(file.bytes, at + BLOCK);
    at += BLOCK + pad(file.bytes.length);
  }
  return tar;
}

function pad(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK;
}

function writeHeader({ name, bytes }: TarFile, timeS: number): Uint8Array {
  if (!NAME.test(name) || name.length > NAME_MAX) throw new TarFault(`${name} is no name for a file`);
  if (bytes.length > SIZE_MAX || !Number.isSafeInteger(timeS) || timeS < 0 || timeS > SIZE_MAX)
    throw new TarFault(`${name} is too large, or its time cannot be said`);
  const header = new Uint8Array(BLOCK);
  const put = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
  put(name, 0);
  put('0000644\0', 100);
  put('0000000\0', 108);
  put('0000000\0', 116);
  put(`${toOctal(bytes.length)}\0`, 124);
  put(`${toOctal(timeS)}\0`, 136);
  put('        ', 148);
  put('0', 156);
  put('ustar\x0000', 257);
  put('0000000\0', 329);
  put('0000000\0', 337);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

function toOctal(value: number): string {
  return value.toString(8).padStart(11, '0');
}

/** @throws {TarFault} unless `writeTar` would give these bytes */
export function readTar(tar: Uint8Array): TarArchive {
  const files: TarFile[] = [];
  let timeS: number | undefined;
  let at = 0;
  for (; at + BLOCK <= tar.length && tar[at] !== 0;) {
    const size = readOctal(tar, at + 124);
    timeS ??= readOctal(tar, at + 136);
    const end = at + BLOCK + size;
    if (end > tar.length) throw new TarFault('the archive is cut off');
    files.push({ name: readName(tar, at), bytes: tar.subarray(at + BLOCK, end) });
    at = at + BLOCK + pad(size);
  }
  const archive = { timeS: timeS ?? 0, files };
  const again = writeTar(archive);
  const differs = again.length === tar.length ? again.findIndex((byte, i) => byte !== tar[i]) : Math.min(again.length, tar.length);
  if (differs >= 0) throw new TarFault(`byte ${differs} of the archive is not as it was written: something was changed or put beside the files`);
  return archive;
}

function readName(tar: Uint8Array, at: number): string {
  const field = tar.subarray(at, at + NAME_MAX);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

function readOctal(tar: Uint8Array, at: number): number {
  const text = new TextDecoder().decode(tar.subarray(at, at + 11));
  if (!/^[0-7]{11}$/.test(text)) throw new TarFault('the header of a file is damaged');
  return Number.parseInt(text, 8);
}
