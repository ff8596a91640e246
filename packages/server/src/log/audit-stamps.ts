/** The time stamps of a copied log: what each stamps must be a checkpoint of the log, and the stamp must hold for exactly these bytes. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Anchor } from './anchor-rules.ts';
import { STAMPS } from './folder.ts';
import { StampFault } from './stamp-schema.ts';
import { verifyStamp, type StampAnchors } from './stamp-verifier.ts';

export interface FoundStamps {
  /** Signed notes, relative to the folder: to be checked like every other checkpoint. */
  readonly notes: readonly string[];
  /** Of those that hold. The size is the note's, and believed only once that was checked. */
  readonly anchors: readonly (Anchor & { readonly note: string })[];
  readonly faults: readonly string[];
  /** Stamps of authorities that were not named. */
  readonly notCounted: readonly string[];
}

/** @param trusted undefined: no stamp counts */
export async function readStamps(folder: string, trusted: StampAnchors | undefined): Promise<FoundStamps> {
  const names = (await readdir(join(folder, STAMPS)).catch(() => [])).filter((name) => /^\d{1,16}\.(note|tsr)$/.test(name));
  const notes = names.filter((name) => name.endsWith('.note')).map((name) => join(STAMPS, name));
  const anchors: (Anchor & { readonly note: string })[] = [];
  const [faults, notCounted]: [string[], string[]] = [[], []];
  for (const name of names.filter((one) => one.endsWith('.tsr'))) {
    const size = Number(name.slice(0, -'.tsr'.length));
    const note = join(STAMPS, `${size}.note`);
    if (!notes.includes(note)) faults.push(`${join(STAMPS, name)}: what it stamps is missing.`);
    else if (trusted === undefined) notCounted.push(`${join(STAMPS, name)}: no authority was named with --tsa-ca.`);
    else {
      try {
        const content = await readFile(join(folder, note));
        const { at, authority } = verifyStamp(await readFile(join(folder, STAMPS, name)), { content, anchors: trusted });
        anchors.push({ kind: 'stamp', size, by: authority, at: at.toISOString(), note });
      } catch (error) {
        if (!(error instanceof StampFault)) throw error;
        const isStranger = error.code === 'untrusted' || error.code === 'certificate';
        (isStranger ? notCounted : faults).push(`${join(STAMPS, name)}: ${isStranger ? 'it does not lead to the authority that was named.' : error.message}`);
      }
    }
  }
  return { notes, anchors, faults, notCounted };
}
