/** Enforcement: the OpenID facade, its clients, and forward-auth for reverse proxies. */
import type { AppContext } from '../../platform/context.ts';
import { inDataDir } from '../../platform/config.ts';
import type { AgeResults } from '../results/service.ts';
import type { AgeServices, AgeSessions } from '../sessions/schema.ts';
import { createAgeClients, type AgeClients } from './clients.ts';
import { openGateCookies } from './cookies.ts';
import { createForwardAuth, type ForwardAuth } from './forward.ts';
import { openOpenIdSigner } from './openid-key.ts';
import { makeGateProbes, type GateProbe } from './probes.ts';
import { createOpenIdFacade, type OpenIdFacade } from './openid.ts';

export interface EnforcementService {
  readonly clients: AgeClients;
  readonly openid: OpenIdFacade;
  readonly forward: ForwardAuth;
  /** Requests with which to try to get past the gate. */
  probes(): Promise<readonly GateProbe[]>;
}

export interface EnforcementParts {
  readonly context: AppContext;
  readonly sessions: AgeSessions;
  readonly services: AgeServices;
  readonly results: AgeResults;
  readonly generation: () => Promise<number>;
}

export async function createEnforcement(parts: EnforcementParts): Promise<EnforcementService> {
  const { context, sessions, services, results, generation } = parts;
  const { config } = context;
  const signer = await openOpenIdSigner(config.ageOpenidKeyFile ?? inDataDir(config, 'keys', 'age-openid.pem'), config.ageOpenidKeyFile === undefined);
  const cookies = await openGateCookies(config.ageGateKeyFile ?? inDataDir(config, 'keys', 'age-gate.key'), config.ageGateKeyFile === undefined);
  return {
    clients: createAgeClients({ context, services }),
    openid: createOpenIdFacade({ context, sessions, signer, generation }),
    forward: createForwardAuth({ context, sessions, services, results, cookies, generation }),
    probes: () => makeGateProbes({ cookies, results }, context.clock.now()),
  };
}
