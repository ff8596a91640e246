/**
 * The key file of the notices: each line a name and 32 bytes (base64url). The first one seals; the others still open what was sealed before. Read again when
 * the file changes, because another node may have rotated it.
 */
import { createHash, hkdfSync } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { GatehouseError } from '../../platform/errors.ts';
import { replaceFile, writeAll } from '../../platform/files.ts';
import { randomHex } from '../../platform/ids.ts';
import { writeFileOnce } from '../../platform/signing-key.ts';

export interface NoticeKey {
  readonly id: string;
  readonly seal: Buffer;
  readonly lookup: Buffer;
}

export interface NoticeKeys {
  /** @throws {GatehouseError} `config_invalid` */
  current(): Promise<NoticeKey>;
  all(): Promise<readonly NoticeKey[]>;
  /** @throws {GatehouseError} `notice_sealed` when the file no longer has it */
  byId(id: string): Promise<NoticeKey>;
  /** Puts a new key before the others. Does nothing when the file is the operator's, who puts it there. */
  add(): Promise<void>;
  /** Forgets all keys but the first. Does nothing when the file is the operator's. */
  dropOld(): Promise<void>;
}

const KEY_BYTES = 32;

export async function openNoticeKeys(path: string, { isOwn }: { readonly isOwn: boolean }): Promise<NoticeKeys> {
  if (isOwn) await writeFileOnce(path, Buffer.from(makeLine()));
  let cache: { readonly stamp: string; readonly keys: readonly NoticeKey[] } | undefined;
  const load = async (): Promise<readonly NoticeKey[]> => {
    const { mtimeMs, size, ino } = await stat(path).catch((cause: unknown) => Promise.reject(unreadable(path, cause)));
    const stamp = `${mtimeMs} ${size} ${ino}`;
    if (cache?.stamp !== stamp) cache = { stamp, keys: parseKeys(await readFile(path, 'utf8'), path) };
    return cache.keys;
  };
  const write = async (text: string): Promise<void> => {
    await replaceFile(path, (file) => writeAll(file, Buffer.from(text)));
    cache = undefined;
  };
  await load();
  return {
    all: load,
    current: async () => first(await load(), path),
    async byId(id) {
      const found = (await load()).find((key) => key.id === id);
      if (found !== undefined) return found;
      throw new GatehouseError('notice_sealed', `The key ${id} is not in the key file of the notices. What was sealed with it is kept, and cannot be read.`);
    },
    async add() {
      if (isOwn) await write(makeLine() + (await readFile(path, 'utf8')));
    },
    async dropOld() {
      if (isOwn) await write(`${(await readFile(path, 'utf8')).split('\n')[0] ?? ''}\n`);
    },
  };
}

function makeLine(): string {
  const bytes = Buffer.from(randomHex(KEY_BYTES), 'hex');
  return `${createHash('sha256').update(bytes).digest('hex').slice(0, 12)} ${bytes.toString('base64url')}\n`;
}

function parseKeys(text: string, path: string): readonly NoticeKey[] {
  const keys = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, id, secret = ''] = /^([A-Za-z0-9_-]{1,40}) ([A-Za-z0-9_-]{43})\s*$/.exec(line) ?? [];
      if (id === undefined) throw unreadable(path, 'a line is not a name, a space and 43 characters of base64url');
      const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', `gatehouse notices ${use}`, KEY_BYTES));
      return { id, seal: derive('seal'), lookup: derive('lookup') };
    });
  first(keys, path);
  return keys;
}

function first(keys: readonly NoticeKey[], path: string): NoticeKey {
  const [key] = keys;
  if (key === undefined) throw unreadable(path, 'there is no key in it');
  return key;
}

function unreadable(path: string, cause: unknown): GatehouseError {
  const reason = typeof cause === 'string' ? cause : String(Reflect.get(Object(cause), 'code') ?? 'unknown fault');
  return new GatehouseError('config_invalid', `The key file of the notices ${path} cannot be used: ${reason}. Nothing was opened or sealed.`);
}
