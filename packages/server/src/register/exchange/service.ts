/** Imports become drafts that somebody reviews; exports are of what is published. */
import { formatCsv } from '../../platform/csv-text-rules.ts';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { CHANGE_KINDS, type ProposedPart, type Register, type RegisterService } from '../model/schema.ts';
import { EXPORT_COLUMNS, toExportRow } from './export-rules.ts';
import { readJsonLd } from './jsonld-read-rules.ts';
import { writeJsonLd } from './jsonld-write-rules.ts';
import { dropKnown } from './known.ts';
import { createLinks } from './links.ts';
import type { ExchangeService, ExportFormat, ImportInput, ImportResult } from './schema.ts';
import { readTable, type ReadParts } from './table-rules.ts';

export interface ExchangeParts {
  readonly context: AppContext;
  readonly model: RegisterService;
}

/** A table that is broken on every line is broken in one way; nobody reads more. */
const FAULTS_MAX = 200;

export function createExchangeService({ context, model }: ExchangeParts): ExchangeService {
  return {
    ...createLinks(context, model),
    export: (register, format) => exportRegister({ context, model }, register, format),
    async preview(input) {
      return (await plan(model, input)).result;
    },
    async import(input, actor) {
      const { parts, result } = await plan(model, input);
      if (result.faults.length > 0 || parts.length === 0) return result;
      const { batch } = await model.proposeAll(parts, actor);
      return { ...result, batch };
    },
  };
}

interface Plan {
  readonly parts: readonly ProposedPart[];
  readonly result: ImportResult;
}

async function plan(model: RegisterService, input: ImportInput): Promise<Plan> {
  const read = readInput(input);
  const parts = dropKnown(read.parts, {
    registers: (await model.registers()).map(withoutCount),
    views: await model.list({ register: read.register ?? undefined }),
  });
  const faults = [...read.faults, ...(await model.findFaults(parts)).map(({ ref, message }) => ({ at: ref, message }))];
  const count = (kind: string): number => parts.filter(({ change }) => change.kind === kind).length;
  const [register, recommendation, response, action, milestone, status] = CHANGE_KINDS.map(count);
  const counts = {
    register: register ?? 0,
    recommendation: recommendation ?? 0,
    response: response ?? 0,
    action: action ?? 0,
    milestone: milestone ?? 0,
    status: status ?? 0,
  };
  return { parts, result: { batch: null, register: read.register, counts, unchanged: read.parts.length - parts.length, faults: faults.slice(0, FAULTS_MAX) } };
}

function readInput(input: ImportInput): ReadParts {
  return input.kind === 'csv' ? readTable(input.text, input.mapping) : readJsonLd(input.document);
}

async function exportRegister({ context, model }: ExchangeParts, id: string, format: ExportFormat): ReturnType<ExchangeService['export']> {
  const register = (await model.registers()).find((one) => one.id === id);
  if (register === undefined) throw new GatehouseError('not_found', `There is no register ${id}.`);
  const views = await model.list({ register: id });
  const base = context.publicUrl();
  switch (format) {
    case 'csv':
      return {
        name: `${id}.csv`,
        contentType: 'text/csv; charset=utf-8',
        text: formatCsv(
          EXPORT_COLUMNS,
          views.map((view) => toExportRow(base, view)),
        ),
      };
    case 'json': {
      // With every published change and its digest: the entries of the log can be found by them.
      const timelines = await Promise.all([id, ...views.map((view) => view.id)].map((subject) => model.timeline(subject)));
      return {
        name: `${id}.json`,
        contentType: 'application/json; charset=utf-8',
        text: toText({ format: 1, register: withoutCount(register), recommendations: views, changes: timelines.flat() }),
      };
    }
    case 'jsonld':
      return { name: `${id}.jsonld`, contentType: 'application/ld+json; charset=utf-8', text: toText(writeJsonLd(base, withoutCount(register), views)) };
    default:
      return format satisfies never;
  }
}

function withoutCount({ recommendations: _count, ...register }: Register & { readonly recommendations: number }): Register {
  return register;
}

function toText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
