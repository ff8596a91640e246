import { describe, expect, it } from 'vitest';
import { addSecurityHeaders, isCrossSite, sessionCookie } from './security.ts';

const isForeign = (headers: Readonly<Record<string, string>>): boolean => isCrossSite({ header: (name) => ({ host: 'gate.example:8080', ...headers })[name] });

describe('isCrossSite', () => {
  it.each([
    [{}, false],
    [{ 'sec-fetch-site': 'same-origin' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ 'sec-fetch-site': 'same-site' }, true],
    [{ 'sec-fetch-site': 'cross-site' }, true],
    [{ 'sec-fetch-site': 'made up' }, true],
    [{ origin: 'http://gate.example:8080' }, false],
    [{ origin: 'http://gate.example' }, true],
    [{ origin: 'http://gate.example:8080.evil.example' }, true],
    [{ origin: 'http://evil.example' }, true],
    [{ origin: 'null' }, true],
    [{ origin: '' }, true],
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://gate.example:8080' }, true],
  ])('%j: %s', (headers, expected) => {
    expect(isForeign(headers)).toBe(expected);
  });
});

describe('addSecurityHeaders', () => {
  it('allows no script or style but our own files, no frame, no other origin', () => {
    const headers = new Headers();
    addSecurityHeaders(headers, false);
    const policy = Object.fromEntries((headers.get('content-security-policy') ?? '').split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1)]));
    expect(policy).toEqual({
      'default-src': ["'none'"],
      'script-src': ["'self'"],
      'style-src': ["'self'"],
      'img-src': ["'self'", 'blob:'],
      'connect-src': ["'self'"],
      'form-action': ["'self'"],
      'base-uri': ["'none'"],
      'frame-ancestors': ["'none'"],
    });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.has('strict-transport-security')).toBe(false);
  });

  it('keeps what the handler set and demands TLS only over TLS', () => {
    const headers = new Headers({ 'cache-control': 'public', 'referrer-policy': 'strict-origin' });
    addSecurityHeaders(headers, true);
    expect([headers.get('cache-control'), headers.get('referrer-policy')]).toEqual(['public', 'strict-origin']);
    expect(headers.get('strict-transport-security')).toContain('max-age=');
  });
});

describe('sessionCookie', () => {
  it('is out of the reach of scripts and other sites, and of plain HTTP where TLS is used', () => {
    expect(sessionCookie('v', { isSecure: false, maxAgeS: 60 })).toBe('gatehouse_session=v; Path=/; HttpOnly; SameSite=Strict; Max-Age=60');
    expect(sessionCookie('v', { isSecure: true, maxAgeS: 60 })).toMatch(/; Secure$/);
  });
});
