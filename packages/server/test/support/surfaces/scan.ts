import type { TestApp } from '../app.ts';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';
import { sendBody } from './http-body.ts';

/** A service that asks with POST /v1/scan while it holds the bytes itself, and publishes what it has a receipt for. */
export const scanDriver: SurfaceDriver = {
  name: 'scan',
  config: () => ({}),
  open: async (app: TestApp) => ({
    async send(content, options = {}) {
      const reply = await sendBody(app, { method: 'POST', path: '/v1/scan?receipt=1', content, ...options });
      if (reply === undefined) return { kind: 'failed', answer: 'the connection broke' };
      return judge(reply.status, reply.body, content);
    },
    close: async () => undefined,
  }),
};

function judge(status: number, body: Record<string, unknown>, bytes: Buffer): SurfaceOutcome {
  const answer = `${status} ${String(body['message'] ?? body['code'] ?? '')}`;
  if (status === 200 && typeof body['receipt'] === 'string') return { kind: 'published', bytes, answer };
  return { kind: status < 500 ? 'refused' : 'failed', answer };
}
