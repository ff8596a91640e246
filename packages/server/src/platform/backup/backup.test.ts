import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { openFileBlobs } from '../blobs.ts';
import type { Blobs } from '../context.ts';
import type { DomainMigrations } from '../db/migrate.ts';
import { silentLog } from '../log.ts';
import { readBackup, restoreBackup, writeBackup, type BackupManifest } from './backup.ts';

/** `book` sorts before `shelf`, which it refers to: the order of tables must come from the references. */
const DOMAINS: readonly DomainMigrations[] = [
  {
    domain: 'sample',
    transient: ['visit'],
    migrations: [
      {
        id: '0001_books',
        sql: `
          create table sample.shelf (id text primary key, opened_at timestamptz not null);
          create table sample.book (
            id bigint generated always as identity primary key,
            shelf_id text not null references sample.shelf,
            title text,
            cover bytea,
            about jsonb,
            words bigint,
            title_length integer generated always as (length(title)) stored,
            tags text[] not null default '{}',
            weight double precision,
            sha256 text
          );
          create table sample.state (is_only boolean primary key default true check (is_only), version bigint not null);
          insert into sample.state (version) values (0);
          create table sample.visit (book_id bigint not null references sample.book on delete cascade);
        `,
      },
    ],
  },
];
/** Everything that the text form of COPY escapes, and what differs between settings of servers. */
const TITLES = ['plain', '', 'tab\tand\nline\r\\N \\. end', 'Grüße 🏛 "quoted"', null];

interface Place {
  readonly db: TestDatabase;
  readonly test: TestContext;
}

/** Made once: it is only read. Tests that change their source fill one of their own. */
let source: Place;
let master: string;
/** Of the test. */
let folder: string;
const places: Place[] = [];

beforeAll(async () => {
  source = await openFilled();
  places.length = 0;
  master = await mkdtemp(join(tmpdir(), 'gatehouse-backup-'));
  await back(source, join(master, 'backup'));
});

afterAll(async () => {
  await close(source);
  await rm(master, { recursive: true, force: true });
});

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'gatehouse-backup-')), 'backup');
});

afterEach(async () => {
  for (const place of places.splice(0)) await close(place);
  await rm(dirname(folder), { recursive: true, force: true });
});

async function openFilled(): Promise<Place> {
  const place = await open(DOMAINS);
  await fill(place);
  return place;
}

async function close({ db, test }: Place): Promise<void> {
  await test.dispose();
  await db.drop();
}

/** A copy of the backup of `source`. */
async function copyBackup(): Promise<void> {
  await cp(join(master, 'backup'), folder, { recursive: true });
}

async function open(domains: readonly DomainMigrations[] = []): Promise<Place> {
  const db = await createTestDatabase(domains);
  const place = { db, test: await createTestContext({ database: db.database }) };
  places.push(place);
  return place;
}

async function fill({ db, test }: Place): Promise<void> {
  const { pool } = db.database;
  await pool.query(`insert into sample.shelf values ('a', '2026-11-25T12:34:56.789012+02:00'), ('b', '0099-01-02 03:04:05+00')`);
  for (const [index, title] of TITLES.entries()) {
    const about = { n: index, deep: [1.5, null, 'x\\y'], big: '9007199254740993' };
    await pool.query('insert into sample.book (shelf_id, title, cover, about, words, tags, weight) values ($1, $2, $3, $4, $5, $6, $7)', [
      index % 2 === 0 ? 'a' : 'b',
      title,
      Buffer.from([0, 255, 92, 10, index]),
      JSON.stringify(about),
      2 ** 40 + index,
      ['one', 'with "quotes", and \\', ''],
      0.1 + index / 3,
    ]);
  }
  await pool.query('insert into sample.visit select id from sample.book');
  await pool.query('delete from sample.book where id = 2');
  await pool.query('update sample.state set version = 7');
  await put(test.context.blobs.quarantine, 'held content');
  await put(test.context.blobs.released, 'released content');
  await put(test.context.blobs.segments, '');
  await mkdir(join(test.dataDir, 'keys'));
  await writeFile(join(test.dataDir, 'keys', 'receipt.pem'), 'not a real key', { mode: 0o600 });
  await writeFile(join(test.dataDir, 'keys', 'receipt (old).pem'), 'nor this');
  await mkdir(join(test.dataDir, 'spool'));
  await writeFile(join(test.dataDir, 'spool', 'half'), 'was never acknowledged');
  await writeFile(join(test.dataDir, 'quarantine', 'tmp', 'half'), 'unfinished');
}

