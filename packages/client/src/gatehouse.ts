/** The three calls to Gatehouse, server to server. Its answers are outside bytes like any others: bounded, in time, and parsed. */
import { findOpened, findSigned, readCheck, type Check, type Opened } from './answers.ts';
import { parseJson, toRecord } from './bytes.ts';
import { GatehouseClientError } from './errors.ts';
import type { Settings } from './options.ts';
import type { Policy } from './types.ts';

/** An answer has a few hundred bytes, a signed result at most 4,096. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** Calls at the same time: whoever asks for a thousand checks gets 503, and the site goes on. */
const CALLS_MAX = 64;
const CLIENT_TOKEN_HEADER = 'gatehouse-client-token';

export interface OpenInput {
  readonly policy: Policy;
  readonly locale: string;
  readonly nonce: string;
}

export interface UseInput {
  readonly result: string;
  readonly session: string;
  readonly nonce: string;
  readonly returnCode: string;
}

export interface Gatehouse {
  open(input: OpenInput): Promise<Opened>;
  /** The signed result; undefined while there is none, and when the session is gone. */
  findResult(session: string, clientToken: string): Promise<string | undefined>;
  /** Verifies it there, where muted issuers and reuse are known, and uses it up. */
  use(input: UseInput): Promise<Check>;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** Every function throws `GatehouseClientError` when there is no answer that can be used. */
export function createGatehouse(settings: Settings, send: typeof fetch): Gatehouse {
  const call = boundCalls((one: Call) => callOnce(settings, send, one));
  return {
    async open({ policy, locale, nonce }) {
      const { service, site, basePath, methods } = settings;
      const { threshold, direction, minGrade } = policy;
      const json = {
        threshold,
        direction,
        minGrade,
        service,
        locale,
        nonce,
        returnUrl: `${site}${basePath}/return`,
        ...(methods === undefined ? {} : { methods }),
      };
      const reply = await call({ method: 'POST', path: '/v1/age/sessions', json });
      const opened = reply.status === 201 ? findOpened(reply.body, settings.pages) : undefined;
      return opened ?? fail(reply, 201);
    },
    async findResult(session, clientToken) {
      const reply = await call({ method: 'GET', path: `/v1/age/sessions/${session}`, headers: { [CLIENT_TOKEN_HEADER]: clientToken } });
      if (reply.status === 404 || reply.status === 410) return undefined;
      return reply.status === 200 ? findSigned(reply.body, session) : fail(reply, 200);
    },
    async use(input) {
      const reply = await call({ method: 'POST', path: '/v1/age/results/verify', json: { ...input, service: settings.service, once: true } });
      const check = reply.status === 200 ? readCheck(reply.body) : undefined;
      return check ?? fail(reply, 200);
    },
  };
}

function boundCalls(call: (one: Call) => Promise<Reply>): (one: Call) => Promise<Reply> {
  let underWay = 0;
  return async (one) => {
    if (underWay >= CALLS_MAX) throw new GatehouseClientError('too_busy', `${CALLS_MAX} calls are under way.`);
    underWay++;
    try {
      return await call(one);
    } finally {
      underWay--;
    }
  };
}

async function callOnce(settings: Settings, send: typeof fetch, { method, path, headers, json }: Call): Promise<Reply> {
  const init = {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${settings.apiKey}`,
      ...headers,
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    // The key goes to the address that was configured and to no other.
    redirect: 'error' as const,
    // Next.js keeps answers unless it is told not to.
    cache: 'no-store' as const,
    // For the head of the answer and its body together.
    signal: AbortSignal.timeout(settings.timeoutMs),
  };
  try {
    const reply = await send(`${settings.gatehouse}${path}`, init);
    return { status: reply.status, body: parseJson(await readText(reply)) };
  } catch (cause) {
    if (cause instanceof GatehouseClientError) throw cause;
    const isLate = cause instanceof Error && cause.name === 'TimeoutError';
    throw new GatehouseClientError('gatehouse_away', isLate ? `${method} took longer than ${settings.timeoutMs} ms.` : `${method} failed.`, { cause });
  }
}

/** Never more than the limit in memory, whatever the headers say and however it was compressed. */
async function readText(reply: Response): Promise<string> {
  const decoder = new TextDecoder();
  const chunks: AsyncIterable<Uint8Array> | undefined = reply.body ?? undefined;
  if (chunks === undefined) return '';
  let text = '';
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw new GatehouseClientError('gatehouse_answer', `There were more than ${ANSWER_BYTES_MAX} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What Gatehouse says of itself is a closed word; anything else it said stays out of messages. */
function fail({ status, body }: Reply, expected: number): never {
  const code = toRecord(body)?.['code'];
  const said = typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? `${status} ${code}` : String(status);
  if (status === expected || status < 400) throw new GatehouseClientError('gatehouse_answer', `It answered ${said}.`);
  const isAway = status >= 500 || status === 429;
  throw new GatehouseClientError(isAway ? 'gatehouse_away' : 'gatehouse_refused', `It answered ${said}.`);
}
