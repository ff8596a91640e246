/** The styles of the page are a file of their own; the colours are the console's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const read = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', '..', 'web', name), 'utf8');

/** For each colour scheme: the custom properties of `:root`. */
function readColours(css: string): Map<string, string>[] {
  return [...css.matchAll(/:root \{([^}]*)\}/g)].map(
    ([, body = '']) => new Map([...body.matchAll(/(--[\w-]+): ([^;]+);/g)].map(([, name = '', value = '']) => [name, value])),
  );
}

it('has the colours of the console, light and dark', () => {
  const [own, console] = [readColours(read('age.css')), readColours(read('console.css'))];
  expect([own.length, console.length]).toEqual([2, 2]);
  for (const [scheme, colours] of own.entries()) {
    expect(colours.size).toBeGreaterThan(15);
    for (const [name, value] of colours) expect([scheme, name, value]).toEqual([scheme, name, console[scheme]?.get(name)]);
  }
  // Dark has every colour of its own that the console's dark has.
  expect([...(own[0]?.keys() ?? [])].filter((name) => console[1]?.has(name) && !own[1]?.has(name))).toEqual([]);
});

it('uses what it declares, and declares what it uses', () => {
  const css = read('age.css');
  const used = new Set([...css.matchAll(/var\((--[\w-]+)\)/g)].map(([, name]) => name));
  expect([...(readColours(css)[0]?.keys() ?? [])].toSorted()).toEqual([...used].toSorted());
});

it('fetches nothing', () => {
  expect(read('age.css')).not.toMatch(/url\(|@import|@font-face/);
});
