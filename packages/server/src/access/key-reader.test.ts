import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/clock.ts';
import { createKeyReader } from './key-reader.ts';

interface Question {
  readonly ids: readonly string[];
  answer(rows: readonly { readonly id: string; readonly at: number }[]): void;
  fail(error: Error): void;
}

function open(): { readonly reader: ReturnType<typeof createKeyReader<{ id: string; at: number }>>; readonly questions: Question[]; pass(ms: number): void } {
  const questions: Question[] = [];
  const clock = createFakeClock();
  const reader = createKeyReader<{ id: string; at: number }>(clock, (ids) => new Promise((answer, fail) => void questions.push({ ids, answer, fail })));
  return { reader, questions, pass: (ms) => clock.advance(ms) };
}

describe('the reader of keys', () => {
  it('asks at once, and those that come meanwhile together afterwards: each is judged by a question that began after it came', async () => {
    const { reader, questions } = open();
    const first = reader.read('a');
    expect(questions.map(({ ids }) => ids)).toEqual([['a']]);
    const later = [reader.read('a'), reader.read('b'), reader.read('a'), reader.read('c')];
    expect(questions).toHaveLength(1);
    questions[0]?.answer([{ id: 'a', at: 1 }]);
    expect(await first).toEqual({ id: 'a', at: 1 });
    await nextTurn();
    expect(questions.map(({ ids }) => ids)).toEqual([['a'], ['a', 'b', 'c']]);
    // The key was revoked between the two: only what the second question found counts.
    questions[1]?.answer([
      { id: 'b', at: 2 },
      { id: 'a', at: 2 },
    ]);
    expect(await Promise.all(later)).toEqual([{ id: 'a', at: 2 }, { id: 'b', at: 2 }, { id: 'a', at: 2 }, undefined]);
    void reader.read('d');
    expect(questions[2]?.ids).toEqual(['d']);
  });

  it('a question that fails fails its own requests alone', async () => {
    const { reader, questions } = open();
    const failing = [reader.read('a')];
    const after = reader.read('b');
    questions[0]?.fail(new Error('the database is away'));
    await expect(Promise.all(failing)).rejects.toThrow('the database is away');
    await nextTurn();
    questions[1]?.answer([{ id: 'b', at: 1 }]);
    expect(await after).toEqual({ id: 'b', at: 1 });
  });

  it('does not wait for a question that hangs', async () => {
    const { reader, questions, pass } = open();
    const hanging = reader.read('a');
    const waiting = reader.read('b');
    pass(51);
    const next = reader.read('c');
    expect(questions.map(({ ids }) => ids)).toEqual([['a'], ['b', 'c']]);
    questions[1]?.answer([{ id: 'c', at: 1 }]);
    expect(await Promise.all([waiting, next])).toEqual([undefined, { id: 'c', at: 1 }]);
    questions[0]?.answer([{ id: 'a', at: 1 }]);
    expect(await hanging).toEqual({ id: 'a', at: 1 });
  });
});
