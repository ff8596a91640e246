/**
 * What content is, from its first bytes: never from a name or a header. A closed table of signatures; the decoder checks again.
 * Sources: the formats' specifications; the list is what browsers show, what people upload, and what they wrap it in.
 */

/** What sharp decodes here. Everything else is reported as `unsupported_type` with its detected type. SVG is a program, not a picture: it is blocked. */
const DECODABLE = new Set(['image/jpeg', 'image/png', 'image/apng', 'image/webp', 'image/gif', 'image/avif', 'image/tiff']);

/** Bytes of the beginning that are looked at. */
export const HEAD_BYTES = 4096;

export function isDecodable(type: string): boolean {
  return DECODABLE.has(type);
}

interface Signature {
  readonly type: string;
  readonly at?: number;
  /** Latin-1 text that stands there; `?` stands for any byte. */
  readonly bytes: string;
}

/** In order: the first that fits wins. */
const SIGNATURES: readonly Signature[] = [
  { type: 'image/jpeg', bytes: '\xFF\xD8\xFF' },
  { type: 'image/png', bytes: '\x89PNG\r\n\x1A\n' },
  { type: 'image/gif', bytes: 'GIF87a' },
  { type: 'image/gif', bytes: 'GIF89a' },
  { type: 'image/webp', bytes: 'RIFF????WEBP' },
  { type: 'video/x-msvideo', bytes: 'RIFF????AVI ' },
  { type: 'audio/wav', bytes: 'RIFF????WAVE' },
  { type: 'image/x-canon-cr2', bytes: 'II*\0????CR' },
  { type: 'image/tiff', bytes: 'II*\0' },
  { type: 'image/tiff', bytes: 'MM\0*' },
  { type: 'image/tiff', bytes: 'II+\0\b\0' },
  { type: 'image/tiff', bytes: 'MM\0+\0\b' },
  { type: 'image/jp2', bytes: '\0\0\0\x0CjP  ' },
  { type: 'image/jp2', bytes: '\xFF\x4F\xFF\x51' },
  { type: 'image/jxl', bytes: '\0\0\0\x0CJXL ' },
  { type: 'image/jxl', bytes: '\xFF\x0A' },
  { type: 'image/x-icon', bytes: '\0\0\x01\0' },
  { type: 'image/x-icon', bytes: '\0\0\x02\0' },
  { type: 'image/vnd.adobe.photoshop', bytes: '8BPS' },
  { type: 'image/x-exr', bytes: 'v/1\x01' },
  { type: 'image/vnd.radiance', bytes: '#?RADIANCE' },
  { type: 'image/x-qoi', bytes: 'qoif' },
  { type: 'image/x-dds', bytes: 'DDS ' },
  { type: 'image/vnd.ms-photo', bytes: 'II\xBC\x01' },
  { type: 'image/emf', at: 40, bytes: ' EMF' },
  { type: 'image/wmf', bytes: '\xD7\xCD\xC6\x9A' },
  { type: 'application/epub+zip', at: 30, bytes: 'mimetypeapplication/epub+zip' },
  { type: 'application/zip', bytes: 'PK\x03\x04' },
  { type: 'application/zip', bytes: 'PK\x05\x06' },
  { type: 'application/zip', bytes: 'PK\x07\x08' },
  { type: 'application/x-7z-compressed', bytes: '7z\xBC\xAF\x27\x1C' },
  { type: 'application/vnd.rar', bytes: 'Rar!\x1A\x07' },
  { type: 'application/gzip', bytes: '\x1F\x8B' },
  { type: 'application/x-xz', bytes: '\xFD7zXZ\0' },
  { type: 'application/x-bzip2', bytes: 'BZh' },
  { type: 'application/zstd', bytes: '\x28\xB5\x2F\xFD' },
  { type: 'application/x-tar', at: 257, bytes: 'ustar' },
  { type: 'application/x-ole-storage', bytes: '\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1' },
  { type: 'video/x-flv', bytes: 'FLV\x01' },
  { type: 'video/x-ms-asf', bytes: '\x30\x26\xB2\x75\x8E\x66\xCF\x11' },
  { type: 'video/mpeg', bytes: '\0\0\x01\xBA' },
  { type: 'video/mpeg', bytes: '\0\0\x01\xB3' },
  { type: 'audio/flac', bytes: 'fLaC' },
  { type: 'audio/mpeg', bytes: 'ID3' },
  { type: 'audio/midi', bytes: 'MThd' },
  { type: 'application/ogg', bytes: 'OggS' },
  { type: 'application/postscript', bytes: '%!PS' },
  { type: 'application/rtf', bytes: '{\\rtf' },
  { type: 'application/x-executable', bytes: '\x7FELF' },
];

