/** What a signature of a record stands for. */
import { createHash } from 'node:crypto';
import { toCanonicalText } from '../../log/index.ts';

export interface Digested {
  readonly kind: string;
  readonly subject: string;
  readonly version: number;
  readonly body: unknown;
  readonly signedBy: string;
  readonly signedName: string;
  /** ISO 8601, UTC, to the millisecond. */
  readonly signedAt: string;
}

/** @returns SHA-256 of the canonical JSON of exactly these members, hexadecimal */
export function digestRecord({ kind, subject, version, body, signedBy, signedName, signedAt }: Digested): string {
  return createHash('sha256').update(toCanonicalText({ kind, subject, version, body, signedBy, signedName, signedAt })).digest('hex');
}
