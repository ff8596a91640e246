/** Runs of checks, as the log is held against them. */
import { readSourceRows } from '../../platform/db/rows.ts';
import type { LogSource } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'register.checked',
    title: 'runs of the checks of the register',
    // After three years.
    isErased: true,
    rows: readSourceRows({ table: 'register.check_run', id: 'id', at: 'at' }),
  },
];