async function put(blobs: Blobs['quarantine'], text: string): Promise<string> {
  return (await blobs.put(toChunks(text))).sha256;
}

async function* toChunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

const back = ({ db, test }: Place, into = folder): Promise<BackupManifest> =>
  writeBackup({ database: db.database, blobs: test.context.blobs, dataDir: test.dataDir, folder: into, domains: DOMAINS, clock: test.context.clock });

async function restore({ db, test }: Place, from = folder): Promise<void> {
  await restoreBackup({ database: db.database, dataDir: test.dataDir, folder: from, domains: DOMAINS, log: silentLog }, await readBackup(from));
}

/** Every row as the server itself writes it, in one form for both sides. */
async function readRows({ db }: Place): Promise<Record<string, unknown[]>> {
  const tables = ['shelf', 'book', 'state'];
  const texts = await Promise.all(tables.map((table) => db.database.pool.query<{ text: string }>(`select t::text as text from sample.${table} t order by 1`)));
  return Object.fromEntries(tables.map((table, index) => [table, (texts[index]?.rows ?? []).map(({ text }) => text)]));
}

const AREAS = ['quarantine', 'released', 'segments', 'keys'];

async function readFiles(dataDir: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const area of AREAS) {
    for (const entry of await readdir(join(dataDir, area), { recursive: true, withFileTypes: true }).catch(() => [])) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files[relative(dataDir, path)] = await readFile(path, 'latin1');
    }
  }
  return files;
}

async function isEmpty({ db, test }: Place): Promise<boolean> {
  const { rows } = await db.database.pool.query("select 1 from information_schema.schemata where schema_name in ('sample', 'platform')");
  return rows.length === 0 && Object.keys(await readFiles(test.dataDir)).length === 0;
}

/** Writes a changed manifest with a seal that fits, as somebody would who means harm. */
async function forgeManifest(change: (manifest: BackupManifest) => object): Promise<void> {
  const path = join(folder, 'manifest.json');
  const text = JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')) as BackupManifest));
  await writeFile(path, text);
  await writeFile(join(folder, 'manifest.sha256'), `${createHash('sha256').update(text).digest('hex')}  manifest.json\n`);
}

