import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBelow, splitTarget, toLocalPath } from './paths.ts';

/** Code units of all kinds, lone surrogates included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

const PLACE = { site: 'https://forum.example', basePath: '/age-check' };

describe('where a person is sent back to', () => {
  it.each([
    ['/', '/'],
    ['/adults', '/adults'],
    ['/adults/a%20b?x=%2F%2Fevil.example&y=1', '/adults/a%20b?x=%2F%2Fevil.example&y=1'],
    ['/adults/../other', '/other'],
    // Elsewhere, or read as elsewhere by some browser.
    ['//evil.example', '/'],
    ['///evil.example', '/'],
    ['/\\evil.example', '/'],
    ['\\\\evil.example', '/'],
    ['/.//evil.example', '/'],
    ['/..//evil.example', '/'],
    ['/%2e//evil.example', '/'],
    ['/x/..//evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/\n/evil.example', '/'],
    [' //evil.example', '/'],
    ['https://evil.example/', '/'],
    ['https:evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['data:text/html,x', '/'],
    ['evil.example', '/'],
    ['@evil.example', '/'],
    ['?x', '/'],
    ['', '/'],
    [undefined, '/'],
    ['/adults"onx=', '/'],
    ['/adults\r\nset-cookie:x=1', '/'],
    ['/adults/ü', '/'],
    [`/${'a'.repeat(1000)}`, '/'],
    // A way of beginning, in any spelling.
    ['/age-check/start?ask=x', '/'],
    ['/AGE-CHECK/start', '/'],
    ['/%61ge-check/start', '/'],
    ['/x/../age-check/return', '/'],
  ])('%j gives %j', (text, expected) => {
    expect(toLocalPath(text, PLACE)).toBe(expected);
  });

  it('is on the site, for whatever text, and stays what it is', () => {
    const hostile = fc.stringMatching(/^[/\\.%@:?#a-z2fe5c\t\n]{0,24}$/);
    const isOnSite = (text: string): boolean => {
      const path = toLocalPath(text, PLACE);
      const origins = [`${PLACE.site}${path}`, new URL(path, PLACE.site).href, new URL(path, `${PLACE.site}/adults/x`).href].map((url) => new URL(url).origin);
      return /^\/(?![/\\])/.test(path) && origins.every((origin) => origin === PLACE.site) && toLocalPath(path, PLACE) === path;
    };
    fc.assert(fc.property(fc.oneof(anyText, hostile, fc.webPath()), isOnSite), { numRuns: 2000 });
  });
});

describe('below a prefix', () => {
  it.each([
    '/adults',
    '/adults/',
    '/adults/page?x=1',
    '/ADULTS/page',
    '/%61dults/page',
    '/%61%64%75%6c%74%73',
    '/%2561dults/page',
    '/%252561dults/page',
    '//adults/page',
    '/./adults',
    '/public/../adults/page',
    '/public/%2e%2e/adults/page',
    '/public%2f..%2fadults',
    '/z%2fq/%252e%252e/adults',
    '/public/..%5cadults',
    '\\adults\\page',
    '/adults%2fpage',
    '/adults%5cpage',
    '/adults;v=1/page',
    '/adults%3bv=1/page',
    '/adults%3fx',
    '/adults%23x',
    '/adults%00',
    '/adults./page',
    '/adults%20/page',
    '/adults/../public',
    '/adults/%2e%2e/age-check/start',
    '/ａdults',
    '/%EF%BD%81dults',
    '//host/adults/page',
    '/\\host/adults',
    'http://evil.example/adults/page',
  ])('is %s', (target) => {
    expect(isBelow(splitTarget(target).path, '/adults')).toBe(true);
  });

  it.each([
    '/',
    '/public',
    '/adultsx',
    '/adult',
    '/x/adults',
    '/x%2fadults',
    '/?/adults',
    '/#/adults',
    '/public?to=/../adults',
    '/public/../other',
    '/%E4/adults',
    '/x//adults',
    '/adults%ff',
    '/%61dults%ff/%',
  ])('is not %s', (target) => {
    expect(isBelow(splitTarget(target).path, '/adults')).toBe(false);
  });

  it('is every spelling of it, and nothing for another word', () => {
    const spelling = (word: string): fc.Arbitrary<string> =>
      fc
        .tuple(
          ...word
            .split('')
            .map((letter) => fc.constantFrom(letter, letter.toUpperCase(), `%${letter.charCodeAt(0).toString(16)}`, `%25${letter.charCodeAt(0).toString(16)}`)),
        )
        .map((letters) => letters.join(''));
    const slash = fc.constantFrom('/', '//', '/./', '%2f', '%2F', '\\', '%5c', '%252f', '/x/../');
    const path = (word: string): fc.Arbitrary<string> =>
      fc
        .tuple(fc.constantFrom('/', '/./', '/x/../', '/%2e/', '//', '/x%2f../'), spelling('members'), slash, spelling(word), slash, fc.webPath())
        .map((parts) => parts.join(''));
    fc.assert(
      fc.property(path('adults'), (text) => isBelow(splitTarget(text).path, '/members/adults')),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(path('general'), (text) => !isBelow(splitTarget(text.replaceAll('adults', '')).path, '/members/adults')),
      { numRuns: 500 },
    );
  });

  it('is everything for the root', () => {
    fc.assert(fc.property(anyText, (text) => isBelow(splitTarget(text).path, '/')));
  });
});
