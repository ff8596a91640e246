/** Evaluations and targets, as the log is held against them. */
import { readSourceRows } from '../../platform/db/rows.ts';
import type { LogSource } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'code.evaluated',
    title: 'evaluations of the measures',
    // After three years.
    isErased: true,
    rows: readSourceRows({ table: 'code.evaluation', id: 'id', at: 'at' }),
  },
  {
    kind: 'code.changed',
    only: { field: 'change', value: 'target_set' },
    title: 'targets of the service',
    isErased: false,
    rows: readSourceRows({ table: 'code.target', id: 'id', at: 'set_at' }),
  },
];
