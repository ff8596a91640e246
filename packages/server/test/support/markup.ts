/** What must hold for every page, whatever is written on it. */
import { expect } from 'vitest';
import { ALL_RIGHTS, type Principal } from '../../src/platform/http/rights.ts';

/** Would run or show if any page forgot to escape it. */
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
export const NOBODY: Principal = { kind: 'anonymous', id: '127.0.0.1', name: 'nobody', rights: new Set() };
export const PERSON: Principal = { kind: 'session', id: 'per_1', name: 'administrator', rights: new Set(ALL_RIGHTS), csrfToken: 'token-of-the-session' };

export function withRights(...rights: readonly (typeof ALL_RIGHTS)[number][]): Principal {
  return { ...PERSON, rights: new Set(rights) };
}

/** Hostile text stays text; no script, style or handler is inline; one `h1`; every form that changes something carries the token. */
export function expectSafePage(markup: string): void {
  expect(markup.startsWith('<!DOCTYPE html>\n<html lang="en-GB">')).toBe(true);
  expect(markup.match(/<script>alert|<img src=x/g) ?? []).toEqual([]);
  for (const tag of markup.match(/<script\b[^>]*>/g) ?? []) expect(tag).toMatch(/ src="\/assets\/[a-z-]+\.js(\?v=[0-9a-f]{12})?"/);
  // Values are taken out first: a quotation mark within one is always escaped.
  const bare = markup.replaceAll(/"[^"]*"/g, '""');
  expect(bare.match(/<[a-z][^>]*\s(?:style|on[a-z]+)=/gi) ?? []).toEqual([]);
  expect(markup.match(/<style\b|(?:href|src|action)="javascript:/gi) ?? []).toEqual([]);
  expect(markup.match(/<h1[ >]/g)).toHaveLength(1);
  for (const form of markup.match(/<form\b[^>]*method="post"[^>]*>\s*<[^>]*>/g) ?? []) expect(form).toContain('name="_csrf"');
}
