/** How content comes in by HTTP: the raw body, or one file in multipart/form-data. */
import { GatehouseError } from '../platform/errors.ts';
import { CSRF_FIELD, readMultipart } from '../platform/http/body.ts';
import type { Exchange } from '../platform/http/route.ts';
import type { Announced } from './spool.ts';
import type { Feed } from './uploads.ts';

type Incoming = Pick<Exchange, 'header' | 'incoming' | 'signal' | 'principal'>;

/** @throws {GatehouseError} unsupported_media_type for a content coding: what is published must be what was screened, byte for byte */
export function openFeed(exchange: Incoming & Exchange, maxBytes: number): { readonly feed: Feed; readonly signal: AbortSignal } {
  const coding = exchange.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (coding !== 'identity' && coding !== '')
    throw new GatehouseError('unsupported_media_type', 'A Content-Encoding is not accepted: send the bytes as they will be published. Nothing was kept.');
  return isMultipart(exchange)
    ? openMultipart(exchange, maxBytes)
    : { feed: (sink) => sink(exchange.incoming, readAnnounced(exchange)), signal: exchange.signal };
}

/** A form around the file, or several. */
export function isMultipart({ header }: Pick<Exchange, 'header'>): boolean {
  return header('content-type')?.trim().toLowerCase().startsWith('multipart/') === true;
}

/** Other fields are refused: whoever hands the form on as it came would hand on a second file in one of them unscreened. */
function openMultipart(exchange: Exchange, maxBytes: number): { readonly feed: Feed; readonly signal: AbortSignal } {
  const failed = new AbortController();
  return {
    signal: AbortSignal.any([exchange.signal, failed.signal]),
    async feed(sink) {
      try {
        const fields = await readMultipart(exchange, { maxBytes, maxFiles: 1, onFile: (file) => sink(file.stream, { fileName: file.fileName }) });
        if ([...fields.keys()].some((name) => name !== CSRF_FIELD))
          throw new GatehouseError('invalid_request', 'Send one file and no other field. Nothing was kept.');
      } catch (error) {
        // A malformed body leaves its file stream open for ever; whoever reads it must let go.
        failed.abort();
        throw error;
      }
    },
  };
}

/** @throws {GatehouseError} invalid_request for a digest header that cannot be read */
export function readAnnounced(exchange: Incoming): Announced {
  const length = exchange.header('content-length');
  return {
    sizeBytes: length === undefined ? undefined : Number(length),
    sha256: readDigest(exchange.header('content-digest') ?? exchange.header('repr-digest')),
    fileName: exchange.header('x-filename'),
  };
}

/** `sha-256=:<base64>:` (RFC 9530); other algorithms are ignored. */
function readDigest(header: string | undefined): string | undefined {
  const match = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header ?? '');
  if (match?.[1] !== undefined) return Buffer.from(match[1], 'base64').toString('hex');
  if (header?.toLowerCase().includes('sha-256') === true)
    throw new GatehouseError('invalid_request', 'The digest header must read sha-256=:<base64>: (RFC 9530). Nothing was kept.');
  return undefined;
}

/** `Prefer: respond-async` (RFC 7240) or `?wait=0`: answer as soon as the content is durable. */
export function readWaitS(exchange: Pick<Exchange, 'header'>, wait: number): number {
  return /(?:^|,)\s*respond-async\s*(?:[,;]|$)/i.test(exchange.header('prefer') ?? '') ? 0 : wait;
}
