/** Makes the services of the domain out of each other. One folder is a few lines here and a few in index.ts. */
import type { CodeService } from '../code/index.ts';
import type { InternationalService } from '../international/index.ts';
import type { LogService } from '../log/index.ts';
import type { AppContext } from '../platform/context.ts';
import type { ChecksService } from './checks/schema.ts';
import { createChecksService } from './checks/service.ts';
import type { ExchangeService } from './exchange/schema.ts';
import { createExchangeService } from './exchange/service.ts';
import type { RegisterService as ModelService } from './model/schema.ts';
import { createRegisterService } from './model/service.ts';
import { createPublication, type Publication } from './public/service.ts';

export interface RegisterNeeds {
  readonly log: LogService;
  readonly code: CodeService;
  readonly international: InternationalService;
}

export interface RegisterService {
  readonly model: ModelService;
  readonly checks: ChecksService;
  readonly exchange: ExchangeService;
  readonly publication: Publication;
}

export async function composeRegister(context: AppContext, { log, code, international }: RegisterNeeds): Promise<RegisterService> {
  const checks = await createChecksService({ context, log, code, international });
  const model = await createRegisterService({ context, checks });
  const exchange = createExchangeService({ context, model });
  const publication = createPublication({ context, log, model, exchange, checks });
  return { model, checks, exchange, publication };
}
