/** The rows of the lists that the transparency log is held against. */
import { readSourceRows } from '../platform/db/rows.ts';
import type { LogSource } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'list.changed',
    title: 'list-set versions',
    isErased: false,
    rows: readSourceRows({ table: 'lists.version', id: 'version', at: 'at' }),
  },
];
