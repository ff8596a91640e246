import { createHash } from 'node:crypto';
import type { TestApp } from '../app.ts';
import type { SurfaceDriver, SurfaceOutcome } from '../surfaces.ts';
import { sendBody, type HttpReply } from './http-body.ts';

/** A device that lies and does not listen: it says of every file that it could not decode it, and sends it whatever the answer was. The gate decides. */
export const permitsDriver: SurfaceDriver = {
  name: 'permits',
  config: () => ({ permitsFloorMs: 10, permitsPerSubjectHour: 10_000 }),
  open: async (app: TestApp) => ({
    async send(content, options = {}) {
      const ticket = await post(app, '/v1/tickets', { subject: 'somebody', maxUploads: 3, maxBytes: 64 * 1024 ** 2 });
      if (ticket?.status !== 201) return { kind: 'failed', answer: String(ticket?.status) };
      const authorization = `Bearer ${String(ticket.body['ticket'])}`;
      const sha256 = createHash('sha256').update(content).digest('hex');
      const permit = await post(app, '/v1/permits', { sha256, sizeBytes: Math.max(1, content.length), pictures: [] }, { authorization });
      const digest = `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`;
      const headers = {
        authorization,
        'content-digest': digest,
        ...(typeof permit?.body['permit'] === 'string' ? { 'gatehouse-permit': permit.body['permit'] } : {}),
      };
      const sent = await sendBody(app, { method: 'POST', path: '/v1/send?wait=3', content, headers, ...options });
      return sent === undefined ? { kind: 'failed', answer: 'the connection broke' } : judge(app, sent);
    },
    close: async () => undefined,
  }),
};

function post(app: TestApp, path: string, value: object, headers: Record<string, string> = {}): Promise<HttpReply | undefined> {
  return sendBody(app, { method: 'POST', path, content: Buffer.from(JSON.stringify(value)), type: 'application/json', headers });
}

/** The service publishes what was released with a receipt. */
async function judge(app: TestApp, { status, body }: HttpReply): Promise<SurfaceOutcome> {
  const state = String(body['state'] ?? body['code']);
  const answer = `${status} ${state}`;
  if (status >= 500) return { kind: 'failed', answer };
  if (status >= 400) return { kind: 'refused', answer };
  if (state !== 'released' || typeof body['receipt'] !== 'string') return { kind: 'held', answer };
  const bytes = await app.call(`/v1/uploads/${String(body['id'])}/content`);
  return { kind: 'published', bytes: Buffer.from(await bytes.arrayBuffer()), answer };
}
