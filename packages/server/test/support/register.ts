/** The register on a real database, with checks whose results a test sets. */
import { logDomain, type LogService } from '../../src/log/index.ts';
import type { Clock } from '../../src/platform/clock.ts';
import type { AppContext } from '../../src/platform/context.ts';
import type { SettingKey } from '../../src/platform/config.ts';
import { migrations as exchangeMigrations } from '../../src/register/exchange/migrations.ts';
import { migrations } from '../../src/register/model/migrations.ts';
import type { Change, CheckView, RegisterService } from '../../src/register/model/schema.ts';
import { createRegisterService } from '../../src/register/model/service.ts';
import { createTestContext } from './context.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export const EDITOR = 'per_editor';
export const REVIEWER = 'per_reviewer';

export interface TestRegister {
  readonly register: RegisterService;
  readonly context: AppContext;
  readonly log: LogService;
  readonly checks: Map<string, CheckView>;
  /** Proposed, submitted and published by two people. @returns the id of the change */
  publish(change: Change, replaces?: string): Promise<string>;
  dispose(): Promise<void>;
}

export const createRegisterDatabase = (): Promise<TestDatabase> =>
  createTestDatabase([
    { domain: logDomain.name, migrations: logDomain.migrations },
    { domain: 'register', migrations: [...migrations, ...exchangeMigrations] },
  ]);

export async function startRegister(
  db: TestDatabase,
  { clock, config = {} }: { readonly clock: Clock; readonly config?: Partial<Record<SettingKey, unknown>> },
): Promise<TestRegister> {
  const test = await createTestContext({ database: db.database, clock, config });
  const { context } = test;
  const { service: log } = await logDomain.create(context, {});
  const checks = new Map<string, CheckView>();
  const register = await createRegisterService({ context, checks: { all: async () => [...checks.values()].map((check) => ({ ...check, runId: null })) } });
  return {
    register,
    context,
    log,
    checks,
    async publish(change, replaces) {
      const { id } = await register.propose(change, { actor: EDITOR, replaces });
      await register.submit(id, EDITOR);
      await register.publish(id, REVIEWER);
      return id;
    },
    dispose: () => test.dispose(),
  };
}

export function makeCheck(name: string, result: CheckView['result'], finding = 'A finding.'): CheckView {
  return { name, title: `Title of ${name}`, expected: 'At least one.', result, finding, lastRunAt: null, logIndex: null };
}
