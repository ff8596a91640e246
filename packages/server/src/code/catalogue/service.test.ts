import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSignerKey, formatVerifierKey } from '@gatehouse/tlog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeNextCatalogue, readShippedCatalogue, readShippedFile, signRelease, TEST_PUBLISHER } from '../../../test/support/catalogue.ts';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import type { EventMap } from '../../platform/events.ts';
import { measureRegister } from './measures.ts';
import { migrations } from './migrations.ts';
import { parsePublisherKeys } from './release.ts';
import type { CatalogueService } from './schema.ts';
import { createCatalogueService } from './service.ts';
import { SHIPPED_DIR } from './shipped.ts';

let database: TestDatabase;
let test: TestContext;
let clock: FakeClock;
let changes: EventMap['code.changed'][];
let service: CatalogueService;

async function open(codeCatalogueKeys: string[] = [TEST_PUBLISHER]): Promise<void> {
  test = await createTestContext({ database: database.database, clock, config: { codeCatalogueKeys } });
  test.context.events.on('code.changed', (change) => void changes.push(change));
  service = await createCatalogueService({ context: test.context });
}

async function restart(codeCatalogueKeys?: string[]): Promise<void> {
  await test.dispose();
  clock.advance(1000);
  await open(codeCatalogueKeys);
}

beforeEach(async () => {
  database = await createTestDatabase([{ domain: 'code', migrations }]);
  clock = createFakeClock();
  changes = [];
  await open();
});
afterEach(async () => {
  await test.dispose();
  await database.drop();
});

const versions = async (): Promise<string[]> => (await service.releases()).map(({ version, isCurrent }) => (isCurrent ? `${version} in use` : version));

