/** Puts the public statement together. */
import { readFile } from 'node:fs/promises';
import type { LogService } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import type { EvidenceService } from '../evidence/schema.ts';
import { stateMeasures, toParagraphs } from './statement-rules.ts';
import { StatementFileSchema, type Statement, type StatementFile } from './statement-schema.ts';

export interface StatementService {
  /** @throws {GatehouseError} `not_found` unless the operator publishes it */
  state(): Promise<Statement>;
}

export interface StatementParts {
  readonly context: AppContext;
  readonly log: LogService;
  readonly catalogue: CatalogueService;
  readonly evidence: EvidenceService;
}

export async function createStatement({ context: { config }, log, catalogue, evidence }: StatementParts): Promise<StatementService> {
  const words = await readWords(config.codeStatementFile);
  return {
    async state() {
      if (!config.codeStatement) throw new GatehouseError('not_found', 'The operator publishes no statement here.');
      const { catalogue: data } = catalogue.current();
      const last = await evidence.last();
      const { origin, verifierKey } = await log.status();
      return {
        operator: words?.operator ?? null,
        preface: toParagraphs(words?.preface),
        contact: toParagraphs(words?.contact),
        disclaimer: data.disclaimer,
        catalogueVersion: data.version,
        evaluatedAt: last?.evaluation.at ?? null,
        evaluation: last === undefined ? null : { id: last.evaluation.id, digest: last.digest, logIndex: last.logIndex ?? null },
        log: { origin, verifierKey, isPublic: config.logPublic },
        measures: [...stateMeasures(data, last?.evaluation)],
      };
    },
  };
}

async function readWords(path: string | undefined): Promise<StatementFile | undefined> {
  if (path === undefined) return undefined;
  try {
    return StatementFileSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    const detail = `The file of the code statement ${path} cannot be used: it must be JSON with operator, and optionally preface and contact.`;
    throw new GatehouseError('config_invalid', detail, { cause });
  }
}
