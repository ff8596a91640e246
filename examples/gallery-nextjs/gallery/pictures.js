/**
 * Published pictures: three files each in one folder, which nothing else serves. `<id>.json` is written last, and makes the picture public; so nothing
 * can be seen that lies there without its receipt.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Of the upload, and of what was published of it. */
export const UPLOAD_ID = /^upl_[0-9a-z]{26}$/;
const SHOWN_MAX = 60;
const EXTENSIONS = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'image/gif': 'gif', 'image/avif': 'avif' };

const pathOf = (name) => join(/* turbopackIgnore: true */ process.env.PUBLISH_DIR ?? 'published', name);

/** From the bytes; what the sender says of the type does not count. */
export function findType(bytes) {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\u00ff\u00d8\u00ff')) return 'image/jpeg';
  if (start.startsWith('\u0089PNG\r\n\u001a\n')) return 'image/png';
  if (/^GIF8[79]a/.test(start)) return 'image/gif';
  if (/^RIFF[^]{4}WEBP$/.test(start)) return 'image/webp';
  return /^[^]{4}ftypavi[fs]$/.test(start) ? 'image/avif' : undefined;
}

/** Only after `verify`. The same upload a second time changes nothing. */
export async function publish({ id, content, type, receipt, title, alt }) {
  await mkdir(pathOf(''), { recursive: true });
  if ((await readEntry(id)) !== undefined) return;
  await place(`${id}.receipt`, receipt);
  await place(`${id}.${EXTENSIONS[type]}`, content);
  await place(`${id}.json`, JSON.stringify({ id, type, title, alt, publishedAt: new Date().toISOString() }));
}

/** Newest first. */
export async function listPictures() {
  const names = await readdir(pathOf('')).catch(() => []);
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
  const entries = await Promise.all(ids.map(readEntry));
  return entries
    .filter((entry) => entry !== undefined)
    .toSorted((a, b) => (a.publishedAt < b.publishedAt ? 1 : -1))
    .slice(0, SHOWN_MAX);
}

export async function readPicture(id) {
  const entry = await readEntry(id);
  if (entry === undefined) return undefined;
  const bytes = await readFile(pathOf(`${id}.${EXTENSIONS[entry.type]}`)).catch(() => undefined);
  return bytes === undefined ? undefined : { bytes, type: entry.type };
}

async function readEntry(id) {
  if (!UPLOAD_ID.test(id)) return undefined;
  const text = await readFile(pathOf(`${id}.json`), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

/** Whole or not at all. */
async function place(name, content) {
  const part = pathOf(`${randomUUID()}.part`);
  await writeFile(part, content);
  await rename(part, pathOf(name));
}
