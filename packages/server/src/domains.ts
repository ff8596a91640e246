/** The domains in order. A domain may import only those before it (DESIGN.md, import rule 1); they start in this order and stop in reverse. */
import { accessDomain } from './access/index.ts';
import { ageDomain } from './age/index.ts';
import { codeDomain } from './code/index.ts';
import { consoleDomain } from './console/index.ts';
import { intakeDomain } from './intake/index.ts';
import { internationalDomain } from './international/index.ts';
import { listsDomain } from './lists/index.ts';
import { logDomain } from './log/index.ts';
import { registerDomain } from './register/index.ts';
import { screeningDomain } from './screening/index.ts';
import { surfacesDomain } from './surfaces/index.ts';

export const domains = [
  logDomain,
  accessDomain,
  listsDomain,
  screeningDomain,
  intakeDomain,
  surfacesDomain,
  ageDomain,
  internationalDomain,
  codeDomain,
  registerDomain,
  consoleDomain,
] as const;

type ServiceOf<D> = D extends { create(context: never, needs: never): Promise<{ readonly service: infer Service }> } ? Service : never;

/** The services by the names of their domains. */
export type Services = { readonly [D in (typeof domains)[number] as D['name']]: ServiceOf<D> };
