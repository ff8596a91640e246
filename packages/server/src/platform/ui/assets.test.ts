import { describe, expect, it } from 'vitest';
import type { Exchange } from '../http/route.ts';
import { assetUrl, loadAssets } from './assets.ts';

async function fetchAsset(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const [route] = loadAssets();
  const url = new URL(address, 'http://127.0.0.1');
  const exchange = { params: { name: url.pathname.split('/').at(-1) ?? '' }, query: url.searchParams, header: (name: string) => headers[name] };
  if (route === undefined) throw new Error('there is no route');
  const answer = await route.handle(exchange as unknown as Exchange);
  if (answer instanceof Response) return answer;
  throw new Error('an asset is bytes');
}

describe('assets', () => {
  it('are public: the sign-in page needs them', () => expect(loadAssets().map(({ path, right }) => [path, right])).toEqual([['/assets/{name}', 'public']]));

  it('are kept for ever under the hash of their content', async () => {
    const address = assetUrl('console.css');
    expect(address).toMatch(/^\/assets\/console\.css\?v=[0-9a-f]{12}$/);
    const response = await fetchAsset(address);
    expect(response.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(await response.text()).toContain('--focus');
  });

  it('are asked for again without the hash, or with an old one', async () => {
    for (const address of ['/assets/icon.svg', '/assets/icon.svg?v=000000000000']) {
      const response = await fetchAsset(address);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('content-type')).toBe('image/svg+xml');
      const again = await fetchAsset(address, { 'if-none-match': response.headers.get('etag') ?? '' });
      expect(again.status).toBe(304);
    }
  });

  it.each(['tsconfig.json', 'console.css.map', '..%2fpackage.json', 'constructor'])('nothing else is served: %s', async (name) => {
    await expect(fetchAsset(`/assets/${name}`)).rejects.toMatchObject({ code: 'not_found' });
  });
});
