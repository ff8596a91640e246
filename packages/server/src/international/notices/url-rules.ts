/** When two addresses are the same report. */

/**
 * As the URL standard reads it, without what the server does not see: the fragment. The query stays as it is, because sites differ in what it means.
 * @param url that `z.url()` accepted
 */
export function normaliseUrl(url: string): string {
  const parsed = new URL(url);
  parsed.hash = '';
  parsed.hostname = parsed.hostname.replace(/\.$/, '');
  return parsed.href;
}

/** Lower case, punycode, without a port. */
export function hostOf(url: string): string {
  return new URL(normaliseUrl(url)).hostname;
}
