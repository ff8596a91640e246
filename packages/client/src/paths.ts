/** Paths as a browser sends them, which is not how every program reads them. Pure. */

/** Longer ones would not fit into a cookie beside the rest. */
const PATH_LENGTH_MAX = 1000;
/** `%252561`: whoever decodes more often than this has other problems. */
const DECODINGS = 3;
/** What the URL standard leaves as it is, in a path and its query. No second slash: `//host` is another site. */
const PLAIN = /^\/(?!\/)[!#-;=?-[\]_a-z~]*$/i;
/** Whoever resolves a target against a base takes what follows for a host (WHATWG URL, "special authority slashes"). */
const AUTHORITY = /^[/\\]{2}/;

export interface RawTarget {
  readonly path: string;
  readonly query: string;
}

/** Without resolving anything: this is what the framework looked at, too. */
export function splitTarget(url: string): RawTarget {
  const target = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').replace(/#.*$/s, '');
  const at = target.indexOf('?');
  const path = at < 0 ? target : target.slice(0, at);
  return { path: path.startsWith('/') ? path : `/${path}`, query: at < 0 ? '' : target.slice(at) };
}

/**
 * A path with its query on this very site, else the root. The address that is made of it is always the site's origin and then the path, so nothing in it can
 * lead elsewhere; this keeps out what a browser would read differently.
 */
export function toLocalPath(text: string | undefined, options: { readonly site: string; readonly basePath: string }): string {
  const path = text === undefined ? undefined : resolvePlain(text, options.site);
  // Nobody is sent back to a way of beginning.
  return path === undefined || isBelow(splitTarget(path).path, options.basePath) ? '/' : path;
}

function resolvePlain(text: string, site: string): string | undefined {
  if (text.length > PATH_LENGTH_MAX || !PLAIN.test(text) || !URL.canParse(text, site)) return undefined;
  const { origin, pathname, search } = new URL(text, site);
  const path = `${pathname}${search}`;
  // `/.//host` becomes `//host` only now.
  return origin === site && path.length <= PATH_LENGTH_MAX && PLAIN.test(path) ? path : undefined;
}

/**
 * Whether some program could take `path` for one below `prefix`: letters encoded (also twice), another case, doubled slashes, backslashes, path parameters, or
 * the dots and spaces at the end that Windows drops. With dot segments, or a beginning that can be read as a host, programs differ so much that it is enough when
 * the words of the prefix occur in their order. Too much rather than too little.
 */
export function isBelow(path: string, prefix: string): boolean {
  const wanted = toSegments(prefix);
  const segments = toSegments(path);
  if (!AUTHORITY.test(path) && !segments.some(isDots)) return wanted.every((segment, index) => segments[index] === segment);
  let found = 0;
  for (const segment of segments) if (segment === wanted[found]) found++;
  return found === wanted.length;
}

/** Only dots and spaces: this directory, or the one above. */
function isDots(segment: string): boolean {
  return /^[. ]+$/.test(segment);
}

function toSegments(path: string): string[] {
  let decoded = path;
  for (let n = 0; n < DECODINGS; n++) decoded = decodeOnce(decoded);
  return decoded
    .normalize('NFKC')
    .toLowerCase()
    .split(/[/\\]/)
    .map((segment) => trimEnd(segment.replace(/[;?#\0].*$/s, '')))
    .filter((segment) => segment !== '');
}

/** A loop: an expression would try every dot as the first one. */
function trimEnd(segment: string): string {
  if (isDots(segment)) return segment;
  let end = segment.length;
  while (end > 0 && (segment[end - 1] === '.' || segment[end - 1] === ' ')) end--;
  return segment.slice(0, end);
}

/** Every well-formed run; the rest stays. */
function decodeOnce(path: string): string {
  return path.replaceAll(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      // Not UTF-8 as a whole: the ASCII in it is what could spell a prefix.
      return run.replaceAll(/%[0-7][0-9a-f]/gi, (one) => String.fromCharCode(Number.parseInt(one.slice(1), 16)));
    }
  });
}
