/** From a file of a known shape to statements, each with its source. Rows that cannot be taken are named; nothing is filled in. */
import { parseCsv } from '../../platform/csv-rules.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { Places } from './place-rules.ts';
import { StatementSchema, type ImportSource, type Statement } from './schema.ts';
import { FIGURE_SHAPES } from './shape-figure-rules.ts';
import type { Saying, Shape } from './shape-schema.ts';
import { TREATY_SHAPES } from './shape-treaty-rules.ts';
import { checkStatement, nameStatement } from './statement-rules.ts';

export const SHAPES: readonly Shape[] = [...FIGURE_SHAPES, ...TREATY_SHAPES];

export interface FileToRead {
  readonly shape: string;
  readonly text: string;
  readonly source: ImportSource;
  readonly places: Places;
}

export interface ReadStatements {
  readonly statements: readonly Statement[];
  readonly faults: readonly string[];
}

/** @throws {GatehouseError} `invalid_request`: no known shape, no table, or another table than the shape needs */
export function readShape({ shape: name, text, source, places }: FileToRead): ReadStatements {
  const shape = SHAPES.find((one) => one.name === name);
  if (shape === undefined) throw refuse('shape', `There is no shape ${name}. Known are ${SHAPES.map((one) => one.name).join(', ')}.`);
  const table = parseCsv(text);
  const missing = shape.columns.filter((column) => !table.columns.includes(column));
  if (missing.length > 0) throw refuse('file', `A file of the shape ${name} needs the columns ${shape.columns.join(', ')}; there is no ${missing.join(', ')}.`);
  const byName = new Map<string, Statement>();
  const faults = [...table.faults];
  let before: Readonly<Record<string, string>> | undefined;
  for (const { line, cells } of table.rows) {
    const { sayings, fault } = shape.read(cells, { places, asOf: source.asOf ?? null, before });
    // What "same" means is the last source that was written out.
    if (cells['source'] !== 'same') before = cells;
    if (fault !== undefined) faults.push(`line ${line}: ${fault}`);
    for (const saying of sayings) {
      const problem = take(toStatement(saying, source), byName, saying.isAdded === true);
      if (problem !== undefined) faults.push(`line ${line}: ${problem}`);
    }
  }
  return { statements: [...byName.values()], faults };
}

/** @returns why it was not taken */
function take(statement: Statement, byName: Map<string, Statement>, isAdded: boolean): string | undefined {
  const parsed = StatementSchema.safeParse(statement);
  if (!parsed.success) return parsed.error.issues.map((issue) => `${issue.path.map(String).join('.')} ${issue.message}`).join('; ');
  const [fault] = checkStatement(statement);
  if (fault !== undefined) return `${fault.at} ${fault.message}`;
  const name = nameStatement(statement);
  const before = byName.get(name);
  if (before === undefined) byName.set(name, parsed.data);
  else if (isAdded && typeof before.value === 'number' && typeof statement.value === 'number')
    byName.set(name, { ...before, value: before.value + statement.value, text: `${before.text} ${statement.text} Added up here.` });
  else return `${name} is there twice; the first counts`;
  return undefined;
}

function toStatement({ url, title, isAdded: _isAdded, ...saying }: Saying, { asOf: _asOf, ...source }: ImportSource): Statement {
  return { ...saying, source: { ...source, url: url === undefined ? source.url : url, title: title ?? source.title } };
}

function refuse(at: string, message: string): GatehouseError {
  return new GatehouseError('invalid_request', `The file was not read. ${message} Nothing was kept.`, { errors: [{ at, message }] });
}
