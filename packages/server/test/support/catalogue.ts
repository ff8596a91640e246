/** Signed releases for tests: the shipped one, and a made-up 1.1.0 with a measure more, a measure less and a changed one. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSignerKey, formatVerifierKey, signNote } from '@gatehouse/tlog';
import type { ReleaseFile } from '../../src/code/catalogue/release-schema.ts';
import type { Catalogue } from '../../src/code/catalogue/schema.ts';
import { SHIPPED_DIR } from '../../src/code/catalogue/shipped.ts';

const key = await createSignerKey('test-publisher', new Uint8Array(32).fill(7));
/** For `codeCatalogueKeys`. */
export const TEST_PUBLISHER = formatVerifierKey(key);

export function readShippedFile(): ReleaseFile {
  return {
    bytes: new Uint8Array(readFileSync(join(SHIPPED_DIR, 'catalogue-1.0.0.json'))),
    note: readFileSync(join(SHIPPED_DIR, 'catalogue-1.0.0.note'), 'utf8'),
  };
}

/** A copy that may be changed. */
export function readShippedCatalogue(): Catalogue {
  return JSON.parse(Buffer.from(readShippedFile().bytes).toString('utf8')) as Catalogue;
}

/** @param version what the note says */
export async function signRelease(catalogue: Catalogue, signer = key, version = catalogue.version): Promise<ReleaseFile> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(catalogue, undefined, 1)}\n`);
  const text = `gatehouse.catalogue/v1\n${version}\n${createHash('sha256').update(bytes).digest('hex')}\n`;
  return { bytes, note: await signNote(text, [signer]) };
}

/** icu-a6 is gone, icu-d4 asks for an acknowledgement in 12 hours and of everybody, icu-k1 is new. */
export function makeNextCatalogue(version = '1.1.0', releasedOn = '2027-01-15'): Catalogue {
  const catalogue = readShippedCatalogue();
  const groups = catalogue.groups.map((group) => {
    if (group.id !== 'icu') return group;
    const controls = group.controls.flatMap((control) => {
      if (control.id === 'icu-a6') return [];
      if (control.id !== 'icu-d4') return [control];
      const evidence = control.evidence.map((item) => ({ ...item, threshold: { kind: 'number' as const, op: '<=' as const, value: 12 } }));
      const changed = { ...control, appliesTo: { expr: 'true', text: 'All user-to-user services' }, evidence };
      const added = {
        ...control,
        id: 'icu-k1',
        ref: 'ICU K1',
        title: 'Made up for a test',
        statement: 'Made up for a test.',
        appliesTo: { expr: 'livestream', text: 'Services with live streaming' },
        from: '2027-01-01',
      };
      return [changed, added];
    });
    return { ...group, controls };
  });
  const isKept = (id: string): boolean => id !== 'icu-a6';
  return {
    ...catalogue,
    version,
    releasedOn,
    groups,
    amendments: catalogue.amendments.map((amendment) => ({ ...amendment, controls: amendment.controls.filter(isKept) })),
    changeLog: [
      {
        version,
        date: releasedOn,
        changes: [
          { control: 'icu-k1', change: 'added', what: 'New.' },
          { control: 'icu-d4', change: 'changed', what: 'For everybody, in 12 hours.' },
          { control: 'icu-a6', change: 'removed', what: 'Gone.' },
          { control: null, change: 'changed', what: 'Made up for a test.' },
        ],
      },
      ...catalogue.changeLog,
    ],
  };
}
