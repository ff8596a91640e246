/** Styles, scripts and the icon of the console: read once, named with the hash of their content, so that browsers may keep them for ever. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_DIR } from '../entry.ts';
import { GatehouseError } from '../errors.ts';
import { defineRoute, type Route } from '../http/route.ts';

interface Asset {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly contentType: string;
  readonly version: string;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', svg: 'image/svg+xml' };
const FOREVER = 'public, max-age=31536000, immutable';
const VERSION_DIGITS = 12;
let cached: ReadonlyMap<string, Asset> | undefined;

/** `/assets/console.css?v=1f0c…`. A missing file (not built yet) gives an address that answers 404, not a page that fails. */
export function assetUrl(name: string): string {
  const version = readAssets().get(name)?.version;
  return version === undefined ? `/assets/${name}` : `/assets/${name}?v=${version}`;
}

export function loadAssets(): Route[] {
  const assets = readAssets();
  return [
    defineRoute({
      method: 'get',
      path: '/assets/{name}',
      right: 'public',
      summary: 'Styles, scripts and the icon of the console.',
      tag: 'system',
      params: z.object({ name: z.string() }),
      query: z.object({ v: z.string().optional() }),
      responses: { 200: { description: 'the file', contentType: 'text/css' }, 304: { description: 'not changed' } },
      async handle({ params, query, header }) {
        const asset = assets.get(params.name);
        if (asset === undefined) throw new GatehouseError('not_found', 'There is no such file. If it is a script, run `npm run build`.');
        const etag = `"${asset.version}"`;
        // Without the right version (an island that imports another one) the browser must ask again each time.
        const headers = { 'content-type': asset.contentType, etag, 'cache-control': query.v === asset.version ? FOREVER : 'no-cache' };
        return header('if-none-match') === etag ? new Response(null, { status: 304, headers }) : new Response(asset.bytes, { headers });
      },
    }),
  ];
}

function readAssets(): ReadonlyMap<string, Asset> {
  return (cached ??= new Map([...readFolder('web', /^[a-z-]+\.(css|svg)$/), ...readFolder('dist-web', /^[a-z-]+\.js$/)]));
}

function readFolder(folder: string, pattern: RegExp): [string, Asset][] {
  const path = join(PACKAGE_DIR, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => pattern.test(name))
    .map((name) => {
      const bytes = readFileSync(join(path, name));
      return [
        name,
        {
          bytes,
          contentType: CONTENT_TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
          version: createHash('sha256').update(bytes).digest('hex').slice(0, VERSION_DIGITS),
        },
      ];
    });
}
