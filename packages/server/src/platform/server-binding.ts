/** A server on its port or socket, and what goes wrong there: at the start, and later. */
import type { Server } from 'node:net';
import { GatehouseError } from './errors.ts';
import type { Log } from './log.ts';

export type Where = { readonly host: string; readonly port: number } | { readonly path: string };

export interface BindOptions {
  /** `icap`; undefined for the HTTP API. */
  readonly name?: string;
  readonly log: Pick<Log, 'warn'>;
  /** Why it could not begin, as a whole text. @param place `127.0.0.1:1344`, or a path */
  explain(place: string, cause: NodeJS.ErrnoException): string;
}

/** @throws {GatehouseError} config_invalid when the place is taken or may not be used */
export function bindServer(server: Server, where: Where, { name, log, explain }: BindOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException): void => {
      const place = 'path' in where ? where.path : `${where.host}:${where.port}`;
      reject(new GatehouseError('config_invalid', explain(place, cause), { cause }));
    };
    server.once('error', fail);
    server.listen(where, () => {
      // Later ones are connections that could not be accepted, such as for want of file descriptors; without a listener one would end the process.
      server.off('error', fail).on('error', (err) => log.warn({ surface: name, err }, 'a connection could not be accepted'));
      resolve();
    });
  });
}
