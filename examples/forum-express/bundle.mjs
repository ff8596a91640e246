/** The two scripts of the page, each in one file: the form, and the worker that hashes beside it. */
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** @returns {Promise<Map<string, string>>} by the path under which the page asks for them */
export async function bundleScripts() {
  return new Map([
    ['/page.js', await bundle(fileURLToPath(new URL('page.mjs', import.meta.url)))],
    ['/hash-worker.js', await bundle(fileURLToPath(import.meta.resolve('@gatehouse/client/hash-worker')))],
  ]);
}

async function bundle(input) {
  const built = await rolldown({ input, platform: 'browser', logLevel: 'silent' });
  const { output } = await built.generate({ format: 'esm', codeSplitting: false });
  await built.close();
  return output[0].code;
}
