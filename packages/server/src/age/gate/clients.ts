/** Who may use the OpenID facade. */
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { hashSecret, newSecret } from '../sessions/secrets.ts';
import type { AgeServices } from '../sessions/schema.ts';
import type { ClientInput, ClientView } from './schema.ts';
import { deleteClient, findClient, listClients, putClient, type ClientRow } from './store.ts';

const SECRET_PREFIX = 'ags_';

export interface AgeClients {
  /** The same id again changes the client; its secret stays unless a new one is asked for. */
  put(input: ClientInput): Promise<ClientView>;
  list(): Promise<ClientView[]>;
  remove(id: string): Promise<void>;
}

export interface ClientParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'events'>;
  readonly services: Pick<AgeServices, 'list'>;
}

export function createAgeClients({ context, services }: ClientParts): AgeClients {
  const { database, clock, events } = context;
  return {
    async put(input) {
      const known = await services.list();
      if (!known.some(({ id }) => id === input.service))
        throw new GatehouseError('invalid_request', 'The client was not registered.', {
          errors: [{ at: '/service', message: 'there is no such service; `gatehouse age service list` lists them' }],
        });
      const id = input.id ?? input.service;
      return database.transact(async (tx) => {
        const before = await findClient(tx, id);
        if (before !== undefined && before.service !== input.service)
          throw new GatehouseError('conflict', `This client belongs to the service ${before.service}. Nothing was changed.`);
        const secret = takesSecret(input, before) ? `${SECRET_PREFIX}${newSecret()}` : undefined;
        const row = await putClient(tx, {
          id,
          service: input.service,
          redirect_uris: [...new Set(input.redirectUris)],
          secret_hash: input.isPublic ? null : secret === undefined ? (before?.secret_hash ?? null) : hashSecret(secret),
          min_grade: input.minGrade,
          created_at: clock.now(),
        });
        await events.emit('age.service_changed', { service: input.service, change: 'client_put' }, tx);
        return toView(row, secret);
      });
    },
    list: async () => (await listClients(database.sql)).map((row) => toView(row)),
    async remove(id) {
      await database.transact(async (tx) => {
        const gone = await deleteClient(tx, id);
        if (gone === undefined) throw new GatehouseError('not_found', 'There is no such client.');
        await events.emit('age.service_changed', { service: gone.service, change: 'client_removed' }, tx);
      });
    },
  };
}

function takesSecret(input: ClientInput, before: ClientRow | undefined): boolean {
  if (input.isPublic) return false;
  return input.newSecret || before === undefined || before.secret_hash === null;
}

function toView(row: ClientRow, clientSecret?: string): ClientView {
  return {
    id: row.id,
    service: row.service,
    redirectUris: row.redirect_uris,
    isPublic: row.secret_hash === null,
    minGrade: row.min_grade,
    createdAt: row.created_at.toISOString(),
    ...(clientSecret === undefined ? {} : { clientSecret }),
  };
}
