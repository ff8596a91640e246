/**
 * The conformance matrix: every case against every surface, one application for each. A driver judges by what visitors of a service could
 * see. `GATEHOUSE_TEST_WRITE_MATRIX=1` writes docs/surfaces.md; otherwise it is compared.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCAL_PRINCIPAL } from '../../src/platform/http/rights.ts';
import { CONTENT_BYTES_MAX, FAULTS, openScene, type Fault, type SurfaceScene } from '../support/surface-scene.ts';
import { SURFACE_CASES, type OpenSurface, type SurfaceCase, type SurfaceDriver, type SurfaceOutcome } from '../support/surfaces.ts';
import { clamdDriver } from '../support/surfaces/clamd.ts';
import { hmaDriver } from '../support/surfaces/hma.ts';
import { pictrsDriver, rawHookDriver } from '../support/surfaces/hooks.ts';
import { icapDriver } from '../support/surfaces/icap.ts';
import { encryptedMatrixDriver, matrixDriver } from '../support/surfaces/matrix.ts';
import { permitsDriver } from '../support/surfaces/permits.ts';
import { proxyDriver } from '../support/surfaces/proxy.ts';
import { s3Driver } from '../support/surfaces/s3.ts';
import { scanDriver } from '../support/surfaces/scan.ts';
import { draftDriver, tusDriver } from '../support/surfaces/tus.ts';
import { uploadsDriver } from '../support/surfaces/uploads.ts';

/** `durable`: what was acknowledged is decided later, by itself. `at once`: the sender has its answer and sends again after a fault. */
const SURFACES: readonly (readonly [SurfaceDriver, SurfaceClass])[] = [
  [scanDriver, 'at once'],
  [uploadsDriver, 'durable'],
  [icapDriver, 'at once'],
  [clamdDriver, 'at once'],
  [proxyDriver, 'at once'],
  [rawHookDriver, 'at once'],
  [pictrsDriver, 'at once'],
  [matrixDriver, 'at once'],
  [encryptedMatrixDriver, 'at once'],
  [hmaDriver, 'at once'],
  [permitsDriver, 'durable'],
  [tusDriver, 'durable'],
  [draftDriver, 'durable'],
  [s3Driver, 'durable'],
];
type SurfaceClass = 'at once' | 'durable';
type Kind = SurfaceOutcome['kind'];

/** The whole of what is promised. Only the first and `slow` may publish anything, ever. */
const EXPECTED: Readonly<Record<SurfaceCase, Readonly<Record<SurfaceClass, readonly Kind[]>>>> = {
  clear: { 'at once': ['published'], durable: ['published'] },
  match: { 'at once': ['refused'], durable: ['held', 'refused'] },
  unscannable: { 'at once': ['refused'], durable: ['held', 'refused'] },
  error: { 'at once': ['failed'], durable: ['held'] },
  oversize: { 'at once': ['refused', 'failed'], durable: ['refused', 'failed'] },
  empty: { 'at once': ['refused'], durable: ['held', 'refused'] },
  aborted: { 'at once': ['failed'], durable: ['failed'] },
  slow: { 'at once': ['published'], durable: ['published'] },
  'scanner down': { 'at once': ['failed'], durable: ['held', 'failed'] },
  'database down': { 'at once': ['failed'], durable: ['failed', 'held'] },
  'disk full': { 'at once': ['failed'], durable: ['failed', 'held'] },
};

/** Its answers are for the service that asks, in the words of its protocol; no visitor sees them. */
const ANSWERS_THE_SERVICE: ReadonlySet<string> = new Set(['hma']);

const DOC = join(import.meta.dirname, '../../../../docs/surfaces.md');
/** A retry of an upload waits 5 s, then 15 s. */
const MENDED_MS = 30_000;
const CASE_MS = 45_000;
const isFault = (name: SurfaceCase): name is Fault => FAULTS.includes(name as Fault);
const sha = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
const results = new Map<string, Map<SurfaceCase, Kind>>();

