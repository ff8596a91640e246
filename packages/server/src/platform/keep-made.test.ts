import { expect, it } from 'vitest';
import { keepMade } from './keep-made.ts';

it('makes once for all who ask, and again after a failure', async () => {
  let tries = 0;
  const take = keepMade(async () => {
    tries += 1;
    if (tries === 1) throw new Error('the database is away');
    return tries;
  });
  const first = await Promise.allSettled([take(), take()]);
  expect([first.map(({ status }) => status), tries]).toEqual([['rejected', 'rejected'], 1]);
  expect(await Promise.all([take(), take()])).toEqual([2, 2]);
  expect(await take()).toBe(2);
});
