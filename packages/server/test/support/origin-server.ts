/** An application behind a proxy: keeps what it was sent, and answers with what a test wants. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface OriginServer {
  readonly url: string;
  readonly received: Received[];
  stop(): Promise<void>;
}

/** Longer than what a proxy and the sockets on both sides hold in memory. */
export const LONG_BYTES = 40_000_000;

/** `/break` breaks off, `/gone` is 404, `/long` is long, `/slow` answers after `slowMs`, everything else at once. */
export async function startOrigin(slowMs = 0): Promise<OriginServer> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      if (request.url === '/break') return void response.writeHead(200, { 'content-length': 100 }).write('half', () => response.destroy());
      if (request.url === '/slow') setTimeout(answer, slowMs);
      else answer();
    });
    const answer = (): void => {
      response.writeHead(
        request.url === '/gone' ? 404 : 200,
        [
          ['Content-Type', 'text/plain'],
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['X-Own', 'yes'],
          ['Connection', 'keep-alive, x-hop'],
          ['X-Hop', 'of this connection'],
        ].flat(),
      );
      if (request.url === '/long') response.end(Buffer.alloc(LONG_BYTES, 65));
      else response.end(request.method === 'HEAD' ? undefined : `stored ${received.at(-1)?.body.length ?? 0}`);
    };
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
