import { expect, it } from 'vitest';
import { chooseLanguage, knownLanguage, LANGUAGE_NAMES, LANGUAGES } from './languages.ts';

const names = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).toSorted();

it.each(Object.keys(LANGUAGES))('%s has every text, with the same places to fill in', (code) => {
  const { en, [code]: own } = LANGUAGES as Record<string, Record<string, string>>;
  if (own === undefined || en === undefined) throw new Error('unknown');
  for (const [key, text] of Object.entries(en)) {
    expect([key, names(own[key] ?? '')]).toEqual([key, names(text)]);
    expect(own[key]?.trim()).toBe(own[key]);
    expect(own[key]).not.toBe('');
    // A text that nobody translated; the few that are the same word are named.
    if (code !== 'en' && own[key] === text) expect(['codeLabel', 'errorPrefix']).toContain(key);
  }
  expect(Object.keys(own)).toEqual(Object.keys(en));
});

it.each([
  ['en', 'en'],
  ['cy-GB', 'cy'],
  ['de-AT,de;q=0.9,en;q=0.5', 'de'],
  ['ja,pl;q=0.8', 'pl'],
  ['ja', 'en'],
  ['', 'en'],
  [undefined, 'en'],
  ['__proto__', 'en'],
])('%s is answered in %s', (wanted, code) => {
  expect(chooseLanguage(wanted).code).toBe(code);
});

it('every language has a name, and no other word is one', () => {
  expect(Object.keys(LANGUAGE_NAMES)).toEqual(Object.keys(LANGUAGES));
  expect([undefined, '', 'EN', 'en-GB', 'toString', 'cy'].map(knownLanguage)).toEqual([undefined, undefined, undefined, undefined, undefined, 'cy']);
});

it('fills in, and leaves what it does not know', () => {
  expect(chooseLanguage('fr').say('askOver', { age: 18 })).toBe('Avez-vous 18 ans ou plus ?');
  expect(chooseLanguage('en').say('askOver')).toBe('Are you {age} or older?');
});
