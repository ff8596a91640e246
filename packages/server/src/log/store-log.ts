/** The log's own rows that its entries are held against: its witnesses, and the logs that it witnesses. */
import { readSourceRows } from '../platform/db/rows.ts';
import type { LogSource } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'log.witness_changed',
    only: { field: 'change', value: 'cosigner.added' },
    title: 'witnesses of this log',
    isErased: true,
    rows: readSourceRows({ table: 'log.cosigner', id: 'name', at: 'added_at', isAtLeast: true }),
  },
  {
    kind: 'log.witness_changed',
    only: { field: 'change', value: 'witnessed.added' },
    title: 'logs that are witnessed here',
    isErased: false,
    rows: readSourceRows({ table: 'log.witnessed_log', id: 'origin', at: 'added_at', isAtLeast: true }),
  },
];
