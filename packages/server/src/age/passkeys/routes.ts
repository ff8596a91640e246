import type { AppContext } from '../../platform/context.ts';
import { json, noContent } from '../../platform/http/reply.ts';
import { defineRoute, type ResponseDoc, type Route } from '../../platform/http/route.ts';
import { RedeemedSchema, SessionQuerySchema } from '../tokens/schema.ts';
import { AssertionSchema, CreationOptionsSchema, RegistrationSchema, RequestOptionsSchema } from './schema.ts';
import type { PasskeyService } from './service.ts';

const FORBIDDEN: ResponseDoc = { description: 'Not taken; `reason` says why' };

/** Another site cannot call these: `ignoresCredentials` has the frame refuse requests that browsers send from elsewhere. */
const common = { method: 'post', right: 'public', ignoresCredentials: true, tag: 'age', query: SessionQuerySchema } as const;

export function routes(service: PasskeyService, _context: AppContext): readonly Route[] {
  return [...registrationRoutes(service), ...assertionRoutes(service)];
}

function registrationRoutes(service: PasskeyService): readonly Route[] {
  return [
    defineRoute({
      ...common,
      path: '/v1/age/passkeys/options',
      summary: 'What a browser needs to bind the result of a check to a new passkey (WebAuthn creation options)',
      responses: { 200: { description: 'PublicKeyCredentialCreationOptionsJSON', schema: CreationOptionsSchema }, 403: FORBIDDEN },
      handle: async (exchange) => json(await service.beginRegistration({ sessionId: exchange.query.session, proof: exchange })),
    }),
    defineRoute({
      ...common,
      path: '/v1/age/passkeys',
      summary: 'Binds the result of a check that was completed a moment ago to a passkey, one for each check',
      body: RegistrationSchema,
      responses: { 204: { description: 'Kept' }, 403: FORBIDDEN },
      async handle(exchange) {
        await service.register({ sessionId: exchange.query.session, proof: exchange }, exchange.body);
        return noContent();
      },
    }),
  ];
}

function assertionRoutes(service: PasskeyService): readonly Route[] {
  return [
    defineRoute({
      ...common,
      path: '/v1/age/passkeys/assertion-options',
      summary: 'What a browser needs to show a passkey in an open age check (WebAuthn request options)',
      responses: { 200: { description: 'PublicKeyCredentialRequestOptionsJSON', schema: RequestOptionsSchema } },
      handle: async (exchange) => json(await service.beginAssertion({ sessionId: exchange.query.session, proof: exchange })),
    }),
    defineRoute({
      ...common,
      path: '/v1/age/passkeys/assertions',
      summary: 'Completes an open age check with a passkey',
      body: AssertionSchema,
      responses: { 200: { description: 'The age check is completed', schema: RedeemedSchema }, 403: FORBIDDEN },
      async handle(exchange) {
        await service.assert({ sessionId: exchange.query.session, proof: exchange }, exchange.body);
        return json({ status: 'completed' });
      },
    }),
  ];
}
