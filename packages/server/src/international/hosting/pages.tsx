/** `/console/international/hosting`: where is it hosted? The target is sent as a form body: it is in no address bar, no history and no log. */
import { z } from 'zod';
import { isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { html, type Answer } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { renderHostingPage, type HostingView } from './hosting-page.tsx';
import { TargetSchema, type HostingRoom, type Target } from './schema.ts';

const HERE = '/console/international/hosting';
const FormSchema = z.object({ kind: z.enum(['url', 'domain', 'ip', 'asn']).catch('url'), value: z.string().max(4096).catch('') });

export function pages(hosting: HostingRoom): readonly Route[] {
  const render = async (view: Partial<HostingView>, principal: Principal, status = 200): Promise<Answer> => {
    const whole = { kind: 'url', value: '', errors: [], claim: undefined, datasets: await hosting.datasets(), ...view } as const;
    return html(renderHostingPage(whole, principal), { status });
  };
  return [
    definePage({
      method: 'get',
      path: HERE,
      right: 'international:read',
      summary: 'Ask where something is hosted',
      handle: ({ principal }) => render({}, principal),
    }),
    definePage({
      method: 'post',
      path: HERE,
      right: 'international:read',
      summary: 'A hosting claim',
      body: FormSchema,
      async handle({ body: { kind, value }, principal, signal }) {
        const again = (message: string, status = 400): Promise<Answer> => {
          const errors: readonly FieldError[] = [{ at: 'value', message }];
          return render({ kind, value, errors }, principal, status);
        };
        const target = TargetSchema.safeParse({ kind, value: value.trim() });
        if (!target.success) return again(EXPECTED[kind]);
        try {
          // The answer shows the host, never the path: what was typed is not in it.
          return await render({ kind, claim: await hosting.claim(target.data, signal) }, principal);
        } catch (error) {
          if (!isGatehouseError(error)) throw error;
          if (error.code === 'hosting_target_invalid') return again(error.message);
          if (error.code === 'busy') return again(`${error.message} Wait a moment and ask again.`, 503);
          throw error;
        }
      },
    }),
  ];
}

const EXPECTED: Readonly<Record<Target['kind'], string>> = {
  url: 'Enter an address that begins with http:// or https://',
  domain: 'Enter a domain name, such as www.example.org',
  ip: 'Enter an IP address, such as 192.0.2.1 or 2001:db8::1',
  asn: 'Enter the number of a network, such as AS64496',
};
