/** Answers of a store are hostile: no DTD, no other document, no page without an end. */
import { describe, expect, it } from 'vitest';
import { readFault, readHeadFault, readListing } from './answers.ts';
import { divide } from './listing-rules.ts';

const list = (inner: string): string =>
  `<?xml version="1.0"?><ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListVersionsResult>`;
const version = (key: string, more = '<ETag>"a"</ETag><Size>1</Size><LastModified>2026-11-25T12:00:00Z</LastModified>'): string =>
  `<Version><Key>${key}</Key>${more}</Version>`;

it.each([
  ['no XML', 'nothing'],
  ['a DTD', `<!DOCTYPE a [<!ENTITY b "c">]>${list('')}`],
  ['an open element', '<ListVersionsResult>'],
  ['a page of something else', '<html><Version/></html>'],
  ['a version without a size', list(version('a', '<ETag>"a"</ETag><LastModified>2026-11-25T12:00:00Z</LastModified>'))],
  ['a negative size', list(version('a', '<ETag>"a"</ETag><Size>-1</Size><LastModified>2026-11-25T12:00:00Z</LastModified>'))],
  ['no time', list(version('a', '<ETag>"a"</ETag><Size>1</Size>'))],
  ['a version whose name has a NUL', list(version('a', '<VersionId>&#0;</VersionId><Size>1</Size><LastModified>2026-11-25T12:00:00Z</LastModified>'))],
  ['an entity that nobody declared', list(version('&key;'))],
  ['a page that does not say where it goes on', list('<IsTruncated>true</IsTruncated>')],
])('%s is refused', (_name, text) => {
  expect(() => readListing(text)).toThrow(expect.objectContaining({ reason: 'malformed' }));
});

it('reads keys by their encoding, and counts those that are none', () => {
  const { items, unreadable } = readListing(list(`<EncodingType>url</EncodingType>${version('a%20b+c%2Bd%2F..')}${version('%ff')}`));
  expect([items.map(({ key }) => key), unreadable]).toEqual([['a%20b%20c%2Bd/..'], 1]);
  expect(readListing(list(version('a%20b+c'))).items[0]?.key).toBe('a%2520b%2Bc');
});

describe('delete markers', () => {
  const page = (...elements: readonly string[]): ReturnType<typeof divide> => divide(readListing(list(elements.join(''))).items, undefined);
  const named = (key: string, versionId: string, kind = 'Version', isLatest = false): string =>
    `<${kind}><Key>${key}</Key><VersionId>${versionId}</VersionId><IsLatest>${isLatest}</IsLatest><Size>1</Size><LastModified>2026-11-25T12:00:00Z</LastModified></${kind}>`;
  const names = ({ seen, hidden, marked }: ReturnType<typeof divide>): unknown => [
    seen.map(({ versionId }) => versionId),
    hidden.map(({ versionId }) => versionId),
    marked,
  ];

  it('hide the versions before them, and not what was stored since, nor other keys', () => {
    expect(names(page(named('a', 'a3'), named('a', 'a2', 'DeleteMarker'), named('a', 'a1'), named('b', 'b1')))).toEqual([['a3', 'b1'], ['a1'], 'a']);
  });

  it('hide all when they are the newest, also where a store names them last', () => {
    expect(names(page(named('a', 'a1'), named('b', 'b1'), named('a', 'a2', 'DeleteMarker', true)))).toEqual([['b1'], ['a1'], 'a']);
  });

  it('hide what the next page goes on with', () => {
    const { marked } = page(named('a', 'a2', 'DeleteMarker'));
    expect(names(divide(readListing(list(named('a', 'a1') + named('b', 'b1'))).items, marked))).toEqual([['b1'], ['a1'], 'a']);
  });
});

it('takes an element only where it stands, not deeper', () => {
  expect(readListing(list(`<Other>${version('a')}</Other>`)).items).toEqual([]);
});

it.each([
  [403, '<Error><Code>SignatureDoesNotMatch</Code></Error>', 'credentials'],
  [403, '', 'denied'],
  [404, '<Error><Code>NoSuchBucket</Code></Error>', 'no_bucket'],
  [404, '<Error><Code>NoSuchVersion</Code></Error>', 'gone'],
  [404, '', 'refused'],
  [404, 'default backend - 404', 'refused'],
  [412, '<html>proxy</html>', 'refused'],
  [503, '<Error><Code>SlowDown</Code></Error>', 'unavailable'],
  [400, '<Error><Code>InvalidArgument</Code></Error>', 'refused'],
  [502, '<html>proxy</html>', 'unavailable'],
] as const)('%i %s is %s', (status, text, reason) => {
  expect(readFault(status, text).reason).toBe(reason);
});

it('HEAD has no body: its status is all there is', () => {
  expect([404, 405, 412, 403, 501, 503].map((status) => readHeadFault(status).reason)).toEqual([
    'gone',
    'gone',
    'changed',
    'denied',
    'unsupported',
    'unavailable',
  ]);
});
