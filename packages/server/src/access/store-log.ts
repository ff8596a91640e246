/** The rows of access that the transparency log is held against. */
import { readSourceRows } from '../platform/db/rows.ts';
import type { LogSource } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'key.created' },
    title: 'API keys',
    isErased: false,
    rows: readSourceRows({ table: 'access.api_key', id: 'id', at: 'created_at' }),
  },
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'key.revoked' },
    title: 'API keys that were revoked',
    isErased: false,
    rows: readSourceRows({ table: 'access.api_key', id: 'id', at: 'revoked_at' }),
  },
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'sign_in_link.created' },
    title: 'sign-in links, by person',
    isErased: true,
    rows: readSourceRows({ table: 'access.sign_in_link', id: 'person_id', at: 'created_at', isAtLeast: true }),
  },
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'session.created' },
    title: 'sessions, by person',
    isErased: true,
    rows: readSourceRows({ table: 'access.session', id: 'person_id', at: 'created_at', isAtLeast: true }),
  },
];
