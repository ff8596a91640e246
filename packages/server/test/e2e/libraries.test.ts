/** The libraries in a browser: the same results as the vectors and as in Node, from the files that the packages ship. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pdqForms, pdqOrientations } from '@gatehouse/pdq';
import {
  createHashReader,
  createSignerKey,
  formatProofFile,
  formatVerifierKey,
  openTreeBuilder,
  proveInclusion,
  signCheckpoint,
  tilePath,
} from '@gatehouse/tlog';
import { generatePicture } from '../support/pictures.ts';
import { launchBrowser, openContext } from './browser.ts';

const PACKAGES = join(import.meta.dirname, '../../..');
/** The test's own functions cannot import: what they need stands in `globalThis`. */
const PAGE = `<title>libraries</title><script type="module">
import * as pdq from '/pdq/dist/index.js';
import * as hamming from '/hamming/dist/index.js';
Object.assign(globalThis, { pdq, hamming });
</script>`;
const ORIGIN = 'http://libraries.invalid';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
  page = await (await openContext(browser)).newPage();
  // No server and no network: the browser gets the built files of the packages as they are.
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') await route.fulfill({ contentType: 'text/html', body: PAGE });
    else await route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(PACKAGES, pathname), 'utf8') });
  });
  await page.goto(`${ORIGIN}/`);
  await page.waitForFunction(() => Reflect.has(globalThis, 'hamming'));
});

afterAll(() => browser.close());

