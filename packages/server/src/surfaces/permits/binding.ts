/** What a permit is for. */
import { hash } from 'node:crypto';

/** Without the permit's secret nobody can tell from this which file that was. */
export function bindTo(bound: { readonly secret: string; readonly sha256: string; readonly sizeBytes: number; readonly owner: string }): Buffer {
  return hash('sha256', JSON.stringify(['gatehouse permit 1', bound.secret, bound.sha256, bound.sizeBytes, bound.owner]), 'buffer');
}
