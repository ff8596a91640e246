/** The page of a site whose visitors send files to Gatehouse; bundled for the browser tests. What the tests call stands in `globalThis`. */
import Uppy, { type BasePlugin, type Meta, type UploadResult as UppyResult } from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import Tus from '@uppy/tus';
import { attachToInput, createFileHasher, createUploader, type Uploader, type UploadResult } from '@gatehouse/client/browser';
import { GatehouseUploads } from '@gatehouse/client/uppy';

const { gatehouse: gatehouseUrl = '', line = '' } = document.documentElement.dataset;

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
const onResult = (_file: File, result: UploadResult): void => void results.push(result);
for (const id of ['plain', 'several']) if (document.querySelector(`#${id}`) !== null) attachToInput(find(id), { uploader, onResult });

const chosen = (): File => {
  const [file] = find('other').files ?? [];
  if (file === undefined) throw new Error('no file was chosen');
  return file;
};

// Uppy's types want a class of its own; what it calls is all there.
const Plugin = GatehouseUploads as unknown as typeof BasePlugin<{ id?: string; uploader: Uploader; transport?: 'tus' }, Meta, Record<string, unknown>>;
const said: string[] = [];

function listen(uppy: Uppy<Meta, Record<string, unknown>>): Uppy<Meta, Record<string, unknown>> {
  uppy.on('info-visible', () => said.push(...uppy.getState().info.map(({ message }) => (typeof message === 'string' ? message : ''))));
  return uppy;
}

function tell(outcome: UppyResult<Meta, Record<string, unknown>> | undefined): object {
  return {
    successful: outcome?.successful?.map(({ response }) => ({ ...response?.body, xhr: undefined })) ?? [],
    failed: outcome?.failed?.map(({ error }) => error) ?? [],
    said: said.splice(0),
  };
}

async function sendByUppy(): Promise<object> {
  const uppy = listen(new Uppy<Meta, Record<string, unknown>>()).use(Plugin, { uploader });
  uppy.addFile({ name: chosen().name, data: chosen() });
  return tell(await uppy.upload());
}

/** The first file is taken away while it is sent, the second one is elsewhere, the third one goes on. */
async function removeInUppy(): Promise<object> {
  const uppy = listen(new Uppy<Meta, Record<string, unknown>>()).use(Plugin, { uploader });
  const first = uppy.addFile({ name: 'first.jpg', data: chosen() });
  uppy.addFile({ name: 'second.jpg', data: { size: null }, isRemote: true, remote: { companionUrl: '', url: '', provider: '', requestClientId: '' } } as never);
  uppy.addFile({ name: 'third.jpg', data: chosen() });
  uppy.on('upload-start', ([file]) => {
    if (file?.id === first) setTimeout(() => uppy.removeFile(first), 1);
  });
  return tell(await uppy.upload());
}

const files = document.querySelector('#files');
const tus = listen(new Uppy<Meta, Record<string, unknown>>())
  .use(Plugin, { uploader, transport: 'tus' })
  .use(Tus, { endpoint: `${line}/v1/tus`, chunkSize: 100_000, retryDelays: [20, 50, 100, 200, 500] });
if (files !== null) tus.use(Dashboard, { inline: true, target: files, hideUploadButton: true });

async function sendByTus(): Promise<object> {
  tus.addFile({ name: chosen().name, data: chosen() });
  return tell(await tus.upload());
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
  removeInUppy,
  sendByTus,
  retryByTus: async () => tell(await tus.retryAll()),
  clearTus: () => tus.clear(),
  measureHashing,
  hash: () => hasher.hash(chosen()),
  check: () => uploader.check(chosen()),
  upload: () => uploader.upload(chosen()),
});
