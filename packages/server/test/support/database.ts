/** A fresh, empty database for one test file. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase, type Database, type DatabaseTarget } from '../../src/platform/db/database.ts';
import { migrate, type DomainMigrations } from '../../src/platform/db/migrate.ts';
import { silentLog } from '../../src/platform/log.ts';

export interface TestDatabase {
  readonly database: Database;
  readonly target: DatabaseTarget;
  /** Closes the connections and drops the database. */
  drop(): Promise<void>;
}

export async function createTestDatabase(domains: readonly DomainMigrations[] = []): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name}`);
  const target: DatabaseTarget = { host: server.host, port: server.port, user: server.user, database: name };
  const database = openDatabase({ target, connections: 10, log: silentLog });
  if (domains.length > 0) await migrate(database, domains, silentLog);
  return {
    database,
    target,
    async drop() {
      await database.close();
      await remove(name);
    },
  };
}

/** Object in use: PostgreSQL waits five seconds for sessions that it has told to end, which a busy machine may need longer for. */
const IN_USE = '55006';
const ATTEMPTS_MAX = 6;

async function remove(name: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await administer(`drop database if exists ${name} with (force)`);
    } catch (error) {
      if (Reflect.get(Object(error), 'code') !== IN_USE || attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client(inject('postgres'));
  // A connection that breaks fails the statement; without a listener its event would end the run as well.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
