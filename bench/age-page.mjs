/**
 * What the hosted page of an age check weighs and how soon it can be used: a real Gatehouse, a real Chromium over loopback with its processor slowed
 * down four times (CDP), each load in a browser profile of its own. Interactive: painted, document and scripts done, and after the last long task
 * (50 ms) of the load.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { median, round } from './measure.mjs';
import { startServer } from './server.mjs';

const ROUNDS = 11;
const ROUNDS_QUICK = 3;
const CPU_SLOWDOWN = 4;
/** As DevTools has "Slow 4G": round trip in ms, bytes a second. */
const SLOW = { offline: false, latency: 150, downloadThroughput: 180_000, uploadThroughput: 84_375 };
/** Long tasks after this much quiet do not belong to the load. */
const QUIET_MS = 1000;
const CHROMIUM = process.env.GATEHOUSE_TEST_CHROMIUM ?? '/usr/bin/chromium';
const PROVIDERS = {
  providers: [
    {
      adapter: 'sandbox',
      id: 'document',
      declaration: { title: 'Photo of an identity document', kind: 'photo_id', basis: 'verifies', data: ['picture'], retention: '28 days' },
    },
  ],
};

export async function benchAgePage({ isQuick = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-providers-'));
  writeFileSync(join(folder, 'providers.json'), JSON.stringify(PROVIDERS));
  const server = await startServer({ GATEHOUSE_AGE_PROVIDERS_FILE: join(folder, 'providers.json'), GATEHOUSE_ANONYMOUS_PER_MINUTE: '100000' });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'] });
  try {
    const open = await prepare(server);
    const rounds = Object.fromEntries(CASES.map(({ name }) => [name, []]));
    // In turns: what disturbs a while disturbs all cases a little.
    for (let turn = 0; turn < (isQuick ? ROUNDS_QUICK : ROUNDS); turn++)
      for (const one of CASES) rounds[one.name].push(await load(browser, await open(one.locale), one));
    const rows = CASES.map((one) => summarise(one, rounds[one.name]));
    return {
      title: `The page of an age check, processor slowed down ${CPU_SLOWDOWN} times`,
      rows,
      note:
        `Medians of ${isQuick ? ROUNDS_QUICK : ROUNDS} loads in turns, each in a new profile, with their range. Bytes are those on the wire, headers included; Gatehouse does not compress, ` +
        `and "gzip" is what a proxy that does would send of the bodies. Slow network: ${SLOW.latency} ms round trip, ${SLOW.downloadThroughput / 1000} kB/s. ` +
        'No request leaves the origin (a test holds that). Interactive: painted, document and scripts done, no long task of the load after it.',
    };
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const CASES = [
  { name: 'the question', locale: 'en' },
  { name: 'the question, in Polish', locale: 'pl' },
  { name: 'the question, again', locale: 'en', isAgain: true },
  { name: 'the question, without JavaScript', locale: 'en', hasJavaScript: false },
  { name: 'the question, slow network', locale: 'en', isSlow: true },
  { name: 'the QR code', locale: 'en', channel: 'qr' },
];

async function prepare(server) {
  const site = 'https://forum.example';
  await server.cli('age', 'service', 'add', 'bench', '--name', 'The Forum', '--return-origin', site, '--under-url', `${site}/young`);
  const { secret } = await server.cli('key', 'create', '--name', 'bench-age', '--right', 'age:ask');
  return async (locale) => {
    const reply = await fetch(`${server.url}/v1/age/sessions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ threshold: 18, service: 'bench', returnUrl: `${site}/`, locale }),
    });
    if (reply.status !== 201) throw new Error(`no session was opened: ${reply.status} ${await reply.text()}`);
    return (await reply.json()).url;
  };
}

async function load(browser, url, { isAgain = false, hasJavaScript = true, isSlow = false, channel }) {
  const context = await browser.newContext({ javaScriptEnabled: hasJavaScript });
  try {
    const page = await context.newPage();
    if (isAgain || channel !== undefined) {
      await page.goto(url);
      await page.waitForLoadState('networkidle');
    }
    const devtools = await context.newCDPSession(page);
    await devtools.send('Network.enable');
    await devtools.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
    if (isSlow) await devtools.send('Network.emulateNetworkConditions', SLOW);
    // A code is shown with nothing kept from the page before it.
    if (channel !== undefined) await devtools.send('Network.clearBrowserCache');
    const traffic = watchTraffic(page, devtools);
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map((task) => task.startTime + task.duration))).observe({
        type: 'longtask',
        buffered: true,
      });
    });
    if (channel === undefined) await page.goto(url);
    else await Promise.all([page.waitForEvent('load'), page.evaluate((name) => document.querySelector(`form:has(input[value="${name}"])`).submit(), channel)]);
    await page.waitForTimeout(QUIET_MS);
    return { ...(await readTimes(page)), ...(await traffic()) };
  } finally {
    await context.close();
  }
}

function watchTraffic(page, devtools) {
  const bodies = [];
  let bytes = 0;
  let count = 0;
  const mimeTypes = new Map();
  devtools.on('Network.responseReceived', ({ requestId, response, type }) => {
    // The stream of events stays open, and belongs to no load.
    if (type === 'EventSource' || response.fromDiskCache === true) return;
    mimeTypes.set(requestId, response.mimeType);
  });
  devtools.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!mimeTypes.has(requestId)) return;
    count += 1;
    bytes += encodedDataLength;
  });
  page.on('response', (response) => bodies.push(response));
  return async () => {
    const sizes = await Promise.all(
      bodies
        .filter((one) => one.headers()['content-type'] !== 'text/event-stream' && one.status() === 200)
        .map(async (one) => gzipSync(await one.body()).length),
    );
    return { bytes, count, gzip: sizes.reduce((sum, size) => sum + size, 0) };
  };
}

function readTimes(page) {
  return page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation');
    const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
    const tasks = globalThis.longTasks ?? [];
    return { painted, interactive: Math.max(painted, navigation.domContentLoadedEventEnd, ...tasks) };
  });
}

/** Of a second visit most bodies are not sent at all. */
function summarise({ name, isAgain = false }, loads) {
  const of = (key) => loads.map((one) => one[key]);
  const spread = (key) => `${round(median(of(key)), 0)} (${round(Math.min(...of(key)), 0)} to ${round(Math.max(...of(key)), 0)})`;
  return {
    page: name,
    requests: median(of('count')),
    'bytes on the wire': median(of('bytes')).toLocaleString('en'),
    'bodies as gzip': isAgain ? '-' : median(of('gzip')).toLocaleString('en'),
    'first paint, ms': spread('painted'),
    'interactive, ms': spread('interactive'),
  };
}
