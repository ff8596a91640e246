/** Addresses come from people and imports: nothing but the web is made a link. */
export function isWeb(url: string | null): url is string {
  return url !== null && /^https?:\/\//i.test(url);
}
