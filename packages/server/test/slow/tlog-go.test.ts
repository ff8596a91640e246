/** Our logs, checked by a program that has nothing of ours: Go's own checksum-database library, from Debian. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createHashReader,
  createSignerKey,
  formatVerifierKey,
  hashEmpty,
  openTreeBuilder,
  proveConsistency,
  proveInclusion,
  signCheckpoint,
  tilePath,
  type SignerKey,
} from '../../../tlog/src/index.ts';

const SOURCE = resolve(import.meta.dirname, '../../../tlog/test/go/verify.go');
/** Where Debian puts the sources of Go packages. */
const DEBIAN_GOPATH = '/usr/share/gocode';
const ORIGIN = 'gatehouse.example/log';

let dir = '';
let key: SignerKey;
beforeAll(async () => {
  if (spawnSync('go', ['version']).error !== undefined || !existsSync(join(DEBIAN_GOPATH, 'src/golang.org/x/mod/sumdb')))
    throw new Error(
      'Go or its checksum-database library is missing, and this test is about them. Install the Debian packages golang-go and golang-golang-x-mod-dev.',
    );
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-tlog-'));
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: DEBIAN_GOPATH, GOCACHE: join(dir, 'cache'), GOFLAGS: '' };
  execFileSync('go', ['build', '-o', join(dir, 'verify'), SOURCE], { env });
  key = await createSignerKey(ORIGIN, new Uint8Array(32).fill(7));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const entryOf = (i: number): Buffer => Buffer.from(`{"kind":"upload.decided","n":${i}}`);

/** @returns the folder */
async function writeLog(size: number): Promise<string> {
  const folder = join(dir, `of-${size}`);
  const builder = openTreeBuilder();
  const files = new Map<string, Uint8Array>();
  const oldSize = Math.floor(size / 3);
  let old = hashEmpty();
  for (const upTo of [oldSize, size]) {
    const entries = Array.from({ length: upTo - builder.size }, (_none, i) => entryOf(builder.size + i));
    for (const { tile, bytes } of [...builder.append(entries), ...builder.edge()]) files.set(tilePath(tile), bytes);
    if (upTo === oldSize) old = builder.root();
  }
  const reader = createHashReader(size, (tile) => files.get(tilePath(tile)));
  const lines = (hashes: readonly Uint8Array[]): Buffer => Buffer.from(hashes.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join(''));
  files.set('checkpoint', Buffer.from(await signCheckpoint({ origin: ORIGIN, size, root: builder.root() }, [key])));
  files.set('checkpoint.old', Buffer.from(await signCheckpoint({ origin: ORIGIN, size: oldSize, root: old }, [key])));
  files.set('consistency', lines(await proveConsistency(oldSize, reader)));
  files.set('inclusion', lines(size === 0 ? [] : await proveInclusion(Math.floor(size / 2), reader)));
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}

const verify = (folder: string): { readonly status: number | null; readonly output: string } => {
  const { status, stdout, stderr } = spawnSync(join(dir, 'verify'), [folder, formatVerifierKey(key)], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

const SIZES = [1, 2, 255, 256, 257, 1000, 70_000];

it.each([0, ...SIZES])('a log of %i entries is what Go makes of it', async (size) => {
  expect(verify(await writeLog(size))).toEqual({ status: 0, output: `verified ${size} entries\n` });
});

describe.each(SIZES)('a log of %i entries', (size) => {
  it('is refused when one byte is another: of an entry, a tile, a proof, a checkpoint', async () => {
    const folder = await writeLog(size);
    const last = (level: string): string => {
      const index = Math.floor((size - 1) / 256);
      return tilePath({ level: level === 'entries' ? level : Number(level), index, width: size - index * 256 });
    };
    for (const path of [last('entries'), last('0'), 'checkpoint', ...(size > 2 ? ['inclusion', 'consistency', 'checkpoint.old'] : [])]) {
      const bytes = await readFile(join(folder, path));
      const at = path.startsWith('tile') ? bytes.length - 1 : 3;
      await writeFile(join(folder, path), bytes.with(at, (bytes[at] ?? 0) ^ 1));
      expect(verify(folder).status, path).toBe(1);
      await writeFile(join(folder, path), bytes);
    }
    expect(verify(folder).status).toBe(0);
  });
});
