import { describe, expect, it } from 'vitest';
import { createAgeGate } from './gate.ts';
import type { AgeGateOptions } from './options.ts';

const GOOD: AgeGateOptions = {
  gatehouseUrl: 'https://age.example',
  apiKey: 'gh_0123456789',
  service: 'forum',
  siteUrl: 'https://forum.example',
  threshold: 18,
  cookieSecret: '0123456789abcdef0123456789abcdef',
};

/** Options as they come from JavaScript. */
const make = (changed: object): unknown => createAgeGate({ ...GOOD, ...changed });

describe('a gate', () => {
  it.each([
    {},
    { gatehouseUrl: 'http://127.0.0.1:8080/' },
    { gatehouseUrl: 'http://[::1]:8080' },
    { gatehouseUrl: 'http://gatehouse:8080', allowHttp: true, publicUrl: 'https://age.example' },
    { siteUrl: 'http://localhost:3000/' },
    { cookieSecret: ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'] },
    {
      basePath: '/members/age',
      direction: 'under',
      threshold: 13,
      minGrade: 0,
      onNo: 'pass',
      passMinutes: 1,
      timeoutMs: 100,
      methods: ['wallet', 'provider:x'],
      locale: 'cy-GB',
    },
  ])('is made with %j', (changed) => {
    expect(make(changed)).toMatchObject({ basePath: changed.basePath ?? '/age-check' });
  });

  it.each([
    [
      'gatehouseUrl',
      [
        undefined,
        '',
        'age.example',
        'http://gatehouse:8080',
        'ftp://age.example',
        'https://a:b@age.example',
        'https://age.example/?x',
        'https://age.example/#x',
      ],
    ],
    ['publicUrl', ['x', 'http://age.example']],
    ['siteUrl', [undefined, 'forum.example', 'http://forum.example', 'https://forum.example/app', 'https://forum.example/?a']],
    ['apiKey', [undefined, '', 'short', 'with space 123', 'line\nbreak12345', 12345678]],
    ['service', [undefined, '', 'Forum', 'a_b', '-a', 'a'.repeat(41)]],
    ['cookieSecret', [undefined, '', 'short', [], ['0123456789abcdef0123456789abcdef', 'short'], 'a'.repeat(64)]],
    ['threshold', [undefined, 0, 100, 17.5, Number.NaN, '18']],
    ['direction', ['above', null]],
    ['minGrade', [-1, 5, 2.5, '2']],
    ['onNo', ['let', null]],
    ['basePath', ['', '/', 'age', '/age/', '//age', '/a%20b', '/../age', '/a/*']],
    ['passMinutes', [0, -1, 1.5, 60 * 24 * 31, Number.POSITIVE_INFINITY, '60']],
    ['timeoutMs', [0, 99, 60_001, '5']],
    ['methods', [[], ['Wallet'], [''], Array.from({ length: 33 }, () => 'wallet')]],
    ['locale', ['', 'english', 'e', 'en_GB', 'en\r\n']],
  ] as const)('is not made with a wrong %s', (name, values) => {
    for (const value of values) {
      const fault = catchFault(() => make({ [name]: value }));
      expect(fault, JSON.stringify(value)).toMatchObject({
        name: 'GatehouseClientError',
        code: 'option_invalid',
        message: expect.stringMatching(new RegExp(`^${name}: `)),
      });
      // Secrets are not repeated.
      for (const secret of ['apiKey', 'cookieSecret'])
        if (name === secret && typeof value === 'string' && value.length > 3) expect(String(fault)).not.toContain(value);
    }
  });

  it('has no handler with a wrong policy', () => {
    const gate = createAgeGate(GOOD);
    for (const options of [
      { threshold: 0 },
      { threshold: 100 },
      { minGrade: 5 },
      { onNo: 'x' },
      { direction: 'x' },
      { under: '' },
      { under: 'adults' },
      { under: [] },
      { under: '/a/*' },
      { under: '/a?b' },
    ])
      expect(() => gate.protect(options as object), JSON.stringify(options)).toThrow(/option_invalid|: it is/);
  });
});

function catchFault(run: () => unknown): unknown {
  try {
    run();
  } catch (fault) {
    return fault;
  }
  return undefined;
}