describe('a backup', () => {
  it('holds nothing of tables whose rows live for minutes', async () => {
    const { tables } = await back(source);
    const countVisits = async ({ db }: Place): Promise<number> => (await db.database.pool.query('select 1 from sample.visit')).rows.length;
    expect(tables.map(({ table }) => table)).toEqual(['shelf', 'state', 'book']);
    expect(await readdir(join(folder, 'db'))).not.toContain('sample.visit.copy');
    const target = await open();
    await restore(target);
    expect([(await countVisits(source)) > 0, await countVisits(target)]).toEqual([true, 0]);
  });

  it('restored into an empty place equals what was there', async () => {
    await back(source);
    const target = await open();
    await restore(target);
    expect(await readRows(target)).toEqual(await readRows(source));
    const { [`quarantine/tmp/half`]: unfinished, ...finished } = await readFiles(source.test.dataDir);
    expect(unfinished).toBe('unfinished');
    expect(Object.keys(finished)).toHaveLength(5);
    expect(await readFiles(target.test.dataDir)).toEqual(finished);
  });

  it('goes on where it was: the next number is a new one, references and migrations hold', async () => {
    await back(source);
    const target = await open();
    await restore(target);
    const { pool } = target.db.database;
    const { rows } = await pool.query<{ id: number }>(`insert into sample.book (shelf_id, title) values ('a', 'new') returning id`);
    expect(rows[0]?.id).toBe(TITLES.length + 1);
    await expect(pool.query(`insert into sample.book (shelf_id) values ('nowhere')`)).rejects.toThrow('foreign key');
    expect((await pool.query('select domain, id from platform.migration')).rows).toEqual([{ domain: 'sample', id: '0001_books' }]);
  });

  it('means the same whatever the settings of the two servers are', async () => {
    const settings = `set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'; set timezone = 'Asia/Kolkata'; set bytea_output = 'escape'; set extra_float_digits = -5`;
    const own = await openFilled();
    for (const setting of settings.split(';')) await alterDatabase(own, setting);
    await back(own);
    const target = await open();
    await alterDatabase(target, `set datestyle = 'SQL, MDY'`);
    await restore(target);
    for (const setting of settings.split(';')) await alterDatabase(target, setting.replace(/set (\w+) =.*/, 'reset $1'));
    const same = `select id, shelf_id, md5(cover) as cover, weight::numeric::text as weight, about::text as about from sample.book order by id`;
    expect((await target.db.database.pool.query(same)).rows).toEqual((await own.db.database.pool.query(same)).rows);
    const at = `select extract(epoch from opened_at)::text as at from sample.shelf order by id`;
    expect((await target.db.database.pool.query(at)).rows).toEqual((await own.db.database.pool.query(at)).rows);
  });

  it('is for its owner only, and sha256sum can check its manifest', async () => {
    await back(source);
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      expect(mode & 0o777).toBe(entry.isDirectory() ? 0o700 : 0o600);
    }
    const text = await readFile(join(folder, 'manifest.json'));
    expect(await readFile(join(folder, 'manifest.sha256'), 'utf8')).toBe(`${createHash('sha256').update(text).digest('hex')}  manifest.json\n`);
  });

  it('is refused where something is, and touches nothing there', async () => {
    await mkdir(folder);
    await writeFile(join(folder, 'letter.txt'), 'mine');
    await expect(back(source)).rejects.toMatchObject({ code: 'conflict' });
    expect(await readdir(folder)).toEqual(['letter.txt']);
  });

  it('that fails leaves no manifest, no connection in a transaction, and nothing set aside', async () => {
    const { pool } = source.db.database;
    const broken = { ...source.db.database, pool: Object.assign(Object.create(pool) as typeof pool, { connect: async () => spoil(await pool.connect()) }) };
    const { test } = source;
    await expect(
      writeBackup({ database: broken, blobs: test.context.blobs, dataDir: test.dataDir, folder, domains: DOMAINS, clock: test.context.clock }),
    ).rejects.toThrow('spoiled');
    expect(await readdir(folder)).not.toContain('manifest.json');
    for (let i = 0; i < 12; i++)
      expect((await pool.query<{ s: string }>(`select current_setting('transaction_isolation') as s`)).rows[0]?.s).toBe('read committed');
    const { quarantine } = source.test.context.blobs;
    await quarantine.remove(await put(quarantine, 'removed afterwards'));
    expect((await readdir(join(source.test.dataDir, 'quarantine', 'tmp'))).filter((name) => name.startsWith('kept'))).toEqual([]);
  });
});

