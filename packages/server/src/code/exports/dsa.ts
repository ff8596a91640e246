/** Statements of reasons for what was held or refused: made, kept, handed out in batches. Nothing is sent: that needs the operator's token. */
import { createHmac } from 'node:crypto';
import type { IntakeService, Restriction } from '../../intake/index.ts';
import { toCanonicalText } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { Evidence, EvidenceReading, EvidenceWindow } from '../../platform/evidence.ts';
import { randomHex } from '../../platform/ids.ts';
import { keepMade } from '../../platform/keep-made.ts';
import { findStatementFaults, toBatches, toStatement } from './dsa-rules.ts';
import type { MadeStatements, MakeStatements, Statement } from './dsa-schema.ts';
import { countStatements, deleteStatements, findStated, putStatements, takeSecret } from './store-dsa.ts';

export interface Statements {
  /** At most 10,000 restrictions at once. @throws {GatehouseError} `invalid_request` */
  make(input: MakeStatements, actor: string): Promise<MadeStatements>;
  /** Shares, as sources of evidence read them. */
  readCoverage(window: EvidenceWindow): Promise<EvidenceReading>;
  readValidity(window: EvidenceWindow): Promise<EvidenceReading>;
}

export interface StatementsParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'events'>;
  readonly intake: Pick<IntakeService, 'restrictions'>;
}

const PAGE = 500;
const RESTRICTIONS_MAX = 10_000;
/** As long as the other records of the service (RKRG 2.6). */
const KEEP_YEARS = 3;

export function createStatements(parts: StatementsParts): Statements {
  const { context, intake } = parts;
  const takeKey = keepMade(() => takeSecret(context.database.sql, Buffer.from(randomHex(32), 'hex')));
  const name = async ({ id, decidedAt }: Restriction): Promise<string> => namePuid(await takeKey(), `${id} ${decidedAt.toISOString()}`);
  return {
    make: (input, actor) => makeStatements({ ...parts, name }, input, actor),
    async readCoverage(window) {
      let [restrictions, stated] = [0, 0];
      for await (const page of listAll(intake, window)) {
        const puids = await Promise.all(page.map(name));
        restrictions += page.length;
        stated += (await findStated(context.database.sql, puids)).size;
      }
      return toShare(stated, restrictions, `${stated} of ${restrictions} restrictions have a statement of reasons that passes the field rules.`);
    },
    async readValidity(window) {
      const { made, valid } = await countStatements(context.database.sql, window);
      return toShare(valid, made, `${valid} of ${made} statements that were made pass the field rules.`);
    },
  };
}

/** 256 bits under a secret: the same restriction has the same name, and nobody gets from it to the upload. */
function namePuid(secret: Buffer, subject: string): string {
  return `g-${createHmac('sha256', secret).update(subject).digest('base64url')}`;
}

function toShare(numerator: number, denominator: number, finding: string): EvidenceReading {
  return { figure: denominator === 0 ? null : numerator / denominator, numerator, denominator, finding };
}

async function* listAll(intake: StatementsParts['intake'], window: EvidenceWindow): AsyncGenerator<readonly Restriction[]> {
  for (let after: Restriction | undefined; ;) {
    const page = await intake.restrictions({ ...window, after, limit: PAGE });
    if (page.length > 0) yield page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

interface Making extends StatementsParts {
  name(restriction: Restriction): Promise<string>;
}

async function makeStatements({ context, intake, name }: Making, input: MakeStatements, actor: string): Promise<MadeStatements> {
  const [from, to] = [new Date(input.from), new Date(input.to)];
  if (from >= to)
    throw new GatehouseError('invalid_request', 'The end must be after the beginning. Nothing was made.', {
      errors: [{ at: '/to', message: 'must be after from' }],
    });
  const { found, next } = await collect(intake, { from, to });
  const made = await Promise.all(found.map(async (restriction) => toMade(restriction, { puid: await name(restriction), input })));
  const now = context.clock.now();
  await context.database.transact(async (tx) => {
    await putStatements(tx, made, now);
    await deleteStatements(tx, new Date(Date.UTC(now.getUTCFullYear() - KEEP_YEARS, now.getUTCMonth(), now.getUTCDate())));
    if (made.length > 0) await context.events.emit('code.changed', { change: 'statements_made', subject: `${input.from} ${input.to}`, actor }, tx);
  });
  return {
    from: from.toISOString(),
    to: (next ?? to).toISOString(),
    isComplete: next === undefined,
    restrictions: found.length,
    invalid: made.filter(({ faults }) => faults.length > 0).map(({ puid, faults }) => ({ puid, faults: [...faults] })),
    batches: toBatches(made.filter(({ faults }) => faults.length === 0).map(({ value }) => value)),
  };
}

interface Collected {
  readonly found: readonly Restriction[];
  /** Where the next call begins; undefined when this is all. */
  readonly next: Date | undefined;
}

async function collect(intake: StatementsParts['intake'], window: EvidenceWindow): Promise<Collected> {
  const found: Restriction[] = [];
  for await (const page of listAll(intake, window)) {
    found.push(...page);
    if (found.length > RESTRICTIONS_MAX) return cutBetween(found);
  }
  return { found, next: undefined };
}

/** The next call begins at a time: decisions of one moment stay together, so that none is handed out twice. */
function cutBetween(found: readonly Restriction[]): Collected {
  const next = found.at(-1)?.decidedAt;
  const kept = found.filter(({ decidedAt }) => decidedAt.getTime() !== next?.getTime());
  if (kept.length === 0) throw new GatehouseError('conflict', `More than ${RESTRICTIONS_MAX} decisions of one moment cannot be told apart. Nothing was made.`);
  return { found: kept, next };
}

function toMade(
  restriction: Restriction,
  { puid, input }: { readonly puid: string; readonly input: MakeStatements },
): { puid: string; decidedAt: Date; statement: string; faults: readonly string[]; value: Statement } {
  const value = toStatement({ ...restriction, puid, decidedBy: 'rule' }, input);
  return { puid, decidedAt: restriction.decidedAt, statement: toCanonicalText(value), faults: findStatementFaults(value), value };
}

export function measureStatements(statements: Statements, evidence: Evidence): void {
  evidence.measure({
    metric: 'sor_coverage_ratio',
    method:
      'Counts what was held or refused because of what was found, and the statements of reasons that were made for it (gatehouse code dsa export). That each user got theirs is not seen here.',
    read: (window) => statements.readCoverage(window),
  });
  evidence.measure({
    metric: 'sor_valid_ratio',
    method: 'Holds each statement of reasons that was made against the field rules of the transparency database.',
    read: (window) => statements.readValidity(window),
  });
}
