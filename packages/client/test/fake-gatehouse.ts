/** A Gatehouse of a few lines, on loopback, that can also lie, stall, fail and talk too much. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { whole } from './stub.ts';

export const API_KEY = 'gh_test_0123456789';
export const RETURN_CODE = 'c0de'.repeat(16);

/** What Gatehouse would have said, to be said differently. */
export type Twist = (
  answer: { status: number; body: Record<string, unknown> },
  response: ServerResponse,
) => { status: number; body: unknown } | 'handled' | undefined;

export interface FakeSession {
  readonly id: string;
  readonly clientToken: string;
  readonly input: Record<string, unknown>;
  claims: Record<string, unknown> | undefined;
  isUsed: boolean;
}

export class FakeGatehouse {
  readonly sessions = new Map<string, FakeSession>();
  /** `METHOD path` of each call. */
  readonly calls: string[] = [];
  twists: { open?: Twist; read?: Twist; verify?: Twist } = {};
  url = '';
  readonly #server: Server = createServer(whole((body, request, response) => this.#serve(body.toString(), request, response)));

  async listen(): Promise<void> {
    await new Promise<void>((done) => void this.#server.listen(0, '127.0.0.1', done));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => void this.#server.close(done));
  }

  reset(): void {
    this.sessions.clear();
    this.calls.length = 0;
    this.twists = {};
  }

  get last(): FakeSession {
    const session = [...this.sessions.values()].at(-1);
    if (session === undefined) throw new Error('no session was opened');
    return session;
  }

  complete(session: FakeSession, answer: Record<string, unknown> = {}): void {
    const { input } = session;
    const nowS = Math.floor(Date.now() / 1000);
    session.claims = {
      iss: this.url,
      aud: input['service'],
      sid: session.id,
      [String(input['direction'])]: input['threshold'],
      result: 'true',
      grade: 3,
      method: 'wallet',
      iat: nowS,
      exp: nowS + 600,
      nonce: input['nonce'],
      ...answer,
    };
  }

  #serve(text: string, request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.calls.push(`${request.method} ${path}`);
    const [name, answer] = this.#answer(request, path, text === '' ? {} : (JSON.parse(text) as Record<string, unknown>));
    const said = this.twists[name]?.(answer, response) ?? answer;
    if (said === 'handled') return;
    response.writeHead(said.status, { 'content-type': 'application/json' });
    response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
  }

  #answer(
    request: IncomingMessage,
    path: string,
    body: Record<string, unknown>,
  ): ['open' | 'read' | 'verify', { status: number; body: Record<string, unknown> }] {
    if (path === '/v1/age/sessions') return ['open', this.#isKnown(request) ? this.#open(body) : refuse()];
    if (path === '/v1/age/results/verify') return ['verify', this.#isKnown(request) ? this.#verify(body) : refuse()];
    const session = this.sessions.get(path.split('/').at(-1) ?? '');
    if (session === undefined || session.clientToken !== request.headers['gatehouse-client-token'])
      return ['read', { status: 404, body: { code: 'not_found' } }];
    const state = session.claims === undefined ? 'open' : 'completed';
    return ['read', { status: 200, body: { id: session.id, state, ...(session.claims === undefined ? {} : { result: `a.${session.id}.c` }) } }];
  }

  #isKnown(request: IncomingMessage): boolean {
    return request.headers.authorization === `Bearer ${API_KEY}`;
  }

  #open(input: Record<string, unknown>): { status: number; body: Record<string, unknown> } {
    const id = `age_${String(this.sessions.size).padStart(26, '0')}`;
    const session: FakeSession = { id, clientToken: `agc_${id}_secret`, input, claims: undefined, isUsed: false };
    this.sessions.set(id, session);
    const expiresAt = new Date(Date.now() + 1_200_000).toISOString();
    return { status: 201, body: { id, url: `${this.url}/age/${id}`, clientToken: session.clientToken, expiresAt } };
  }

  #verify(input: Record<string, unknown>): { status: number; body: Record<string, unknown> } {
    const session = this.sessions.get(String(input['result']).split('.')[1] ?? '');
    const no = (reason: string): { status: number; body: Record<string, unknown> } => ({ status: 200, body: { valid: false, reason } });
    if (session?.claims === undefined) return no('unknown');
    if (input['service'] !== session.claims['aud']) return no('wrong_audience');
    if (input['returnCode'] !== RETURN_CODE) return no('not_returned');
    if (session.isUsed) return no('used');
    session.isUsed = input['once'] === true;
    return { status: 200, body: { valid: true, claims: session.claims } };
  }
}

function refuse(): { status: number; body: Record<string, unknown> } {
  return { status: 401, body: { code: 'unauthenticated' } };
}
