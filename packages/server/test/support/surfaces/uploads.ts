import type { TestApp } from '../app.ts';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';
import { sendBody, type HttpReply } from './http-body.ts';

/** A service that hands uploads over, and serves what was released with a receipt from there. */
export const uploadsDriver: SurfaceDriver = {
  name: 'uploads',
  config: () => ({}),
  open: async (app: TestApp) => ({
    async send(content, options = {}) {
      const made = await sendBody(app, { method: 'POST', path: '/v1/uploads', content: Buffer.from('{}'), type: 'application/json' });
      if (made?.status !== 201) return { kind: 'failed', answer: String(made?.status) };
      const path = `/v1/uploads/${String(made.body['id'])}/content`;
      const sent = await sendBody(app, { method: 'PUT', path: `${path}?wait=3`, content, ...options });
      return sent === undefined ? { kind: 'failed', answer: 'the connection broke' } : judge(app, path, sent);
    },
    close: async () => undefined,
  }),
};

async function judge(app: TestApp, path: string, { status, body }: HttpReply): Promise<SurfaceOutcome> {
  const state = String(body['state'] ?? body['code']);
  const answer = `${status} ${state}`;
  if (status >= 500) return { kind: 'failed', answer };
  if (status >= 400 || state === 'refused') return { kind: 'refused', answer };
  if (state !== 'released' || typeof body['receipt'] !== 'string') return { kind: 'held', answer };
  return { kind: 'published', bytes: Buffer.from(await (await app.call(path)).arrayBuffer()), answer };
}
