import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { checkNode, createPlatformChecks, runChecks } from './checks.ts';

describe('platform checks', () => {
  let test: TestDatabase;
  let held: TestContext;

  beforeEach(async () => {
    test = await createTestDatabase();
    held = await createTestContext({ database: test.database });
  });

  afterEach(async () => {
    await held.dispose();
    await test.drop();
  });

  it('finds a healthy installation healthy', async () => {
    const outcomes = await runChecks(createPlatformChecks(held.context));
    expect(outcomes.map(({ name }) => name)).toEqual(['platform.disk', 'platform.database', 'platform.clock', 'platform.node']);
    for (const name of ['platform.database', 'platform.clock']) expect(outcomes.find((outcome) => outcome.name === name)?.status).toBe('ok');
  });

  it('says that the database is away, and that nothing was released', async () => {
    await held.context.database.close();
    const [outcome] = await runChecks(createPlatformChecks(held.context).filter(({ name }) => name === 'platform.database'));
    expect(outcome).toMatchObject({ status: 'fail', isReadiness: true });
    expect(outcome?.finding).toContain('nothing is released');
  });

  it('finds a clock that is wrong', async () => {
    const wrong = { ...held.context, clock: { ...held.context.clock, now: () => new Date(Date.UTC(2001, 0, 1)) } };
    const [outcome] = await runChecks(createPlatformChecks(wrong).filter(({ name }) => name === 'platform.clock'));
    expect(outcome?.status).toBe('attention');
  });

  it('counts a check that throws as failed, never as passed', async () => {
    const [outcome] = await runChecks([{ name: 'sample', title: 'Sample', run: () => Promise.reject(new Error('broken')) }]);
    expect(outcome).toMatchObject({ status: 'fail', finding: 'The check itself failed: broken' });
  });

  it('asks for a maintained Node.js', () => {
    expect(checkNode('20.20.2').status).toBe('attention');
    expect(checkNode('24.21.0').status).toBe('ok');
  });
});