describe.each(SURFACES)('$name', (driver, surfaceClass) => {
  let scene: SurfaceScene;
  let surface: OpenSurface;
  const outcomes = new Map<SurfaceCase, Kind>();
  beforeAll(async () => {
    scene = await openScene(driver);
    surface = await driver.open(scene.app);
    results.set(driver.name, outcomes);
  });
  afterAll(async () => {
    await surface?.close();
    await scene?.stop();
  });

  const makeContent = (name: SurfaceCase): Buffer => {
    if (name === 'match') return scene.makeMatch();
    if (name === 'unscannable') return randomBytes(50_000);
    if (name === 'empty') return Buffer.alloc(0);
    if (name === 'oversize') return Buffer.concat([scene.makeClear(), randomBytes(CONTENT_BYTES_MAX)]);
    return scene.makeClear();
  };
  const statesOf = async (content: Buffer): Promise<string[]> => {
    const { items } = await scene.app.app.services.intake.list({ limit: 100 }, LOCAL_PRINCIPAL);
    return items.filter(({ sha256 }) => sha256 === sha(content)).map(({ state }) => state);
  };
  const until = async (isSo: () => Promise<boolean>, what: string): Promise<void> => {
    for (let waitedMs = 0; !(await isSo().catch(() => false)); waitedMs += 100) {
      if (waitedMs > MENDED_MS) throw new Error(`not so in time: ${what}`);
      await sleep(100);
    }
  };
  const isTidy = async (): Promise<boolean> => {
    const { intake } = scene.app.app.services;
    const { byState } = await intake.summarise();
    return (await scene.spoolFiles()).length === 0 && intake.waitingBytes() === 0 && byState.receiving === 0;
  };

  it.each(SURFACE_CASES)(
    '%s',
    async (name) => {
      const content = makeContent(name);
      const options = { ...(name === 'aborted' ? { abortAfterBytes: content.length / 2 } : {}), ...(name === 'slow' ? { pauseMs: 30 } : {}) };
      if (isFault(name)) await scene.break(name);
      let outcome: SurfaceOutcome;
      try {
        outcome = await surface.send(content, options);
      } finally {
        await scene.mend();
      }
      outcomes.set(name, outcome.kind);
      expect(EXPECTED[name][surfaceClass], outcome.answer.slice(0, 500)).toContain(outcome.kind);
      if (outcome.kind === 'published') expect(sha(outcome.bytes)).toBe(sha(content));
      // Nothing tells the uploader what was found, or in which list.
      if (!ANSWERS_THE_SERVICE.has(driver.name)) expect(outcome.answer).not.toMatch(/demonstration|distance|pdq|\bmatch/i);
      if (isFault(name)) {
        if (outcome.kind === 'held')
          await until(async () => {
            const states = await statesOf(content);
            return states.length > 0 && states.every((state) => state === 'released');
          }, 'what was held is released by itself');
        // As a sender would, who was told to try again: connections to the database must come about first.
        let again: SurfaceOutcome = { kind: 'failed', answer: 'not sent' };
        await until(async () => (again = await surface.send(content)).kind !== 'failed', 'the same content is taken after the fault');
        expect(again.kind).toBe('published');
      }
      await until(isTidy, 'nothing in the spool, nothing being received');
      if (name === 'aborted' || name === 'oversize') expect(await statesOf(content)).toEqual([]);
      // Whatever it came over, a person can look at it. A scan says what it found and keeps nothing.
      if (name === 'match' && driver.name !== 'scan') expect(['held', 'refused']).toContain((await statesOf(content))[0]);
    },
    CASE_MS,
  );
});

it('docs/surfaces.md shows what came out', async () => {
  const head = ['surface', ...SURFACE_CASES];
  const rows = [...results].map(([name, outcomes]) => [name, ...SURFACE_CASES.map((one) => outcomes.get(one) ?? '?')]);
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const page = `# What becomes of content, by surface

Written by \`packages/server/test/slow/surfaces.test.ts\` (\`GATEHOUSE_TEST_WRITE_MATRIX=1\`), which sends each case over each surface of a whole
application, breaks what the case says, and looks at what visitors of a service could see. After each fault the same content was sent again and
published; what was held because of a fault was released by itself. Nothing stayed in the spool.

- *published*: visitors see the bytes, unchanged.
- *refused*: never published; sending it again changes nothing.
- *held*: acknowledged, kept, and seen by nobody.
- *failed*: not published, and the sender knows that it did not work.

${table}
`;
  if (process.env['GATEHOUSE_TEST_WRITE_MATRIX'] === '1') await writeFile(DOC, page);
  expect(await readFile(DOC, 'utf8')).toBe(page);
});
