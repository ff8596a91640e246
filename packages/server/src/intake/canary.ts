/** Pictures of our own that are sent through the real path to see whether they are found (code/evidence/canaries.ts). */
import type { Principal } from '../platform/http/rights.ts';

/**
 * Who sends them. Ids of keys, persons and addresses have other forms, so that no request can be taken for it: what this principal sends is compared
 * with the list of canaries as well, gets no receipt, stands in no list of uploads and in no count of them.
 */
export const CANARY: Principal = { kind: 'local', id: 'canary', name: 'own test pictures', rights: new Set(['uploads:write', 'uploads:read']) };

export function isCanary(upload: { readonly createdBy: string }): boolean {
  return upload.createdBy === CANARY.id;
}
