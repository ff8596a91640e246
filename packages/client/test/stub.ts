/** Handlers of stub servers: what a client does in the middle of its body must not end the test run. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';

type Handle = (body: Buffer, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/**
 * Reads the body first. A client that gives up while it sends (its time is over, a test is) makes the reading fail, and outside of every test that would be
 * an unhandled rejection. Whatever else fails in `handle` the client sees as a connection that broke, and so does the test.
 */
export function whole(handle: Handle): RequestListener {
  return (request, response) => {
    buffer(request)
      .then((body) => handle(body, request, response))
      .catch(() => response.destroy());
  };
}
