/** From bytes to a catalogue: the shape first, then everything that it names. */
import { GatehouseError, type FieldError } from '../../platform/errors.ts';
import { findFaults } from './check-rules.ts';
import { RELEASE_BYTES_MAX } from './release-schema.ts';
import { CatalogueSchema, type Catalogue } from './schema.ts';

const FAULTS_SHOWN = 20;

/** @throws {GatehouseError} `catalogue_invalid` with the first faults */
export function readCatalogue(bytes: Uint8Array): Catalogue {
  if (bytes.length > RELEASE_BYTES_MAX)
    throw new GatehouseError('catalogue_invalid', `The catalogue has ${bytes.length} bytes; more than ${RELEASE_BYTES_MAX} are not read.`);
  const parsed = CatalogueSchema.safeParse(toJson(bytes));
  if (!parsed.success) throw refuse(parsed.error.issues.map(({ path, message }) => ({ at: `/${path.join('/')}`, message })));
  const faults = findFaults(parsed.data);
  if (faults.length > 0) throw refuse(faults);
  return parsed.data;
}

function toJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new GatehouseError('catalogue_invalid', 'The catalogue is not JSON in UTF-8.', { cause });
  }
}

function refuse(faults: readonly FieldError[]): GatehouseError {
  const [first] = faults;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
  return new GatehouseError('catalogue_invalid', `The catalogue has faults: ${first?.at ?? ''}: ${first?.message ?? ''}${more}`, {
    errors: faults.slice(0, FAULTS_SHOWN),
  });
}
