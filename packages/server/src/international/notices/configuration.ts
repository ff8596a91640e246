/** The two files that the settings name: in whose name notices are sent, and how the ladder goes. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { toEnvName, type Config } from '../../platform/config.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { openNoticeKeys, type NoticeKeys } from './keys.ts';
import { LadderSchema, type Ladder } from './ladder-schema.ts';
import { AuthoritySchema, type Authority } from './schema.ts';

/** @throws {GatehouseError} `config_invalid` */
export async function readAuthorityFile({ noticesAuthority }: Config): Promise<Authority | null> {
  return noticesAuthority === undefined ? null : readJson(noticesAuthority, AuthoritySchema, toEnvName('noticesAuthority'));
}

/** @throws {GatehouseError} `config_invalid` */
export async function readLadderFile({ noticesLadderFile }: Config): Promise<Ladder> {
  return noticesLadderFile === undefined ? LadderSchema.parse({}) : readJson(noticesLadderFile, LadderSchema, toEnvName('noticesLadderFile'));
}

export async function openKeys({ noticesKeyFile, dataDir }: Config): Promise<NoticeKeys> {
  return openNoticeKeys(noticesKeyFile ?? join(dataDir, 'keys', 'notices.key'), { isOwn: noticesKeyFile === undefined });
}

async function readJson<Schema extends z.ZodType>(path: string, schema: Schema, setting: string): Promise<z.output<Schema>> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new GatehouseError('config_invalid', `${setting}: the file ${path} cannot be read as JSON. Nothing was started.`, { cause });
  }
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data;
  const faults = error.issues.map(({ path: at, message }) => `${at.map(String).join('/')} ${message}`).join('; ');
  throw new GatehouseError('config_invalid', `${setting}: ${path}: ${faults}. Nothing was started.`);
}
