import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { AssessmentSchema, CountrySummarySchema, CountryViewSchema, ImportResultSchema, KeptStatementSchema } from './route-schema.ts';
import { ASSESSMENT_STATES, TOPICS } from './schema.ts';
import { SHAPES } from './shape-rules.ts';
import { parseValue } from './statement-rules.ts';

const HERE = '/v1/international';
const CODE = { name: '<code>', about: 'two capital letters of ISO 3166-1, such as NL' } as const;
const SOURCE_OPTIONS = [
  { flags: '--publisher <name>', about: 'who publishes the source' },
  { flags: '--title <title>', about: 'title of the source' },
  { flags: '--url <address>', about: 'its address' },
  { flags: '--licence <licence>', about: 'its licence, such as CC-BY-4.0' },
  { flags: '--retrieved <day>', about: 'when it was read, YYYY-MM-DD; today by default' },
  { flags: '--as-of <day>', about: 'the day for which it is true, when the source says one' },
] as const;

export const commands: readonly CommandDefinition[] = [
  listCommand(),
  showCommand(),
  historyCommand(),
  sayCommand(),
  importCommand(),
  assessCommand(),
  stateCommand(),
  replyCommand(),
];

function listCommand(): CommandDefinition {
  return {
    name: 'country list',
    summary: 'list countries, with how much is known about each',
    options: [{ flags: '--known', about: 'only those about which something is said' }],
    async run(context, args) {
      const reply = await (await context.api()).send({ method: 'GET', path: `${HERE}/countries` });
      const { countries } = z.object({ countries: z.array(CountrySummarySchema) }).parse(reply.body);
      const shown = args.options['known'] === true ? countries.filter(({ statements }) => statements > 0) : countries;
      print(context, shown, () =>
        formatTable([
          ['CODE', 'COUNTRY', 'HOTLINE', 'POLICE FIRST', 'STATEMENTS', 'STALE', 'ASSESSED', 'TREATIES'],
          ...shown.map((one) => [
            one.code,
            one.name,
            one.hotline,
            one.policeFirst,
            String(one.statements),
            String(one.stale),
            `${one.assessed} of 21`,
            one.treaties.join(', ') || '-',
          ]),
        ]),
      );
      return EXIT.ok;
    },
  };
}

function showCommand(): CommandDefinition {
  return {
    name: 'country show',
    summary: 'show what is said about one country, with sources and caveats',
    arguments: [CODE],
    async run(context, args) {
      const reply = await (await context.api()).send({ method: 'GET', path: `${HERE}/countries/${encodeURIComponent(args.positional[0] ?? '')}` });
      const view = CountryViewSchema.parse(reply.body);
      print(context, view, () => describeCountry(view));
      return EXIT.ok;
    },
  };
}

function describeCountry({ code, name, note, procedure, statements, capabilities, phases }: z.output<typeof CountryViewSchema>): string[] {
  const assessed = capabilities.flatMap(({ capability, title, assessment }) => (assessment === null ? [] : [{ capability, title, assessment }]));
  return [
    `${name} (${code})${note === null ? '' : `: ${note}`}`,
    `Police first: ${procedure.policeFirst}`,
    `Hotline: ${procedure.hotline === null ? (procedure.fallback ?? '') : [procedure.hotline.name, procedure.hotline.url ?? ''].join(' ').trim()}`,
    `Working days: ${procedure.workingDays.join(',')}${procedure.areWorkingDaysKnown ? '' : ' (nobody said; Monday to Friday is taken)'}`,
    ...statements.flatMap(({ topic, key, value, text, asOf, isStale, source, caveat }) => [
      `${topic} ${key} = ${String(value)}${isStale ? ' STALE' : ''}`,
      `  ${text}`,
      `  ${asOf === null ? 'no day said' : `as of ${asOf}`}; ${source.publisher}: ${source.title}${source.url === null ? '' : `, ${source.url}`}, read ${source.retrievedAt}`,
      ...(caveat === null ? [] : [`  Mind: ${caveat}`]),
    ]),
    `Capabilities: ${assessed.length} of ${capabilities.length} assessed; the others are not assessed, which is not the same as none.`,
    ...assessed.map(
      ({ capability, title, assessment }) =>
        `  ${capability} ${title}: ${phases[assessment.phase] ?? String(assessment.phase)} (${assessment.state}; ${assessment.assessor.kind}, ${assessment.assessor.organisation}; ${Math.round(assessment.coverage * 100)}% of the indicators answered; ${assessment.madeAt.slice(0, 10)})${assessment.reply === null ? '' : `; reply of ${assessment.reply.by}: ${assessment.reply.text}`}`,
    ),
  ];
}

function historyCommand(): CommandDefinition {
  return {
    name: 'country history',
    summary: 'show everything that was said under one key',
    arguments: [CODE, { name: '<key>', about: 'such as police_first' }],
    async run(context, args) {
      const [code = '', key = ''] = args.positional.map(encodeURIComponent);
      const reply = await (await context.api()).send({ method: 'GET', path: `${HERE}/countries/${code}/statements/${key}` });
      const { history } = z.object({ history: z.array(KeptStatementSchema) }).parse(reply.body);
      print(context, history, () =>
        history.length === 0
          ? ['Nothing was said under that key.']
          : history.map(
              ({ keptAt, keptBy, value, text, supersededAt }) =>
                `${keptAt}  ${keptBy}  ${String(value)}  ${text}${supersededAt === null ? '' : '  (superseded)'}`,
            ),
      );
      return EXIT.ok;
    },
  };
}

