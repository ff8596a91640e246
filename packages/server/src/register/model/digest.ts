/** What the log says of a change. */
import { createHash } from 'node:crypto';
import { toCanonicalText } from '../../log/index.ts';
import type { KeptChange } from './schema.ts';

/** @returns SHA-256 of the canonical JSON of exactly these members, hexadecimal; `madeAt` as ISO 8601 in UTC to the millisecond */
export function digestChange({ id, change, replaces, madeBy, madeAt }: Pick<KeptChange, 'id' | 'change' | 'replaces' | 'madeBy' | 'madeAt'>): string {
  return createHash('sha256')
    .update(toCanonicalText({ id, change, replaces, madeBy, madeAt: madeAt.toISOString() }))
    .digest('hex');
}
