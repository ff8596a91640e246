/** Opens a release: whose signature it carries, that the bytes are the signed ones, and that they are a catalogue. In this order. */
import { createHash } from 'node:crypto';
import { openNote, parseVerifierKey, TlogError, type VerifierKey } from '@gatehouse/tlog';
import { GatehouseError } from '../../platform/errors.ts';
import { readCatalogue } from './read.ts';
import { NOTE_BYTES_MAX, type ReleaseFile } from './release-schema.ts';
import type { Catalogue, LoadedCatalogue } from './schema.ts';

/** The text that is signed: what it is, version, SHA-256 of the bytes (scripts/sign-catalogue.mjs writes it). */
const SIGNED_TEXT = /^gatehouse\.catalogue\/v1\n(\d+\.\d+\.\d+)\n([0-9a-f]{64})\n$/;

/** @throws {GatehouseError} `catalogue_signature`, `catalogue_invalid` */
export async function openRelease({ bytes, note }: ReleaseFile, keys: readonly VerifierKey[]): Promise<LoadedCatalogue> {
  const { text, signedBy } = await openSigned(note, keys);
  const [, version, digest] = SIGNED_TEXT.exec(text) ?? [];
  if (version === undefined || digest === undefined) throw new GatehouseError('catalogue_signature', 'The signed note is not about a catalogue.');
  if (digestOf(bytes) !== digest)
    throw new GatehouseError('catalogue_signature', `The catalogue is not the one that was signed as release ${version}: at least one byte differs.`);
  const catalogue = readCatalogue(bytes);
  if (catalogue.version !== version)
    throw new GatehouseError('catalogue_signature', `The catalogue says that it is release ${catalogue.version}, and was signed as ${version}.`);
  return toLoaded(catalogue, { digest, signedBy });
}

async function openSigned(note: string, keys: readonly VerifierKey[]): Promise<{ readonly text: string; readonly signedBy: string }> {
  if (note.length > NOTE_BYTES_MAX) throw new GatehouseError('catalogue_signature', 'The signed note is too long.');
  try {
    const { text, signed } = await openNote(note, keys);
    return { text, signedBy: signed.map(({ key }) => key.name).join(', ') };
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new GatehouseError('catalogue_signature', `The signature of the catalogue does not verify: ${cause.message}`, { cause });
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function toLoaded(catalogue: Catalogue, { digest, signedBy }: Pick<LoadedCatalogue, 'digest' | 'signedBy'>): LoadedCatalogue {
  const controls = new Map(catalogue.groups.flatMap((group) => group.controls.map((control) => [control.id, { control, group }] as const)));
  const metrics = new Map(catalogue.metrics.map((metric) => [metric.id, metric]));
  return { catalogue, digest, signedBy, control: (id) => controls.get(id), metric: (id) => metrics.get(id) };
}

/** @throws {GatehouseError} `config_invalid` */
export function parsePublisherKeys(lines: readonly string[]): VerifierKey[] {
  return lines.map((line) => {
    try {
      const key = parseVerifierKey(line);
      if (key.use === 'ed25519') return key;
    } catch (cause) {
      if (!(cause instanceof TlogError)) throw cause;
    }
    throw new GatehouseError('config_invalid', `codeCatalogueKeys: ${JSON.stringify(line)} is not the verifier key of a publisher (name+id+key, Ed25519).`);
  });
}