function sayCommand(): CommandDefinition {
  return {
    name: 'country say',
    summary: 'say something about a country, with its source',
    help: 'The value true or false is a yes or no, a number is a number, anything else is text. The value unknown takes back what was said.',
    arguments: [
      CODE,
      { name: '<topic>', about: `one of ${TOPICS.join(', ')}` },
      { name: '<key>', about: 'such as police_first' },
      { name: '<value>', about: 'what is so' },
    ],
    options: [{ flags: '--text <text>', about: 'the same in a sentence' }, { flags: '--caveat <text>', about: 'what to mind about it' }, ...SOURCE_OPTIONS],
    async run(context, args) {
      const [country, topic, key = '', value = ''] = args.positional;
      const { asOf, ...source } = readSource(context, args);
      const text = textOption(args, 'text') ?? `${key}: ${value}`;
      const json = {
        country,
        topic,
        key,
        value: parseValue(key, value),
        text,
        asOf,
        source: { ...source, sha256: null },
        caveat: textOption(args, 'caveat') ?? null,
      };
      const reply = await (await context.api()).send({ method: 'POST', path: `${HERE}/statements`, json });
      const kept = KeptStatementSchema.parse(reply.body);
      print(context, kept, () => [`Kept ${kept.id}: ${kept.country} ${kept.key} = ${String(kept.value)}.`]);
      return EXIT.ok;
    },
  };
}

function readSource(
  context: CommandContext,
  args: CommandArguments,
): Record<'publisher' | 'title' | 'retrievedAt', string> & Record<'url' | 'licence' | 'asOf', string | null> & { readonly quote: null } {
  const [publisher, title] = [textOption(args, 'publisher'), textOption(args, 'title')];
  if (publisher === undefined || title === undefined)
    throw new GatehouseError('invalid_request', 'Say with --publisher and --title where it comes from. Nothing was kept.', {
      errors: [{ at: 'source', message: 'is missing' }],
    });
  const retrievedAt = textOption(args, 'retrieved') ?? context.clock.now().toISOString().slice(0, 10);
  return {
    publisher,
    title,
    retrievedAt,
    url: textOption(args, 'url') ?? null,
    licence: textOption(args, 'licence') ?? null,
    asOf: textOption(args, 'asOf') ?? null,
    quote: null,
  };
}

function importCommand(): CommandDefinition {
  return {
    name: 'country import',
    summary: 'read a table about countries (exit 2 when rows could not be taken)',
    help: ['Shapes:', ...SHAPES.map(({ name, about }) => `  ${name}: ${about}`)].join('\n'),
    arguments: [
      { name: '<shape>', about: 'which table it is' },
      { name: '<file>', about: 'CSV with a header' },
    ],
    options: SOURCE_OPTIONS,
    async run(context, args) {
      const [shape = '', path = ''] = args.positional;
      const bytes = await readFile(path);
      const source = { ...readSource(context, args), sha256: createHash('sha256').update(bytes).digest('hex') };
      const reply = await (await context.api()).send({ method: 'POST', path: `${HERE}/imports`, json: { shape, file: bytes.toString('utf8'), source } });
      const result = ImportResultSchema.parse(reply.body);
      print(context, result, () => [
        `Kept ${result.kept}; ${result.same} were said already; ${result.faults.length} could not be taken.`,
        ...result.faults.map((fault) => `  ${fault}`),
      ]);
      return result.faults.length === 0 ? EXIT.ok : EXIT.incomplete;
    },
  };
}

function assessCommand(): CommandDefinition {
  return {
    name: 'country assess',
    summary: 'keep an assessment of one capability, as a draft',
    arguments: [{ name: '<file>', about: 'JSON: country, framework, capability, phase, assessor, method, coverage, claims with evidence' }],
    async run(context, args) {
      const path = args.positional[0] ?? '';
      const json = await readJsonFile(path);
      const reply = await (await context.api()).send({ method: 'POST', path: `${HERE}/assessments`, json });
      return printAssessment(context, reply.body);
    },
  };
}

async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatehouseError('invalid_request', `${path} is not JSON. Nothing was kept.`, { cause });
  }
}

function stateCommand(): CommandDefinition {
  return {
    name: 'country state',
    summary: 'review, publish, dispute or withdraw an assessment',
    arguments: [
      { name: '<id>', about: 'id of the assessment' },
      { name: '<state>', about: `one of ${ASSESSMENT_STATES.join(', ')}` },
    ],
    async run(context, args) {
      const [id = '', state = ''] = args.positional;
      const reply = await (await context.api()).send({ method: 'PUT', path: `${HERE}/assessments/${encodeURIComponent(id)}/state`, json: { state } });
      return printAssessment(context, reply.body);
    },
  };
}

function replyCommand(): CommandDefinition {
  return {
    name: 'country reply',
    summary: 'keep the reply of whoever was assessed',
    arguments: [{ name: '<id>', about: 'id of the assessment' }],
    options: [
      { flags: '--by <body>', about: 'who replies' },
      { flags: '--text <text>', about: 'the reply' },
    ],
    async run(context, args) {
      const json = { by: textOption(args, 'by') ?? '', text: textOption(args, 'text') ?? '' };
      const reply = await (
        await context.api()
      ).send({ method: 'POST', path: `${HERE}/assessments/${encodeURIComponent(args.positional[0] ?? '')}/reply`, json });
      return printAssessment(context, reply.body);
    },
  };
}

function printAssessment(context: CommandContext, body: unknown): number {
  const one = AssessmentSchema.parse(body);
  print(context, one, () => [
    `${one.id}: ${one.country}, capability ${one.capability}, phase ${one.phase}, ${one.state}${one.reply === null ? '' : `, with a reply of ${one.reply.by}`}.`,
  ]);
  return EXIT.ok;
}
