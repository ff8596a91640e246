import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readTokens } from './html-token-rules.ts';
import { findFaults, readHeadings } from './html-check-rules.ts';
import { readAvailable, readLastOk, readPageFaults } from './site-rules.ts';
import { countSyllables, estimateReadingAge, readText } from './reading-age-rules.ts';
import type { ProbeResult } from './store-probes.ts';

describe('tokens', () => {
  test.each<[string, unknown[]]>([
    ['a &amp; b &#8217; &#x41; &nope; &#1114112;', [{ kind: 'text', text: 'a & b ’ A &nope; \uFFFD' }]],
    [
      '<p>x</p>',
      [
        { kind: 'open', name: 'p' },
        { kind: 'text', text: 'x' },
        { kind: 'close', name: 'p' },
      ],
    ],
    ['<!doctype html><!-- <p> --><b', [{ kind: 'open', name: 'b' }]],
    [
      '1 < 2',
      [
        { kind: 'text', text: '1 ' },
        { kind: 'text', text: '<' },
        { kind: 'text', text: ' 2' },
      ],
    ],
    [
      '<script>if (a < b) "</p>"</script>x',
      [
        { kind: 'open', name: 'script' },
        { kind: 'close', name: 'script' },
        { kind: 'text', text: 'x' },
      ],
    ],
    [
      '<title>A <b> title</title>',
      [
        { kind: 'open', name: 'title' },
        { kind: 'text', text: 'A <b> title' },
        { kind: 'close', name: 'title' },
      ],
    ],
    ['<style>never closed', [{ kind: 'open', name: 'style' }]],
    ['<!-- never closed', []],
  ])('%s', (html, tokens) => {
    expect(readTokens(html).map((token) => ('attributes' in token ? { kind: token.kind, name: token.name } : token))).toEqual(tokens);
  });

  test('attributes in every notation; the first one counts', () => {
    const [token] = readTokens(`<INPUT Type="text" id=a name='b "c"' disabled title="x > y" id=z data-x = "1"/>`);
    expect(token?.kind === 'open' ? Object.fromEntries(token.attributes) : undefined).toEqual({
      type: 'text',
      id: 'a',
      name: 'b "c"',
      disabled: '',
      title: 'x > y',
      'data-x': '1',
    });
  });

  test('whatever comes in, it ends, and no text is invented', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '</',
      '<p',
      '"',
      "'",
      '=',
      ' ',
      '<!--',
      '-->',
      '<script>',
      '</script>',
      '&#',
      ';',
      'a',
      '<a href="',
      '/',
      '<!',
      '\n',
      '\0',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), (pieces) => {
        const html = pieces.join('');
        const tokens = readTokens(html);
        const length = tokens.reduce((sum, token) => sum + (token.kind === 'text' ? token.text.length : 1), 0);
        expect(length).toBeLessThanOrEqual(html.length);
        findFaults(tokens);
        estimateReadingAge(readText(tokens));
      }),
      { numRuns: 500 },
    );
  });

  test('long hostile pages take time in proportion to their length', () => {
    // With a quadratic step each of these would take minutes.
    for (const html of [
      '<'.repeat(300_000),
      '<a '.repeat(200_000),
      '<a href="'.repeat(100_000),
      '<!--'.repeat(200_000),
      `<p ${'a=b '.repeat(200_000)}`,
      '<title>'.repeat(100_000),
      '<a href>'.repeat(100_000),
      '<h2>'.repeat(100_000),
    ]) {
      const tokens = readTokens(html);
      findFaults(tokens);
      readHeadings(tokens);
    }
  });
});

const GOOD = `<!doctype html><html lang="en"><head><title>Terms</title><meta name="viewport" content="width=device-width, initial-scale=1"></head><body>
<h1>Terms</h1><h2>One</h2><h3>Two</h3><h2>Three</h2><img src=a alt=""><img src=b alt="A map"><a href="/x">More</a><a href="/y"><img src=c alt="Home"></a>
<label for="q">Question</label><input id="q"><label>Name <input type="text"></label><input type="hidden"><input type=submit><select aria-label="Kind"></select></body></html>`;