it('PDQ gives the hashes of the reference', async () => {
  const vectors = readFileSync(join(PACKAGES, '../fixtures/pdq/vectors.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { w: number; h: number; channels: number; pattern: string; hash: string; quality: number })
    .filter(({ pattern, channels }) => pattern === 'rings' && channels === 3);
  expect(vectors.length).toBeGreaterThan(3);
  const results = await page.evaluate(
    (sizes) => {
      const { pdq } = Reflect.get(globalThis, 'pdq') as { pdq(picture: object): { hash: string; quality: number } };
      return sizes.map(({ w, h }) => {
        const data = new Uint8ClampedArray(w * h * 3);
        for (let y = 0; y < h; y++) {
          for (let x = 0; x < w; x++) {
            for (let c = 0; c < 3; c++) {
              const [dx, dy] = [x + 13 * c - Math.floor(w / 2), y + 7 * c - Math.floor(h / 2)];
              data[(y * w + x) * 3 + c] = Math.floor(((dx * dx + dy * dy) * 255) / Math.max(1, Math.floor((w * w + h * h) / 8))) & 255;
            }
          }
        }
        return pdq({ data, width: w, height: h, channels: 3 });
      });
    },
    vectors.map(({ w, h }) => ({ w, h })),
  );
  expect(results).toEqual(vectors.map(({ hash, quality }) => ({ hash, quality })));
});

it('the eight orientations and the exact search agree with Node', async () => {
  const { data, width, height } = generatePicture({ seed: 77, width: 300, height: 200 });
  const expected = pdqOrientations({ data, width, height, channels: 3 });
  const result = await page.evaluate(
    ({ bytes, size }) => {
      const { pdqOrientations: hashAll, hashToBytes } = Reflect.get(globalThis, 'pdq') as {
        pdqOrientations(picture: object): { hashes: string[]; quality: number };
        hashToBytes(hash: string): Uint8Array;
      };
      const { createHammingIndex } = Reflect.get(globalThis, 'hamming') as {
        createHammingIndex(): { add(hash: Uint8Array): number; search(hash: Uint8Array, radius: number): { index: number; distance: number }[] };
      };
      const hashed = hashAll({ data: new Uint8Array(bytes), width: size[0], height: size[1], channels: 3 });
      const index = createHammingIndex();
      for (const hash of hashed.hashes) index.add(hashToBytes(hash));
      const query = hashToBytes(hashed.hashes[3] ?? '');
      query[5] = (query[5] ?? 0) ^ 0b1011;
      return { hashed, found: index.search(query, 31) };
    },
    { bytes: [...data], size: [width, height] as const },
  );
  expect(result.hashed).toEqual({ quality: expected.quality, hashes: [...expected.hashes] });
  expect(result.found).toEqual([{ index: 3, distance: 3 }]);
});

it('a proof of the log is checked in a page without a network, and a changed one is refused', async () => {
  const builder = openTreeBuilder();
  const entries = Array.from({ length: 300 }, (_none, i) => Buffer.from(`entry ${i}`));
  const files = new Map([...builder.append(entries), ...builder.edge()].map(({ tile, bytes }) => [tilePath(tile), bytes]));
  const key = await createSignerKey('gatehouse.example/log', new Uint8Array(32).fill(5));
  const hashes = await proveInclusion(
    42,
    createHashReader(300, (tile) => files.get(tilePath(tile))),
  );
  const checkpoint = await signCheckpoint({ origin: key.name, size: 300, root: builder.root() }, [key]);
  const proof = formatProofFile({ index: 42, hashes, checkpoint });
  // WebCrypto wants a secure context.
  const secure = ORIGIN.replace('http:', 'https:');
  const context = await openContext(browser);
  const other = await context.newPage();
  await other.route(`${secure}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/')
      await route.fulfill({ contentType: 'text/html', body: PAGE.replace('/pdq/', '/tlog/').replace('as pdq', 'as tlog').replace('{ pdq,', '{ tlog,') });
    else await route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(PACKAGES, pathname), 'utf8') });
  });
  await other.goto(`${secure}/`);
  await other.waitForFunction(() => Reflect.has(globalThis, 'tlog'));
  await context.setOffline(true);
  const judge = (text: string): Promise<string> =>
    other.evaluate(
      async ([given, verifierKey]) => {
        const tlog = Reflect.get(globalThis, 'tlog') as typeof import('@gatehouse/tlog');
        const trusted = tlog.parseVerifierKey(verifierKey ?? '');
        return tlog.verifyProofFile(given ?? '', new TextEncoder().encode('entry 42'), { origin: trusted.name, keys: [trusted] }).then(
          ({ index, size }) => `${index} of ${size}`,
          (error: unknown) => String(Reflect.get(Object(error), 'code')),
        );
      },
      [text, formatVerifierKey(key)],
    );
  expect(await judge(proof)).toBe('42 of 300');
  expect(await judge(proof.replace('index 42', 'index 43'))).toBe('bad_proof');
  expect(await judge(proof.replace('\n300\n', '\n301\n'))).toBe('bad_signature');
});

/** A worker has the content-security policy that its own script comes with. */
it.each([
  ['wasm', "script-src 'self' 'wasm-unsafe-eval'"],
  ['typescript', "script-src 'self'"],
])('in a worker PDQ runs as %s, with the same hashes', async (kernel, policy) => {
  const worker = `import * as pdq from '/pdq/dist/index.js';
onmessage = ({ data }) => {
  let isWasm = true;
  try { pdq.pdq(data, { kernel: 'wasm' }); } catch { isWasm = false; }
  const stream = pdq.createPdqStream({ width: data.width, height: data.height, channels: data.channels });
  for (let at = 0; at < data.data.length; at += 10007) stream.write(data.data.subarray(at, at + 10007));
  postMessage({ kernel: isWasm ? 'wasm' : 'typescript', forms: pdq.pdqForms(data), streamed: stream.finish() });
};`;
  const other = await (await openContext(browser)).newPage();
  await other.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') await route.fulfill({ contentType: 'text/html', body: '<title>worker</title>' });
    else if (pathname === '/worker.js') await route.fulfill({ contentType: 'text/javascript', headers: { 'content-security-policy': policy }, body: worker });
    else await route.fulfill({ contentType: 'text/javascript', body: readFileSync(join(PACKAGES, pathname), 'utf8') });
  });
  await other.goto(`${ORIGIN}/`);
  const { data, width, height } = generatePicture({ seed: 12, width: 600, height: 300 });
  const result = await other.evaluate(
    ({ bytes, size }) =>
      new Promise((resolve, reject) => {
        const thread = new Worker('/worker.js', { type: 'module' });
        thread.addEventListener('message', (event) => resolve(event.data));
        thread.addEventListener('error', (event) => reject(new Error(event.message)));
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has none
        thread.postMessage({ data: new Uint8Array(bytes), width: size[0], height: size[1], channels: 3 });
      }),
    { bytes: [...data], size: [width, height] },
  );
  const forms = pdqForms({ data, width, height, channels: 3 });
  expect(result).toEqual({ kernel, forms, streamed: forms });
});
