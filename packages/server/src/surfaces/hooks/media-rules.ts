/** Where media of Matrix are. Pure. */
import { MediaIdSchema, ServerNameSchema, type Thumbnail } from './schema.ts';

export interface MediaTarget {
  readonly serverName: string;
  readonly mediaId: string;
  readonly thumbnail?: Thumbnail;
}

/** `mxc://server/media` */
export function parseMxc(url: string): MediaTarget | undefined {
  const [, serverName, mediaId] = /^mxc:\/\/([^/?#]+)\/([^/?#]+)$/.exec(url) ?? [];
  if (!ServerNameSchema.safeParse(serverName).success || !MediaIdSchema.safeParse(mediaId).success) return undefined;
  return serverName === undefined || mediaId === undefined ? undefined : { serverName, mediaId };
}

/** With a token the endpoints of Matrix v1.11, else those before, which homeservers answer for old media only. */
export function mediaUrl(homeserver: string, { serverName, mediaId, thumbnail }: MediaTarget, isAuthenticated: boolean): string {
  const kind = thumbnail === undefined ? 'download' : 'thumbnail';
  const prefix = isAuthenticated ? '/_matrix/client/v1/media' : '/_matrix/media/v3';
  const query =
    thumbnail === undefined
      ? ''
      : `?${new URLSearchParams(Object.entries(thumbnail).filter((pair): pair is [string, string] => pair[1] !== undefined)).toString()}`;
  return `${homeserver.replace(/\/+$/, '')}${prefix}/${kind}/${encodeURIComponent(serverName)}/${encodeURIComponent(mediaId)}${query}`;
}

/** @returns the client's own Matrix token; never a key of ours, valid or not: the homeserver has no business with it */
export function readClientToken(authorization: string | undefined): string | undefined {
  const token = /^bearer +([\x21-\x7e]{1,1024})$/i.exec(authorization?.trim() ?? '')?.[1];
  return token === undefined || token.startsWith('gh_') ? undefined : token;
}

/** As Synapse: shown in place only where a browser can do no harm with it. */
const INLINE: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/apng']);

/** The type is the one that was found in the content, never the one that somebody claimed. */
export function mediaHeaders(mediaType: string | undefined, sizeBytes: number): Record<string, string> {
  const isInline = mediaType !== undefined && INLINE.has(mediaType);
  return {
    'content-type': mediaType !== undefined && /^[a-z0-9][a-z0-9.+-]*\/[a-z0-9][a-z0-9.+-]*$/.test(mediaType) ? mediaType : 'application/octet-stream',
    'content-length': String(sizeBytes),
    'content-disposition': isInline ? 'inline' : 'attachment',
    'content-security-policy': "sandbox; default-src 'none'",
    ...CORS,
  };
}

/** Clients are pages of other sites, as with matrix-content-scanner; no cookie is looked at. */
export const CORS = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' } as const;
