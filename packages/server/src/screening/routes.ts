import { json } from '../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../platform/http/route.ts';
import { LOOK_UP_TIMEOUT_MS, type LookUpInput, type LookUpService } from './look-ups.ts';
import { LOOK_UP_SIGNALS_MAX, LookUpReplySchema, LookUpRequestSchema } from './look-up-schema.ts';

const ABOUT = `Compares up to ${LOOK_UP_SIGNALS_MAX} hashes with the lists in force, each for itself, without any content. \
A PDQ hash is compared as it is: for a picture that may be turned or mirrored send all eight hashes (\`pdqDihedral\`, \`gatehouse hash --orientations\`), \
for one with a side above 512 pixels those of both forms. \`results[].index\` says which of them matched. \
All or nothing: when one signal could not be compared the answer is an error. An answer is not a verdict and never a clearance.`;

/** What every surface says of who asks. */
export function askedBy({ principal, signal }: Pick<Exchange, 'principal' | 'signal'>): Omit<LookUpInput, 'request'> {
  return { key: principal.id, canSeeReferences: principal.rights.has('lists:read'), signal };
}

export function routes(service: LookUpService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/match',
      right: 'match',
      timeoutMs: LOOK_UP_TIMEOUT_MS,
      tag: 'match',
      summary: 'Look hashes up in the lists',
      description: ABOUT,
      body: LookUpRequestSchema,
      responses: { 200: { description: 'Every signal was compared', schema: LookUpReplySchema } },
      handle: async (exchange) => json(await service.lookUp({ request: exchange.body, ...askedBy(exchange) })),
    }),
  ];
}
