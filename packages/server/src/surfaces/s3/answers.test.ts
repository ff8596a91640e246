/** Answers of a store are hostile: no DTD, no other document, no page without an end. */
import { expect, it } from 'vitest';
import { readFault, readListing } from './answers.ts';

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
  ['a page that does not say where it goes on', list('<IsTruncated>true</IsTruncated>')],
])('%s is refused', (_name, text) => {
  expect(() => readListing(text)).toThrow(expect.objectContaining({ reason: 'malformed' }));
});

it('reads keys by their encoding, and counts those that are none', () => {
  const { items, unreadable } = readListing(list(`<EncodingType>url</EncodingType>${version('a%20b+c%2Bd%2F..')}${version('%ff')}`));
  expect([items.map(({ key }) => key), unreadable]).toEqual([['a%20b%20c%2Bd/..'], 1]);
  expect(readListing(list(version('a%20b+c'))).items[0]?.key).toBe('a%2520b%2Bc');
});

it('takes an element only where it stands, not deeper', () => {
  expect(readListing(list(`<Other>${version('a')}</Other>`)).items).toEqual([]);
});

it.each([
  [403, '<Error><Code>SignatureDoesNotMatch</Code></Error>', 'credentials'],
  [403, '', 'denied'],
  [404, '<Error><Code>NoSuchBucket</Code></Error>', 'no_bucket'],
  [404, '', 'gone'],
  [405, '', 'gone'],
  [503, '<Error><Code>SlowDown</Code></Error>', 'unavailable'],
  [400, '<Error><Code>InvalidArgument</Code></Error>', 'refused'],
  [502, '<html>proxy</html>', 'unavailable'],
] as const)('%i %s is %s', (status, text, reason) => {
  expect(readFault(status, text).reason).toBe(reason);
});