describe('a backup that is not as it was written', () => {
  let files: string[];

  beforeEach(async () => {
    await copyBackup();
    files = (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  });

  const damages: readonly (readonly [string, (path: string) => Promise<void>])[] = [
    ['one changed bit', async (path) => writeFile(path, flipBit(await readFile(path)))],
    ['one byte less', async (path) => truncate(path, Math.max(0, (await stat(path)).size - 1))],
    ['one byte more', (path) => writeFile(path, '\n', { flag: 'a' })],
    ['no file', (path) => rm(path)],
    [
      'a link in its place',
      async (path) => {
        await writeFile(join(folder, '..', 'copy'), await readFile(path));
        await rm(path);
        await symlink(join(folder, '..', 'copy'), path);
      },
    ],
  ];

  it.each(damages)('%s in any of its files is refused by the reading, which comes before any writing', async (name, damage) => {
    expect(files.length).toBeGreaterThan(9);
    for (const path of files) {
      const before = await readFile(path);
      // An empty file has no bit and no byte to lose; a link to the manifest itself is no harm.
      if ((before.length === 0 && /bit|less/.test(name)) || (/manifest/.test(path) && name.startsWith('a link'))) continue;
      await damage(path);
      await expect(readBackup(folder), `${name}: ${relative(folder, path)}`).rejects.toMatchObject({ code: 'invalid_request' });
      await rm(path, { force: true });
      await writeFile(path, before, { mode: 0o600 });
    }
    // It was the damage that was refused, not the backup.
    await readBackup(folder);
  });

  it('names the files that are at fault', async () => {
    const [table] = files.filter((path) => path.endsWith('sample.book.copy'));
    await writeFile(table ?? '', 'x', { flag: 'a' });
    await rm(join(folder, 'files/keys/receipt.pem'));
    await expect(readBackup(folder)).rejects.toMatchObject({
      extras: {
        errors: [
          { at: 'db/sample.book.copy', message: 'was changed or damaged' },
          { at: 'files/keys/receipt.pem', message: 'is missing or cannot be read' },
        ],
      },
    });
  });

  it.each([
    ['files/../../escape'],
    ['files/quarantine/../../../escape'],
    ['/etc/escape'],
    ['db/../files/escape'],
    ['files/escape'],
    ['files/spool/escape'],
    ['quarantine/escape'],
    ['files/keys'],
    ['files/keys//escape'],
    ['files/keys/./escape'],
    ['files\\keys\\escape'],
  ])('a manifest that names %s is refused, though its seal fits and the file is there', async (file) => {
    const content = 'from outside';
    const path = join(folder, file);
    await mkdir(dirname(path), { recursive: true }).catch(() => undefined);
    const isThere = file.startsWith('/etc')
      ? false
      : await writeFile(path, content, { flag: 'wx' }).then(
          () => true,
          () => false,
        );
    const sha256 = createHash('sha256').update(content).digest('hex');
    await forgeManifest((manifest) => ({ ...manifest, files: [...manifest.files, { file, sha256, sizeBytes: content.length }] }));
    await expect(readBackup(folder)).rejects.toMatchObject({ code: 'invalid_request' });
    if (isThere) await rm(path);
  });

  it.each<[string, Partial<BackupManifest['tables'][number]>]>([
    ['a table outside the schemas of Gatehouse', { schema: 'pg_catalog', table: 'pg_authid', file: 'db/pg_catalog.pg_authid.copy' }],
    ['a table name that is more than a name', { table: 'state"; drop table sample.book; --' }],
    ['a column that is more than a name', { columns: ["version\") from program 'id' --"] }],
    ['rows from elsewhere', { file: 'files/keys/receipt.pem' }],
  ])('%s is refused', async (_name, forged) => {
    const target = await open();
    if (forged.file?.startsWith('db/') === true) await writeFile(join(folder, forged.file), await readFile(join(folder, 'db/sample.state.copy')));
    await forgeManifest((manifest) => ({
      ...manifest,
      tables: manifest.tables.map((table) =>
        table.table === 'state'
          ? {
              ...table,
              ...forged,
              ...(forged.file === 'files/keys/receipt.pem' ? { sha256: manifest.files.find(({ file }) => file === forged.file)?.sha256 } : {}),
            }
          : table,
      ),
    }));
    await expect(restore(target)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await isEmpty(target)).toBe(true);
  });

  it('by a newer Gatehouse is refused', async () => {
    const target = await open();
    await forgeManifest((manifest) => ({ ...manifest, migrations: [...manifest.migrations, { domain: 'sample', id: '0002_later' }] }));
    await expect(restore(target)).rejects.toMatchObject({ code: 'migration_failed' });
    expect(await isEmpty(target)).toBe(true);
  });

  it('with rows that do not fit leaves nothing behind', async () => {
    const target = await open();
    const rows = Buffer.from('not\ta\tbook\n');
    await writeFile(join(folder, 'db/sample.book.copy'), rows);
    const sha256 = createHash('sha256').update(rows).digest('hex');
    await forgeManifest((manifest) => ({ ...manifest, tables: manifest.tables.map((table) => (table.table === 'book' ? { ...table, sha256 } : table)) }));
    await expect(restore(target)).rejects.toThrow();
    expect(await isEmpty(target)).toBe(true);
  });

  it('because it was not finished is refused', async () => {
    await rm(join(folder, 'manifest.json'));
    await expect(readBackup(folder)).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

function flipBit(bytes: Buffer): Buffer {
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

describe('a restore', () => {
  beforeEach(copyBackup);

  it('into a database that is in use is refused and changes nothing', async () => {
    const target = await open(DOMAINS);
    await target.db.database.pool.query(`insert into sample.shelf values ('theirs', now())`);
    await expect(restore(target)).rejects.toMatchObject({ code: 'conflict' });
    expect((await target.db.database.pool.query('select id from sample.shelf')).rows).toEqual([{ id: 'theirs' }]);
    expect(await readFiles(target.test.dataDir)).toEqual({});
  });

  it('into a data directory that is in use is refused and changes nothing', async () => {
    const target = await open();
    await mkdir(join(target.test.dataDir, 'keys'));
    await writeFile(join(target.test.dataDir, 'keys', 'receipt.pem'), 'theirs');
    await expect(restore(target)).rejects.toMatchObject({ code: 'conflict' });
    expect(await readFiles(target.test.dataDir)).toEqual({ 'keys/receipt.pem': 'theirs' });
    const { rows } = await target.db.database.pool.query(`select 1 from information_schema.schemata where schema_name = 'sample'`);
    expect(rows).toEqual([]);
  });

  it('that cannot write the files takes the database back to empty', async () => {
    const target = await open();
    // A link to nowhere: seen as an empty place, but nothing can be put there.
    await symlink('/nowhere/at/all', join(target.test.dataDir, 'keys'));
    await expect(restore(target)).rejects.toThrow();
    const { rows } = await target.db.database.pool.query(`select 1 from information_schema.schemata where schema_name in ('sample', 'platform')`);
    expect(rows).toEqual([]);
  });

  it('leaves files that only their owner may read', async () => {
    await chmod(join(folder, 'files/keys/receipt.pem'), 0o644);
    const target = await open();
    await restore(target);
    expect((await stat(join(target.test.dataDir, 'keys/receipt.pem'))).mode & 0o777).toBe(0o600);
  });
});

const ROUNDS_MAX = 12;

describe('while others write', () => {
  let own: Place;

  beforeEach(async () => {
    own = await openFilled();
  });

  /** As intake does: bytes, then the row; later the row moves on, then the bytes change areas; in the end both go. */
  async function live(place: Place, name: string, hold: () => Promise<void>): Promise<void> {
    const { pool } = place.db.database;
    const { quarantine, released } = place.test.context.blobs;
    const sha256 = await put(quarantine, name);
    await pool.query(`insert into sample.book (shelf_id, title, sha256) values ('a', 'quarantine', $1)`, [sha256]);
    await hold();
    await put(released, name);
    await pool.query(`update sample.book set title = 'released' where sha256 = $1`, [sha256]);
    await quarantine.remove(sha256);
    await hold();
    await pool.query('delete from sample.book where sha256 = $1', [sha256]);
    await released.remove(sha256);
  }

  it('every row of the backup has its bytes, where the row says', async () => {
    let isOver = false;
    const writers = Array.from({ length: 4 }, async (_none, writer) => {
      for (let n = 0; !isOver; n++) await live(own, `${writer}/${n}`, () => new Promise((resolve) => setTimeout(resolve, n % 3)));
    });
    const written = Promise.all(writers);
    // Awaited in the end; a fault must not be nobody's until then.
    written.catch(() => undefined);
    const seen = { quarantine: 0, released: 0 };
    try {
      // Usually two rounds; a quiet moment sees nothing in flight.
      for (let round = 0; round < 2 || (round < ROUNDS_MAX && Math.min(seen.quarantine, seen.released) === 0); round++) {
        const into = `${folder}-${round}`;
        await back(own, into);
        const target = await open();
        await restore(target, into);
        const { rows } = await target.db.database.pool.query<{ title: 'quarantine' | 'released'; sha256: string }>(
          'select title, sha256 from sample.book where sha256 is not null',
        );
        for (const { title, sha256 } of rows) {
          seen[title] += 1;
          expect(await target.test.context.blobs[title].has(sha256), `${title} ${sha256}`).toBe(true);
        }
      }
    } finally {
      isOver = true;
      await written;
    }
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
    for (const area of ['quarantine', 'released', 'segments']) {
      const names = await readdir(join(own.test.dataDir, area, 'tmp'));
      expect(names.filter((name) => name.startsWith('kept'))).toEqual([]);
    }
    // Several backups and restores while others write: 33 s were seen on a machine that did much else.
  }, 120_000);

  it('a file that moves on between the snapshot and the copying is in the backup all the same', async () => {
    const { blobs } = own.test.context;
    const sha256 = await put(blobs.quarantine, 'in flight');
    await own.db.database.pool.query(`insert into sample.book (shelf_id, title, sha256) values ('a', 'quarantine', $1)`, [sha256]);
    // The first table is read when the snapshot is fixed.
    let hasMoved = false;
    const pool = Object.assign(Object.create(own.db.database.pool) as typeof own.db.database.pool, {
      connect: async () =>
        afterFirstCopy(await own.db.database.pool.connect(), async () => {
          hasMoved = true;
          await own.db.database.pool.query(`update sample.book set title = 'released' where sha256 = $1`, [sha256]);
          await blobs.quarantine.remove(sha256);
        }),
    });
    await writeBackup({ database: { ...own.db.database, pool }, blobs, dataDir: own.test.dataDir, folder, domains: DOMAINS, clock: own.test.context.clock });
    expect(hasMoved).toBe(true);
    expect(await blobs.quarantine.has(sha256)).toBe(false);
    const target = await open();
    await restore(target);
    const { rows } = await target.db.database.pool.query('select title from sample.book where sha256 = $1', [sha256]);
    expect(rows).toEqual([{ title: 'quarantine' }]);
    expect(await target.test.context.blobs.quarantine.has(sha256)).toBe(true);
  });

  it('what was set aside when the process was killed is gone after the next start', async () => {
    const { test } = own;
    await writeFile(join(test.dataDir, 'quarantine', 'tmp', `kept-${'0'.repeat(64)}-abc`), 'was to be removed');
    await openFileBlobs(join(test.dataDir, 'quarantine'));
    expect((await readdir(join(test.dataDir, 'quarantine', 'tmp'))).filter((name) => name.startsWith('kept'))).toEqual([]);
  });
});

/** Runs `act` after the first COPY has ended. */
function afterFirstCopy<T extends { query: unknown }>(client: T, act: () => Promise<void>): T {
  const query = client.query as (...args: unknown[]) => unknown;
  let acted: Promise<void> | undefined;
  return Object.assign(client, {
    query: (...args: unknown[]) => {
      const result = query.apply(client, args);
      if (typeof args[0] === 'string' && args[0].startsWith('select column_name')) acted ??= act();
      return typeof args[0] === 'object' || acted === undefined ? result : acted.then(() => result);
    },
  });
}

/** Later connections of the pool have it; the idle ones are closed first. */
async function alterDatabase({ db }: Place, setting: string): Promise<void> {
  if (!('database' in db.target)) throw new TypeError('a named database');
  await db.database.pool.query(`alter database ${db.target.database} ${setting}`);
  await db.database.pool.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
  const client = await db.database.pool.connect();
  client.release(true);
}

function spoil<T extends { query: unknown }>(client: T): T {
  const query = client.query as (...args: unknown[]) => unknown;
  let count = 0;
  return Object.assign(client, {
    query: (...args: unknown[]) => {
      if (typeof args[0] === 'object' && ++count === 2) throw new Error('spoiled');
      return query.apply(client, args);
    },
  });
}
