/** The text of a PDF as Chromium prints it (Skia: PDF 1.4, each font with a map to Unicode), enough to look for words. Spaces and line ends are left out. */
import { inflateSync } from 'node:zlib';

export interface PdfText {
  readonly pages: number;
  /** Without white space. */
  readonly text: string;
}

export function readPdf(bytes: Uint8Array): PdfText {
  const source = Buffer.from(bytes).toString('latin1');
  const objects = new Map([...source.matchAll(/(\d+) 0 obj\s(.*?)endobj/gs)].map(([, number = '', body = '']) => [Number(number), body]));
  const pages = [...objects.values()].filter((body) => /\/Type\s*\/Page\b/.test(body));
  const maps = new Map<number, ReadonlyMap<number, string>>();
  for (const [number, body] of objects) {
    const map = /\/ToUnicode (\d+) 0 R/.exec(body)?.[1];
    if (map !== undefined) maps.set(number, readMap(readStream(objects.get(Number(map)) ?? '')));
  }
  const text = pages.map((page) => readPage(readStream(objects.get(Number(/\/Contents (\d+) 0 R/.exec(page)?.[1])) ?? ''), maps)).join('');
  return { pages: pages.length, text: text.normalize('NFKC').replaceAll(/\s/g, '') };
}

function readStream(body: string): string {
  const [head = '', rest = ''] = body.split(/stream\r?\n/, 2);
  const bytes = Buffer.from(rest.slice(0, rest.lastIndexOf('\nendstream')), 'latin1');
  return head.includes('/FlateDecode') ? inflateSync(bytes).toString('latin1') : rest;
}

function readMap(text: string): ReadonlyMap<number, string> {
  const map = new Map<number, string>();
  const hex = (digits = ''): number => Number.parseInt(digits, 16);
  for (const [, part = ''] of text.matchAll(/beginbfchar(.*?)endbfchar/gs))
    for (const [, glyph, to = ''] of part.matchAll(/<(\w+)> <(\w+)>/g)) map.set(hex(glyph), Buffer.from(to, 'hex').swap16().toString('utf16le'));
  for (const [, part = ''] of text.matchAll(/beginbfrange(.*?)endbfrange/gs))
    for (const [, first, last, to] of part.matchAll(/<(\w+)> <(\w+)> <(\w{4})>/g))
      for (let glyph = hex(first); glyph <= hex(last); glyph++) map.set(glyph, String.fromCharCode(hex(to) + glyph - hex(first)));
  return map;
}

function readPage(content: string, maps: ReadonlyMap<number, ReadonlyMap<number, string>>): string {
  let map: ReadonlyMap<number, string> | undefined;
  let text = '';
  for (const [, font, glyphs] of content.matchAll(/\/F(\d+) [\d.]+ Tf|<((?:\w{4})+)>/g)) {
    if (font !== undefined) map = maps.get(Number(font));
    else for (const glyph of glyphs?.match(/\w{4}/g) ?? []) text += map?.get(Number.parseInt(glyph, 16)) ?? '?';
  }
  return text;
}
