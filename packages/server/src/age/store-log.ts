/** The rows of age that the transparency log is held against. Results are not among them: they are forgotten, and no entry names one. */
import { readSourceRows } from '../platform/db/rows.ts';
import type { LogSource } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'age.record_written',
    title: 'entries of the written record of age checks',
    isErased: false,
    rows: readSourceRows({ table: 'age.evidence_record', id: 'sequence', at: 'at' }),
  },
  {
    kind: 'age.trust_changed',
    only: { field: 'change', value: 'imported' },
    title: 'trust lists',
    isErased: true,
    rows: readSourceRows({ table: 'age.trust_list', id: 'name', at: 'imported_at', isAtLeast: true }),
  },
  {
    kind: 'age.trust_changed',
    only: { field: 'change', value: 'muted' },
    title: 'muted issuers',
    isErased: true,
    rows: readSourceRows({ table: 'age.trust_mute', id: 'anchor', at: 'at', isAtLeast: true }),
  },
  {
    kind: 'age.trust_changed',
    only: { field: 'change', value: 'status_list_added' },
    title: 'status lists',
    isErased: true,
    rows: readSourceRows({ table: 'age.status_list', id: 'id', at: 'added_at' }),
  },
  {
    kind: 'age.service_changed',
    only: { field: 'change', value: 'put' },
    title: 'relying services',
    isErased: true,
    rows: readSourceRows({ table: 'age.service', id: 'id', at: 'created_at', isAtLeast: true }),
  },
  {
    kind: 'age.service_changed',
    only: { field: 'change', value: 'client_put' },
    title: 'OpenID clients, by service',
    isErased: true,
    rows: readSourceRows({ table: 'age.openid_client', id: 'service', at: 'created_at', isAtLeast: true }),
  },
];
