/** A page of another origin that sends files with Uppy and tus, as docs/guide/tus.md says. What the tests call stands in `globalThis`. */
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import Tus, { type TusBody } from '@uppy/tus';

const { gatehouse = '', ticket = '' } = document.documentElement.dataset;
const seen: string[] = [];

const uppy = new Uppy<Record<string, unknown>, TusBody>()
  .use(Dashboard, { inline: true, target: '#files', hideRetryButton: true, hideUploadButton: true })
  .use(Tus, {
    endpoint: `${gatehouse}/v1/tus`,
    retryDelays: [50, 100, 200, 500, 1000],
    chunkSize: 20_000,
    onBeforeRequest: (request) => request.setHeader('authorization', `Bearer ${ticket}`),
    onAfterResponse: (request, response) => void seen.push(`${request.getMethod()} ${response.getStatus()}`),
  });

const released: unknown[] = [];
const said: string[] = [];

uppy.on('upload-success', (_file, response) => {
  const xhr = response.body?.xhr;
  released.push({ id: xhr?.getResponseHeader('gatehouse-upload'), receipt: xhr?.getResponseHeader('gatehouse-receipt') });
});
uppy.on('upload-error', (_file, _error, response) => {
  const text = response?.body?.xhr.responseText ?? '';
  const message = text.startsWith('{') ? (JSON.parse(text) as { message?: string }).message : undefined;
  said.push(message ?? 'The file could not be sent. Please try again later.');
  uppy.info(said.at(-1) ?? '', 'error', 10_000);
});

async function sendFiles(): Promise<unknown> {
  const outcome = await uppy.upload();
  const result = { released: released.splice(0), said: said.splice(0), seen: seen.splice(0), failed: outcome?.failed?.length ?? 0 };
  return result;
}

Object.assign(globalThis, { sendFiles, clearFiles: () => uppy.clear() });
