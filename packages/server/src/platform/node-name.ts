/** The name of a node: made once for each data directory, so that a node that comes back knows what it did before. */
import { readFile, writeFile } from 'node:fs/promises';
import { inDataDir, type Config } from './config.ts';
import { randomHex } from './ids.ts';

export async function takeNodeName(config: Config): Promise<string> {
  const path = inDataDir(config, 'node-name');
  try {
    await writeFile(path, randomHex(8), { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    if (Reflect.get(Object(error), 'code') !== 'EEXIST') throw error;
  }
  const name = (await readFile(path, 'utf8')).trim();
  // A crash between the file and its text: the name was never used.
  if (name === '') {
    await writeFile(path, randomHex(8), { mode: 0o600, flush: true });
    return takeNodeName(config);
  }
  return name;
}