/** Weak ones: few bytes, or anywhere in the head. They come after everything else. */
const WEAK_SIGNATURES: readonly Signature[] = [
  { type: 'image/bmp', bytes: 'BM' },
  { type: 'application/x-msdownload', bytes: 'MZ' },
  { type: 'audio/mpeg', bytes: '\xFF\xFB' },
  { type: 'audio/mpeg', bytes: '\xFF\xF3' },
  { type: 'audio/aac', bytes: '\xFF\xF1' },
];

/** Brands of ISO base media files (ISO/IEC 14496-12, `ftyp`), by their registered four characters. */
const BRANDS: readonly (readonly [RegExp, string])[] = [
  [/^avi[fso]$/, 'image/avif'],
  [/^(heic|heix|heim|heis|hevc|hevx|hevm|hevs)$/, 'image/heic'],
  [/^qt {2}$/, 'video/quicktime'],
  [/^crx $/, 'image/x-canon-cr3'],
  [/^(M4A |M4B |M4P )$/, 'audio/mp4'],
  [/^3g[2p]/, 'video/3gpp'],
];

/** @param head the first `HEAD_BYTES` bytes, or all of a shorter file */
export function detectMediaType(head: Uint8Array): string {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, HEAD_BYTES)).toString('latin1');
  return (
    SIGNATURES.find((signature) => fits(text, signature))?.type ??
    detectIsoMedia(text) ??
    detectMatroska(text) ??
    detectTransportStream(text) ??
    detectDocument(text) ??
    WEAK_SIGNATURES.find((signature) => fits(text, signature))?.type ??
    (isText(head) ? 'text/plain' : 'application/octet-stream')
  );
}

function fits(text: string, { at = 0, bytes }: Signature): boolean {
  if (text.length < at + bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== '?' && bytes[i] !== text[at + i]) return false;
  return true;
}

function detectIsoMedia(text: string): string | undefined {
  const box = text.slice(4, 8);
  if (box !== 'ftyp') return ['moov', 'mdat', 'wide', 'pnot'].includes(box) ? 'video/quicktime' : undefined;
  const major = text.slice(8, 12);
  const length = (text.charCodeAt(0) << 24) | (text.charCodeAt(1) << 16) | (text.charCodeAt(2) << 8) | text.charCodeAt(3);
  const compatible = (text.slice(16, Math.min(Math.max(length, 16), 256)).match(/[^]{4}/g) ?? []).slice(0, 60);
  // `mif1` and `msf1` only say "HEIF": what is inside is named among the compatible brands.
  const names = /^(mif1|msf1|miaf)$/.test(major) ? compatible : [major];
  const known = BRANDS.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1];
  return known ?? (/^(mif1|msf1|miaf)$/.test(major) ? 'image/heif' : 'video/mp4');
}

function detectMatroska(text: string): string | undefined {
  if (!text.startsWith('\x1A\x45\xDF\xA3')) return undefined;
  return text.slice(0, 64).includes('webm') ? 'video/webm' : 'video/x-matroska';
}

/** MPEG transport stream: a packet of 188 bytes begins with G. */
function detectTransportStream(text: string): string | undefined {
  return text[0] === 'G' && text[188] === 'G' && text[376] === 'G' ? 'video/mp2t' : undefined;
}

/** Documents that may have white space, a byte order mark or junk in front. */
function detectDocument(text: string): string | undefined {
  if (text.slice(0, 1024).includes('%PDF-')) return 'application/pdf';
  // UTF-16 text reads as Latin-1 with a NUL beside each character.
  const plain = text
    .replaceAll('\0', '')
    .replace(/^(\xEF\xBB\xBF|\xFF\xFE|\xFE\xFF)/, '')
    .trimStart();
  if (!plain.startsWith('<')) return undefined;
  if (/<([\w-]+:)?svg[\s>/]/i.test(plain)) return 'image/svg+xml';
  if (/^<(!doctype html|html|head|body|script)/i.test(plain)) return 'text/html';
  return plain.startsWith('<?xml') ? 'application/xml' : undefined;
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d || byte === 0x0c);
}
