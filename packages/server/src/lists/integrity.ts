/** Reads every file of the lists whole and compares its bytes with its name, which is their SHA-256. Nightly; at other times files are checked when they are loaded. */
import { createHash } from 'node:crypto';
import type { AppContext } from '../platform/context.ts';
import { insertIntegrity, isFileNamed, readFileNames, type Integrity } from './store-evidence.ts';

export const VERIFY_JOB = 'lists.verify';

export async function verifyFiles(context: AppContext, signal: AbortSignal): Promise<Integrity> {
  const { database, clock, log } = context;
  let files = 0;
  let damaged = 0;
  for (const { sha256 } of await readFileNames(database)) {
    signal.throwIfAborted();
    if (await isWhole(context, sha256)) files += 1;
    // Folded away while others were read: then it may be gone, and nobody needs it.
    else if (await isFileNamed(database.sql, sha256)) {
      files += 1;
      damaged += 1;
    }
  }
  if (damaged > 0) log.error({ files, damaged }, 'files of the lists do not have the bytes that their names say');
  const found = { at: clock.now(), files, damaged };
  await insertIntegrity(database.sql, found);
  return found;
}

async function isWhole({ blobs }: AppContext, sha256: string): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of blobs.segments.read(sha256) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch {
    return false;
  }
  return hash.digest('hex') === sha256;
}
