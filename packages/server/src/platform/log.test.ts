import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog, outliveReaders } from './log.ts';

describe('a log to standard error', () => {
  let before: ReturnType<typeof process.stderr.listeners>;
  beforeEach(() => {
    before = process.stderr.listeners('error');
    process.stderr.removeAllListeners('error');
  });
  afterEach(() => {
    process.stderr.removeAllListeners('error');
    for (const listener of before) process.stderr.on('error', listener as () => void);
  });

  it('does not end the process when whoever reads it has gone, however many logs there are', () => {
    for (let n = 0; n < 20; n++) createLog('silent');
    expect(process.stderr.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(true);
    expect(process.stderr.listenerCount('error')).toBe(1);
  });
});

describe('the readers of what commands print', () => {
  const before = process.stdout.listeners('error');
  beforeEach(() => void process.stdout.removeAllListeners('error'));
  afterEach(() => {
    process.stdout.removeAllListeners('error');
    for (const listener of before) process.stdout.on('error', listener as () => void);
  });

  it('may go when they have enough, but what cannot be written for another reason is a fault', () => {
    for (let n = 0; n < 2; n++) outliveReaders();
    expect(process.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe(true);
    expect(process.stdout.listenerCount('error')).toBe(1);
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    expect(() => process.stdout.emit('error', full)).toThrow(full);
  });
});
