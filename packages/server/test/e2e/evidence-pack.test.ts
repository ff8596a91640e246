/** The page that comes with an evidence pack, from a file, with the network off: a good pack holds, a changed one does not, and the page says what. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { PACK } from '../../src/code/exports/pack-name-rules.ts';
import { createExportsService } from '../../src/code/exports/service.ts';
import { readTar, writeTar } from '../../src/code/exports/tar-rules.ts';
import { setPackScene, type PackScene } from '../support/code-pack.ts';
import { launchBrowser, measureOverflow, openContext, runAxe, saveScreenshot, watchFaults } from './browser.ts';

const HOSTILE = '<img src=x onerror=alert(1)></script>';

let scene: PackScene;
let browser: Browser;
let pack: Uint8Array;
let folder: string;
let page: Page;
let faults: string[];
const asked: string[] = [];

beforeAll(async () => {
  [scene, browser] = [await setPackScene(HOSTILE), await launchBrowser()];
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-pack-'));
  const service = await createExportsService(scene.parts);
  pack = (await service.pack()).bytes;
  const html = readTar(pack).files.find(({ name }) => name === PACK.verifier)?.bytes ?? new Uint8Array(0);
  expect(createHash('sha256').update(html).digest('hex')).toBe((await service.verifier()).sha256);
  await writeFile(join(folder, PACK.verifier), html);
});
afterAll(async () => {
  await browser.close();
  await scene.dispose();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  const context = await openContext(browser);
  await context.setOffline(true);
  page = await context.newPage();
  faults = watchFaults(page);
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(join(folder, PACK.verifier)).href);
  return async () => {
    expect(faults).toEqual([]);
    await context.close();
  };
});

async function choose(bytes: Uint8Array, key: string): Promise<string> {
  await page.getByLabel('Verifier keys that you have from elsewhere').fill(key);
  await page.getByLabel('The pack (.tar)').setInputFiles({ name: 'pack.tar', mimeType: 'application/x-tar', buffer: Buffer.from(bytes) });
  const status = page.getByRole('status');
  await page.waitForFunction(() => !/^$|^Checking/.test(document.querySelector('#status')?.textContent ?? ''));
  return (await status.textContent()) ?? '';
}

const rowsOf = (className: string): Promise<string[]> => page.locator(`tr.${className} td:first-child`).allTextContents();

function change(name: string, edit: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const { timeS, files } = readTar(pack);
  return writeTar({ timeS, files: files.map((file) => (file.name === name ? { name, bytes: edit(Uint8Array.from(file.bytes)) } : file)) });
}

it('holds, with the key from elsewhere', async () => {
  expect(await choose(pack, scene.verifierKey)).toBe('Everything that was checked holds.');
  expect(await rowsOf('fails')).toEqual([]);
  expect(await rowsOf('holds')).toEqual(
    expect.arrayContaining([
      'The list of files is signed by the log',
      'The evaluation stands in the log',
      'Record rec_2 stands in the log',
      'The catalogue is signed by its publisher',
    ]),
  );
  expect(await page.getByRole('cell', { name: scene.verifierKey }).count()).toBe(1);
  expect(await page.getByRole('table', { name: 'Measures, and what stands behind their states' }).getByRole('row').count()).toBeGreaterThan(100);
  await saveScreenshot(page, 'evidence-pack-holds');
});

it('without a key says what that does not show', async () => {
  expect(await choose(pack, '')).toContain('compare that key with one from elsewhere');
  expect(await rowsOf('not_checked')).toContain('The key is the one of the service');
});

it('a changed byte in each kind of file is found', async () => {
  const kinds = [
    PACK.evaluation,
    PACK.facts,
    PACK.gaps,
    PACK.catalogue,
    PACK.catalogueNote,
    PACK.manifest,
    PACK.manifestNote,
    PACK.checkpoint,
    PACK.verifier,
    PACK.readme,
    PACK.records,
    'records/rec_2.json',
    'proofs/evaluation.tlog-proof',
    'proofs/rec_3.json',
    'oscal/catalog.json',
    'tables/gaps.csv',
  ];
  for (const name of kinds) {
    const changed = change(name, (bytes) => bytes.with(bytes.length - 2, (bytes.at(-2) ?? 0) ^ 1));
    expect([name, await choose(changed, scene.verifierKey)]).toEqual([name, expect.stringContaining('This pack does not hold')]);
    expect((await rowsOf('fails')).length).toBeGreaterThan(0);
  }
  await saveScreenshot(page, 'evidence-pack-fails');
});

it('the proof of another entry is refused', async () => {
  const other = readTar(pack).files.find(({ name }) => name === 'proofs/rec_3.tlog-proof')?.bytes ?? new Uint8Array(0);
  await choose(
    change('proofs/evaluation.tlog-proof', () => other),
    scene.verifierKey,
  );
  expect(await rowsOf('fails')).toContain('The evaluation stands in the log');
});

it('what is no archive, and no key, is said in words', async () => {
  expect(await choose(Buffer.from('not a tar'), scene.verifierKey)).toContain('This pack does not hold');
  expect(await choose(pack, 'nonsense')).toContain('Nothing was checked');
});

it('asks the network for nothing, and takes nothing in the pack for markup', async () => {
  await choose(pack, scene.verifierKey);
  expect(await page.locator('img').count()).toBe(0);
  expect(asked.filter((url) => !url.startsWith('file:'))).toEqual([]);
});

it('is accessible, also on a narrow screen and in the dark', async () => {
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width: 320, height: 700 });
    await choose(pack, scene.verifierKey);
    expect(await runAxe(page)).toEqual([]);
    expect(await measureOverflow(page)).toBe(0);
    await saveScreenshot(page, `evidence-pack-320-${scheme}`);
  }
});
