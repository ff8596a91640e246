import { describe, expect, it } from 'vitest';
import { callbackDelayS, newWebhookSecret, rateAttempt, signCallback } from './webhooks.ts';

describe('callbackDelayS', () => {
  it('never shrinks and never exceeds an hour', () => {
    const delays = Array.from({ length: 40 }, (_none, index) => callbackDelayS(index + 1));
    expect(delays[0]).toBe(5);
    expect(delays.at(-1)).toBe(3600);
    expect(delays.toSorted((a, b) => a - b)).toEqual(delays);
  });
});

describe('signCallback', () => {
  it('gives the signature of the example in the Standard Webhooks specification', () => {
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1_614_265_330, body: '{"test": 2432232314}' };
    expect(signCallback('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', message)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('depends on each part', () => {
    const message = { id: 'msg_1', timestampS: 1, body: '{}' };
    const secret = newWebhookSecret();
    const all = [message, { ...message, id: 'msg_2' }, { ...message, timestampS: 2 }, { ...message, body: '[]' }].map((one) => signCallback(secret, one));
    expect(new Set([...all, signCallback(newWebhookSecret(), message)]).size).toBe(5);
  });
});

describe('rateAttempt', () => {
  const at = new Date('2026-11-25T12:00:00Z');
  const made = { attempts: 1, giveUpAt: new Date(at.getTime() + 60_000) };

  it.each([
    ['taken', { status: 204, fault: null }, made, 'delivered'],
    ['a fault is tried again', { status: 500, fault: 'status' }, made, 'pending'],
    ['410 means that no more is wanted', { status: 410, fault: 'status' }, made, 'dead'],
    ['when the time is up', { status: null, fault: 'timeout' }, { ...made, giveUpAt: at }, 'dead'],
  ] as const)('%s', (_name, result, attempt, state) => {
    const rating = rateAttempt(attempt, result, at);
    expect(rating.state).toBe(state);
    expect(rating.nextAttemptAt?.getTime()).toBe(state === 'pending' ? at.getTime() + 5_000 : undefined);
    expect(rating.endedAt).toEqual(state === 'pending' ? null : at);
  });
});
