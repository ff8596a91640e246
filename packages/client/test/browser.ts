/** A browser as far as a gate sees one: cookies, requests of pages and of scripts. No network. */
import type { AgeGate, GateHandler, GateRequest } from '../src/index.ts';

export const SITE = 'https://forum.example';

export interface Sending {
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

export class FakeBrowser {
  readonly cookies = new Map<string, string>();

  /** @param target as it is sent; absolute, or a path */
  request(target: string, { method = 'GET', headers = {} }: Sending = {}): GateRequest {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return {
      method,
      url: target.startsWith('/') ? `${SITE}${target}` : target,
      headers: new Headers({ accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...headers }),
    };
  }

  /** Keeps the cookies of the answer. */
  async send(handler: GateHandler, target: string, sending: Sending & { readonly native?: unknown } = {}): Promise<Response | undefined> {
    const reply = await handler(this.request(target, sending), sending.native);
    for (const line of reply?.headers.getSetCookie() ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/Max-Age=0\b/.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return reply;
  }

  /** From a page to the page of the check. */
  async begin(gate: AgeGate, target = '/adults', protect: GateHandler = gate.protect()): Promise<Response> {
    const asked = await this.send(protect, target);
    const started = await this.send(gate.endpoints, asked?.headers.get('location') ?? '');
    if (started === undefined) throw new Error('the start was not served');
    return started;
  }

  find(part: string): readonly [name: string, value: string] {
    const found = [...this.cookies].find(([name]) => name.includes(part));
    if (found === undefined) throw new Error(`there is no cookie ${part}`);
    return found;
  }
}
