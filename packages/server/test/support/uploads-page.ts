/** The page of a site whose visitors send files to Gatehouse; bundled for the browser tests. What the tests call stands in `globalThis`. */
import Uppy, { type BasePlugin, type Meta } from '@uppy/core';
import { attachToInput, createFileHasher, createUploader, type Uploader, type UploadResult } from '@gatehouse/client/browser';
import { GatehouseUploads } from '@gatehouse/client/uppy';

const gatehouseUrl = document.documentElement.dataset['gatehouse'] ?? '';

async function getTicket(): Promise<string> {
  const reply = await fetch('/ticket', { method: 'POST' });
  return ((await reply.json()) as { ticket: string }).ticket;
}

const createWorker = (): Worker => new Worker('/hash-worker.js', { type: 'module' });
const uploader = createUploader({ gatehouseUrl, getTicket, createWorker, retries: 0 });
const hasher = createFileHasher({ createWorker });

function find(id: string): HTMLInputElement {
  const element = document.querySelector(`#${id}`);
  if (!(element instanceof HTMLInputElement)) throw new Error(`no input ${id}`);
  return element;
}

const results: UploadResult[] = [];
attachToInput(find('plain'), { uploader, onResult: (_file, result) => void results.push(result) });

const chosen = (): File => {
  const [file] = find('other').files ?? [];
  if (file === undefined) throw new Error('no file was chosen');
  return file;
};

async function sendByUppy(): Promise<unknown> {
  const said: string[] = [];
  const uppy = new Uppy();
  // Its types want a class of its own; what it calls is all there.
  uppy.use(GatehouseUploads as unknown as typeof BasePlugin<{ id?: string; uploader: Uploader }, Meta, Record<string, never>>, { uploader });
  uppy.on('info-visible', () => said.push(...uppy.getState().info.map(({ message }) => (typeof message === 'string' ? message : ''))));
  uppy.addFile({ name: chosen().name, data: chosen() });
  const outcome = await uppy.upload();
  return {
    successful: outcome?.successful?.map(({ response }) => response?.body) ?? [],
    failed: outcome?.failed?.map(({ error }) => error) ?? [],
    said,
  };
}

/** The longest time for which the page could not answer while a file was hashed. */
async function measureHashing(where: 'worker' | 'page'): Promise<{ longestMs: number; tookMs: number }> {
  const own = where === 'worker' ? hasher : createFileHasher({ createWorker: false });
  let longestMs = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
  }, 4);
  const startMs = performance.now();
  await own.hash(chosen());
  clearInterval(timer);
  return { longestMs: Math.max(longestMs, performance.now() - last), tookMs: performance.now() - startMs };
}

Object.assign(globalThis, {
  results,
  sendByUppy,
  measureHashing,
  hash: () => hasher.hash(chosen()),
  check: () => uploader.check(chosen()),
  upload: () => uploader.upload(chosen()),
});
