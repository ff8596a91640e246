import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../platform/config.ts';
import { NO_PROVIDERS } from '../providers/configuration.ts';
import { isDemoOn } from './availability.ts';
import { checks } from './checks.ts';
import { readQuestion } from './demo-rules.ts';
import { attestAges, bornOn } from './people.ts';
import { addDemoProvider } from './provider.ts';
import { createRuns } from './runs.ts';
import { formatShape, hideSecrets, toShape } from './shapes.ts';
import { createFakeClock } from '../../../test/support/clock.ts';

const configure = (overrides: object) => loadConfig({ env: {}, overrides }).config;
const PUBLIC = { host: '0.0.0.0', trustedProxies: '10.0.0.1' };

describe('where it is on', () => {
  it.each([
    [{}, true, 'ok'],
    [{ host: '::1' }, true, 'ok'],
    [{ publicUrl: 'https://age.example' }, false, 'ok'],
    [{ trustedProxies: 'loopback' }, false, 'ok'],
    [{ allowedHosts: 'age.example' }, false, 'ok'],
    [PUBLIC, false, 'ok'],
    [{ ageDemo: 'off' }, false, 'ok'],
    [{ ageDemo: 'on' }, true, 'ok'],
    [{ ageDemo: 'on', ...PUBLIC }, true, 'attention'],
    [{ ageDemo: 'on', publicUrl: 'https://age.example' }, true, 'attention'],
  ])('%o: %s, and the check says %s', async (overrides, isOn, status) => {
    const config = configure(overrides);
    expect(isDemoOn(config)).toBe(isOn);
    const found = await checks(config)[0]?.run();
    expect([found?.status, found?.remedy === undefined]).toEqual([status, status === 'ok']);
    expect(addDemoProvider(NO_PROVIDERS, isOn).providers.map(({ id, isForDemo }) => [id, isForDemo])).toEqual(isOn ? [['demo', true]] : []);
  });

  it('a provider of the operator that has the same name stays what it is', () => {
    const { providers } = addDemoProvider(NO_PROVIDERS, true);
    const own = { maxWrongAccept: 0.01, providers: providers.map(({ isForDemo: _is, ...provider }) => provider as (typeof providers)[number]) };
    expect(addDemoProvider(own, true)).toBe(own);
  });
});

describe('the question', () => {
  it.each([
    [{ question: 'over-18' }, { threshold: 18, direction: 'over' }],
    [{ question: 'over-16' }, { threshold: 16, direction: 'over' }],
    [{ question: 'under-13' }, { threshold: 13, direction: 'under' }],
    [
      { question: 'other', threshold: '7', direction: 'under' },
      { threshold: 7, direction: 'under' },
    ],
    [
      { question: 'other', threshold: '99' },
      { threshold: 99, direction: 'over' },
    ],
    [{ question: 'other', threshold: '' }, undefined],
    [{ question: 'other', threshold: '0' }, undefined],
    [{ question: 'other', threshold: '100' }, undefined],
    [{ question: 'other', threshold: '1e1' }, undefined],
  ] as const)('%o', (form, expected) => {
    expect(readQuestion({ direction: 'over', threshold: '', ...form })).toEqual(expected);
  });
});

describe('the people', () => {
  it('are as old as they are called, on every day', () => {
    for (const day of ['2026-02-28', '2028-02-29', '2026-12-31', '2027-01-01', '2045-06-30']) {
      const now = new Date(`${day}T23:59:59Z`);
      expect(attestAges('fifteen', 14, now)).toMatchObject({ age_over_14: true, age_over_15: true, age_over_16: false });
      expect(attestAges('twelve', 12, now)).toMatchObject({ age_over_12: true, age_over_13: false });
      expect(attestAges('adult', 30, now)).toMatchObject({ age_over_18: true, age_over_30: true });
    }
    expect(bornOn('adult', new Date())).toBe('1990-05-17');
  });
});

describe('what is shown', () => {
  it('leaves secrets and long texts out, at any depth', () => {
    const message = { nonce: 'secret', a: { state: 'secret', list: [{ x: 'secret', kty: 'EC' }] }, token: 'y'.repeat(100), none: undefined, n: 1, is: true };
    expect(toShape(message)).toEqual({
      nonce: '…',
      a: { state: '…', list: [{ x: '…', kty: 'EC' }] },
      token: `${'y'.repeat(24)}… (100 characters)`,
      n: 1,
      is: true,
    });
    const id = 'a'.repeat(40);
    for (const address of [`/age/wallet/response/${id}`, `/age/w/${id}`, `/age/age_1/back?response_code=${id}`])
      expect(hideSecrets(address)).not.toContain('aaaa');
  });

  it('is JSON', () => {
    const value = { a: [1, 2, { b: 'c'.repeat(60) }], d: {}, e: [], f: null, 'g"': 'h"' };
    expect(JSON.parse(formatShape(value))).toEqual(value);
    expect(formatShape({ a: 1 })).toBe('{"a":1}');
  });
});

describe('runs', () => {
  const RUN = { sessionId: 'age_1', clientToken: 'agc_1', nonce: 'n', question: { threshold: 18, direction: 'over' } } as const;
  const step = { title: 't', call: 'GET /', status: 200 };

  it('are found by their cookie, for an hour', () => {
    const clock = createFakeClock();
    const runs = createRuns(clock);
    const cookie = runs.open(RUN, { isSecure: true });
    expect(cookie).toMatch(/^gatehouse_age_try=[0-9a-f]{64}; Path=\/age\/try; HttpOnly; SameSite=Lax; Max-Age=3600; Secure$/);
    runs.note('age_1', [step]);
    runs.note('age_2', [step]);
    expect(runs.findByCookie(`other=1; ${cookie}`)).toEqual({ ...RUN, steps: [step], end: undefined });
    for (const wrong of [undefined, '', 'gatehouse_age_try=', `gatehouse_age_try=${'0'.repeat(64)}`]) expect(runs.findByCookie(wrong)).toBeUndefined();
    clock.advance(3_600_000);
    expect(runs.findByCookie(cookie)).toBeUndefined();
  });

  it('are bounded: the oldest goes', () => {
    const runs = createRuns(createFakeClock());
    const cookies = Array.from({ length: 201 }, (_, at) => runs.open({ ...RUN, sessionId: `age_${at}` }, { isSecure: false }));
    expect(runs.findByCookie(cookies[0])).toBeUndefined();
    expect(cookies.slice(1).every((cookie) => runs.findByCookie(cookie) !== undefined)).toBe(true);
    for (let at = 0; at < 100; at++) runs.note('age_5', [step]);
    expect(runs.findByCookie(cookies[5])?.steps).toHaveLength(60);
  });
});
