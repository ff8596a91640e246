/** A registry on loopback: RDAP answers by path, and datasets for `geo update`. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RdapReply {
  readonly status?: number;
  readonly body?: unknown;
  readonly location?: string;
  /** Nothing is answered. */
  readonly isSilent?: true;
}

export interface RdapServer {
  /** `127.0.0.1:port`, for `outboundAllow` */
  readonly host: string;
  /** With a slash at its end. */
  readonly base: string;
  readonly asked: string[];
  /** By path without the first slash. */
  readonly replies: Map<string, RdapReply>;
  close(): Promise<void>;
}

export async function startRdapServer(): Promise<RdapServer> {
  const asked: string[] = [];
  const replies = new Map<string, RdapReply>();
  const server: Server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1);
    asked.push(path);
    const reply = replies.get(path) ?? { status: 404, body: { errorCode: 404 } };
    if (reply.isSilent === true) return;
    const body = Buffer.isBuffer(reply.body) || typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {});
    response.writeHead(reply.status ?? 200, {
      'content-type': 'application/rdap+json',
      ...(reply.location === undefined ? {} : { location: reply.location }),
    });
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    base: `http://${host}/`,
    asked,
    replies,
    async close() {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

/** An entity with a jCard. */
export function rdapEntity(roles: readonly string[], card: Readonly<Record<string, string>>, entities: readonly unknown[] = []): object {
  const properties = Object.entries(card).map(([name, value]) => [name, {}, 'text', value]);
  return { objectClassName: 'entity', roles, vcardArray: ['vcard', [['version', {}, 'text', '4.0'], ...properties]], entities };
}

/** Bootstrap file in the form of RFC 9224. */
export function bootstrapFile(services: readonly (readonly [readonly string[], readonly string[]])[], publication = '2026-11-20T00:00:00Z'): string {
  return JSON.stringify({ version: '1.0', publication, services });
}
