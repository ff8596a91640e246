import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairQueue } from './fair-queue.ts';

describe('FairQueue', () => {
  test('keys take turns, each in the order of its own entries', () => {
    const queue = new FairQueue<string>();
    for (const item of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) queue.add(item[0] ?? '', item);
    expect(Array.from({ length: 7 }, () => queue.take())).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
    expect(queue.take()).toBeUndefined();
  });

  test('a newcomer waits for one entry of each other key at most', () => {
    const queue = new FairQueue<string>();
    for (let i = 0; i < 1000; i++) queue.add('crowd', `crowd ${i}`);
    queue.take();
    queue.add('newcomer', 'newcomer');
    expect([queue.take(), queue.take()]).toContain('newcomer');
  });

  test('nothing is lost or given twice, whatever is added, taken and removed', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new FairQueue<string>();
        const waiting = new Set<string>();
        for (const [index, action] of steps.entries()) {
          if (action.kind === 'add') {
            const item = `${action.key}${index}`;
            queue.add(action.key, item);
            waiting.add(item);
          } else if (action.kind === 'take') {
            const item = queue.take();
            expect(item === undefined ? waiting.size === 0 : waiting.delete(item)).toBe(true);
          } else {
            const item = [...waiting][action.pick % Math.max(1, waiting.size)] ?? 'absent';
            expect(queue.remove(item[0] ?? '', item)).toBe(waiting.delete(item));
          }
          expect(queue.size).toBe(waiting.size);
        }
        expect(new Set(queue.drain())).toEqual(waiting);
        expect(queue.size).toBe(0);
      }),
    );
  });
});