describe('static checks', () => {
  const faults = (html: string): Record<string, number> => Object.fromEntries(findFaults(readTokens(html)));

  test('a good page has none', () => {
    expect(faults(GOOD)).toEqual({});
    expect(readHeadings(readTokens(GOOD))).toEqual(['Terms', 'One', 'Two', 'Three']);
  });

  test.each<[string, string, string, number]>([
    ['language', ' lang="en"', '', 1],
    ['language', 'lang="en"', 'lang=" "', 1],
    ['title', '<title>Terms</title>', '', 1],
    ['title', '>Terms</title>', '> </title>', 1],
    ['first_heading', '<h1>Terms</h1>', '', 1],
    ['first_heading', '<h2>Three</h2>', '<h1>Three</h1>', 1],
    ['heading_order', '<h2>One</h2>', '', 1],
    ['picture', ' alt=""', '', 1],
    ['label', 'for="q"', 'for="p"', 1],
    ['label', '<label>Name <input type="text"></label>', '<textarea></textarea><input>', 2],
    ['label', ' aria-label="Kind"', '', 1],
    ['link', '>More<', '> <', 1],
    ['link', ' alt="Home"', ' alt=""', 1],
    ['zoom', 'initial-scale=1', 'user-scalable=no', 1],
    ['zoom', 'initial-scale=1', 'maximum-scale=1.0', 1],
  ])('%s: %s -> %s', (fault, from, to, count) => {
    expect(GOOD).toContain(from);
    expect(faults(GOOD.replace(from, to))).toEqual({ [fault]: count });
  });

  test('what nobody sees needs no name', () => {
    expect(faults(GOOD.replace('</body>', '<img src=x aria-hidden="true"><a href="/z" aria-hidden="true"></a><img src=y role="presentation"></body>'))).toEqual(
      {},
    );
  });
});

describe('reading age', () => {
  test.each([
    ['cat', 1],
    ['make', 1],
    ['table', 2],
    ['reading', 2],
    ['asked', 1],
    ['wanted', 2],
    ['syllable', 3],
    ['the', 1],
    ['international', 5],
  ])('%s has %i syllables', (word, count) => {
    expect(countSyllables(word)).toBe(count);
  });

  const EASY = 'The cat sat on the mat. It saw a dog. The dog ran to the cat. They had fun all day. '.repeat(8);
  const HARD =
    'Notwithstanding the aforementioned provisions, the organisation reserves unilateral discretionary authority to discontinue, suspend or terminate functionality, accessibility and registration privileges of individuals whose participation is considered incompatible with applicable obligations. '.repeat(
      5,
    );

  test('an easy text is for small children, a contract for graduates', () => {
    expect(estimateReadingAge(EASY)).toBe(5);
    expect(estimateReadingAge(HARD)).toBeGreaterThan(22);
    expect(estimateReadingAge('Too short to say.')).toBeUndefined();
  });

  test('the text of the page counts, not what stands around it; a heading ends where it ends', () => {
    const text = readText(
      readTokens(`<body><nav>Menu menu</nav><main><h1>Title</h1><p>One &amp; two.</p><script>x</script></main><footer>Foot</footer></body>`),
    );
    expect(text.split('\n').filter((line) => line.trim() !== '')).toEqual(['Title', 'One & two.']);
    const listed = `<main>${'<li>The cat sat on the mat</li>'.repeat(40)}</main>`;
    expect(estimateReadingAge(readText(readTokens(listed)))).toBe(5);
  });
});

describe('what probes of pages say', () => {
  const AT = new Date('2026-11-25T12:00:00Z');
  const result = (subject: string, isOk: boolean, more: Partial<ProbeResult> = {}): ProbeResult => {
    return { kind: 'terms', subject, isOk, at: AT, finding: 'Found.', figures: { status: 200, faults: 2 }, ...more };
  };

  test('without a named page, or before it was fetched, there is no figure', () => {
    for (const read of [readLastOk, readAvailable, readPageFaults]) {
      expect(read([result('a', true)], []).figure).toBeNull();
      expect(read([], ['a']).figure).toBeNull();
      // Of an address that the settings name no longer.
      expect(read([result('old', true)], ['a']).figure).toBeNull();
    }
  });

  test('the newest of each page counts', () => {
    expect(readLastOk([result('a', false), result('a', true)], ['a'])).toMatchObject({ figure: true });
    expect(readLastOk([result('a', true), result('b', true), result('a', false)], ['a', 'b'])).toMatchObject({ figure: false, numerator: 1 });
    expect(readLastOk([result('a', true)], ['a', 'b']).figure).toBeNull();
  });

  test('a page that did not come has no faults to count', () => {
    expect(readPageFaults([result('a', false, { figures: {} })], ['a']).figure).toBeNull();
    expect(readPageFaults([result('a', true), result('b', true, { figures: { faults: 3 } })], ['a', 'b'])).toMatchObject({ figure: 5 });
  });

  test('availability counts every time', () => {
    expect(readAvailable([result('a', true), result('a', false), result('a', true), result('a', true)], ['a'])).toMatchObject({ figure: 0.75, denominator: 4 });
  });
});
