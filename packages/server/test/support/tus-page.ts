/** A page of another origin that sends files with Uppy and tus, as docs/guide/tus.md says. What the tests call stands in `globalThis`. */
import Uppy from '@uppy/core';
import Dashboard from '@uppy/dashboard';
import Tus, { type TusBody } from '@uppy/tus';

const { gatehouse = '', ticket = '' } = document.documentElement.dataset;
const seen: string[] = [];

const uppy = new Uppy<Record<string, unknown>, TusBody>().use(Dashboard, { inline: true, target: '#files', hideUploadButton: true }).use(Tus, {
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
uppy.on('upload-error', (file, _error, response) => {
  const text = response?.body?.xhr.responseText ?? '';
  const problem = text.startsWith('{') ? (JSON.parse(text) as { code?: string; message?: string }) : {};
  said.push(problem.message ?? 'The file could not be sent. Please try again later.');
  uppy.info(`${file?.name}: ${said.at(-1)}`, 'error', 10_000);
  // Without the file there is nothing to send again.
  if (problem.code === 'not_published' && file !== undefined) uppy.removeFile(file.id);
});

async function sendFiles(): Promise<unknown> {
  await uppy.upload();
  return { released: released.splice(0), said: said.splice(0), seen: seen.splice(0) };
}

Object.assign(globalThis, { sendFiles, clearFiles: () => uppy.clear() });