describe('the release in use', () => {
  it('is the shipped one at first, and that is an event once', async () => {
    expect(service.current().catalogue.version).toBe('1.0.0');
    expect(service.current().control('icu-c9')).toMatchObject({ control: { ref: 'ICU C9' }, group: { id: 'icu' } });
    expect(service.current().control('nothing')).toBeUndefined();
    expect(service.current().metric('hashlist_age_hours')).toMatchObject({ unit: 'hours' });
    await restart();
    expect(changes).toEqual([{ change: 'catalogue_in_use', subject: '1.0.0', actor: 'system' }]);
    expect(await service.releases()).toMatchObject([
      { version: '1.0.0', controls: 180, toVerify: 141, isCurrent: true, importedAt: null, signedBy: 'gatehouse-catalogue', digest: service.current().digest },
    ]);
  });

  it('is an imported newer one at once, and after a restart; the older one stays readable', async () => {
    const view = await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    expect(view).toMatchObject({ version: '1.1.0', isCurrent: true, signedBy: 'test-publisher', importedAt: clock.now().toISOString() });
    await restart();
    expect(await versions()).toEqual(['1.1.0 in use', '1.0.0']);
    expect((await service.release('1.0.0')).control('icu-a6')).toBeDefined();
    expect(service.current().control('icu-a6')).toBeUndefined();
    await expect(service.release('9.9.9')).rejects.toMatchObject({ code: 'not_found' });
    expect(changes.slice(1)).toEqual([
      { change: 'catalogue_imported', subject: '1.1.0', actor: 'key_1' },
      { change: 'catalogue_in_use', subject: '1.1.0', actor: 'key_1' },
    ]);
  });

  it('is an older one only when a person allows that and says why, and then stays', async () => {
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    await expect(service.use('1.0.0', 'key_1')).rejects.toMatchObject({ code: 'conflict' });
    await expect(service.use('1.0.0', 'key_1', { allowOlder: true, reason: ' ' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(service.import(readShippedFile(), 'key_1')).rejects.toMatchObject({ code: 'conflict' });
    expect(await versions()).toEqual(['1.1.0 in use', '1.0.0']);
    await service.use('1.0.0', 'key_1', { allowOlder: true, reason: 'D4 is wrong in 1.1.0' });
    await restart();
    expect(await versions()).toEqual(['1.1.0', '1.0.0 in use']);
    expect(service.choice()).toMatchObject({ isHeldBack: true, reason: 'D4 is wrong in 1.1.0', actor: 'key_1' });
    // Newer than all: nothing is held back any more.
    await service.import(await signRelease(makeNextCatalogue('1.10.0')), 'key_1');
    expect(await versions()).toEqual(['1.10.0 in use', '1.1.0', '1.0.0']);
  });

  it('is what another node chose, as soon as anybody asks', async () => {
    const other = await createCatalogueService({ context: test.context });
    clock.advance(1000);
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    expect(other.current().catalogue.version).toBe('1.0.0');
    await other.refresh();
    expect(other.current().catalogue.version).toBe('1.1.0');
  });

  it('is not one whose publisher is no longer believed, but that can still be read', async () => {
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    await restart([]);
    expect(await versions()).toEqual(['1.1.0', '1.0.0 in use']);
    expect((await service.release('1.1.0')).control('icu-k1')).toBeDefined();
    await expect(service.use('1.1.0', 'key_1')).rejects.toMatchObject({ code: 'catalogue_signature' });
  });
});

describe('a release', () => {
  it('is handed out as it was signed', async () => {
    const file = await signRelease(makeNextCatalogue());
    await service.import(file, 'key_1');
    expect(await service.file('1.1.0')).toEqual(file);
    expect(await service.file('1.0.0')).toEqual(readShippedFile());
  });

  it('is refused when one byte of it or of its note is another, and the one in use stays', async () => {
    const { bytes, note } = await signRelease(makeNextCatalogue());
    const changed = Uint8Array.from(bytes, (byte, index) => (index === 1000 ? byte ^ 1 : byte));
    const refused = [
      { bytes: changed, note },
      { bytes, note: note.replace('1.1.0', '1.2.0') },
      { bytes, note: note.replace(/— test-publisher (.{20})./, (_all, start: string) => `— test-publisher ${start}A`) },
      { bytes, note: note.replace('test-publisher', 'somebody') },
      { bytes, note: '' },
      { bytes: readShippedFile().bytes, note },
    ];
    for (const file of refused) await expect(service.import(file, 'key_1')).rejects.toMatchObject({ code: 'catalogue_signature' });
    expect(await versions()).toEqual(['1.0.0 in use']);
    expect(changes).toHaveLength(1);
  });

  it('is refused when nobody who is believed signed it', async () => {
    const stranger = await createSignerKey('test-publisher', new Uint8Array(32).fill(8));
    await expect(service.import(await signRelease(makeNextCatalogue(), stranger), 'key_1')).rejects.toMatchObject({ code: 'catalogue_signature' });
    await restart([formatVerifierKey(stranger)]);
    expect(await service.import(await signRelease(makeNextCatalogue(), stranger), 'key_1')).toMatchObject({ version: '1.1.0' });
  });

  it('is refused when it says another version than its signature, or another content than a release of that number', async () => {
    const misnamed = await signRelease(makeNextCatalogue(), undefined, '1.2.0');
    await expect(service.import(misnamed, 'key_1')).rejects.toMatchObject({ code: 'catalogue_signature' });
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    await expect(service.import(await signRelease(makeNextCatalogue('1.1.0', '2027-01-16')), 'key_1')).rejects.toMatchObject({ code: 'catalogue_invalid' });
    // The same again is no fault.
    expect(await service.import(await signRelease(makeNextCatalogue()), 'key_1')).toMatchObject({ version: '1.1.0' });
    expect((await service.releases()).length).toBe(2);
  });

  it('is refused, although it is signed, when it is no whole catalogue', async () => {
    const file = await signRelease({ ...makeNextCatalogue(), metrics: [] });
    await expect(service.import(file, 'key_1')).rejects.toMatchObject({ code: 'catalogue_invalid' });
  });

  it('and its use are never changed in the database', async () => {
    const query = (text: string): Promise<unknown> => database.database.pool.query(text);
    await expect(query("update code.catalogue_release set signed_by = 'x'")).rejects.toThrow('append-only');
    await expect(query('delete from code.catalogue_use')).rejects.toThrow('append-only');
  });
});

describe('what comes with the software', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gatehouse-catalogue-'));
    for (const name of ['catalogue-1.0.0.json', 'catalogue-1.0.0.note']) await copyFile(join(SHIPPED_DIR, name), join(folder, name));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each(['catalogue-1.0.0.json', 'catalogue-1.0.0.note'])('ends the start with a remedy when one byte of %s is another', async (name) => {
    const bytes = await readFile(join(folder, name));
    const at = name.endsWith('.json') ? 5000 : 60;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(join(folder, name), bytes);
    await expect(createCatalogueService({ context: test.context, folder })).rejects.toMatchObject({
      code: 'catalogue_signature',
      message: expect.stringMatching(
        /^catalogue-1\.0\.0\.json, which comes with Gatehouse, cannot be used\. .* Nothing was started\. Install Gatehouse again\.$/,
      ),
    });
  });

  it('ends the start when it is missing', async () => {
    await rm(join(folder, 'catalogue-1.0.0.json'));
    await expect(createCatalogueService({ context: test.context, folder })).rejects.toMatchObject({ code: 'catalogue_invalid' });
  });

  it('is used when it has the number of what came before and another content, as while a release is being made', async () => {
    const { digest } = service.current();
    const { bytes, note } = await signRelease({ ...readShippedCatalogue(), title: 'Another title' });
    await writeFile(join(folder, 'catalogue-1.0.0.json'), bytes);
    await writeFile(join(folder, 'catalogue-1.0.0.note'), note);
    service = await createCatalogueService({ context: test.context, folder });
    expect(service.current().catalogue.title).toBe('Another title');
    service = await createCatalogueService({ context: test.context });
    expect([service.current().digest, (await service.release('1.0.0')).digest]).toEqual([digest, digest]);
    expect(await versions()).toEqual(expect.arrayContaining(['1.0.0 in use', '1.0.0']));
  });

  it('is used when it is newer than what was imported', async () => {
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    const { bytes, note } = await signRelease(makeNextCatalogue('2.0.0'));
    await writeFile(join(folder, 'catalogue-2.0.0.json'), bytes);
    await writeFile(join(folder, 'catalogue-2.0.0.note'), note);
    service = await createCatalogueService({ context: test.context, folder });
    expect(await versions()).toEqual(['2.0.0 in use', '1.1.0', '1.0.0']);
  });
});

describe('the difference between two releases', () => {
  it('names each measure that was added, changed and removed, with both texts', async () => {
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    const { controls } = await service.compare('1.0.0', '1.1.0');
    expect(controls.map(({ id, change }) => [id, change])).toEqual([
      ['icu-d4', 'changed'],
      ['icu-k1', 'added'],
      ['icu-a6', 'removed'],
    ]);
    expect(controls[0]?.members).toEqual([
      { member: 'for whom', before: 'Large, or medium or high risk of any kind', after: 'All user-to-user services' },
      { member: 'condition', before: 'large || anyMediumHigh', after: 'true' },
      {
        member: 'evidence',
        before: 'complaint_ack_p95_hours <= 24 (30d, measured, proposal)',
        after: 'complaint_ack_p95_hours <= 12 (30d, measured, proposal)',
      },
    ]);
    expect(controls[1]?.members).toContainEqual({ member: 'statement', before: null, after: 'Made up for a test.' });
    expect((await service.compare('1.1.0', '1.0.0')).controls.map(({ id, change }) => [id, change])).toEqual([
      ['icu-a6', 'added'],
      ['icu-d4', 'changed'],
      ['icu-k1', 'removed'],
    ]);
    expect((await service.compare('1.0.0', '1.0.0')).controls).toEqual([]);
    await expect(service.compare('1.0.0', '3.0.0')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the metric of the register', () => {
  const read = async (): Promise<unknown> => {
    const [source] = test.context.evidence.sources();
    const window = { from: clock.now(), to: clock.now() };
    return source?.read(window, test.context.stopping);
  };

  it('is true while the newest that is held is in use, and explains when it is not', async () => {
    measureRegister(service, test.context.evidence);
    expect(await read()).toMatchObject({ figure: true, finding: 'Release 1.0.0 of 2026-11-30 is in use; it is the newest that is held here.' });
    await service.import(await signRelease(makeNextCatalogue()), 'key_1');
    await service.use('1.0.0', 'key_1', { allowOlder: true, reason: 'D4 is wrong' });
    expect(await read()).toMatchObject({
      figure: false,
      finding: 'Release 1.0.0 of 2026-11-30 is in use, although 1.1.0 is held here: chosen by key_1 on 2026-11-25, who said why: D4 is wrong.',
    });
  });
});

it('keys of publishers that cannot be read end the start', () => {
  expect(() => parsePublisherKeys(['nonsense'])).toThrow('codeCatalogueKeys');
  expect(readShippedCatalogue().version).toBe('1.0.0');
});
