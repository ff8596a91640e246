import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandDefinition } from '../../platform/cli/command.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { ApplicabilityListSchema, QuestionnaireSchema, WhatIfSchema, type Question } from './question-schema.ts';
import { ApplicabilitySchema, OUTCOMES, type Applicability } from './schema.ts';

const PAIRS_HELP = 'Each is <fact>=<value>: ukMau=20000 mediaUploads=yes risk.imageCsam=high kind=u2u. `unknown` takes an answer back.';

export const commands: readonly CommandDefinition[] = [factsCommand(), answerCommand(), appliesCommand(), whatIfCommand()];

const FACTS = '/v1/code/facts';

function factsCommand(): CommandDefinition {
  return {
    name: 'code facts',
    summary: 'list the questions about the service, the answers, and what to answer next',
    options: [{ flags: '--next', about: 'only what is open, most important first' }],
    async run(context, args) {
      const found = QuestionnaireSchema.parse((await (await context.api()).send({ method: 'GET', path: FACTS })).body);
      const open = found.next.flatMap((fact) => found.questions.find((question) => question.fact === fact) ?? []);
      const shown = args.options['next'] === true ? open : found.questions;
      print(context, args.options['next'] === true ? { ...found, questions: shown } : found, () => [
        ...formatTable([['FACT', 'ANSWER', 'BY', 'DECIDES', 'QUESTION'], ...shown.map(toRow)]),
        '',
        `${found.decided} measures are decided, ${found.undecided} are not. ${open.length === 0 ? 'Nothing is open.' : `${open.length} questions are open; next: ${open[0]?.fact ?? ''}`}`,
      ]);
      return EXIT.ok;
    },
  };
}

function toRow({ fact, value, said, found, decides, question }: Question): string[] {
  const counts = said !== null && said.value !== null ? said : found;
  return [
    fact,
    value === null ? '-' : (counts?.text ?? String(value)),
    value === null ? '' : (counts?.saidName ?? counts?.saidBy ?? ''),
    String(decides),
    question,
  ];
}

function answerCommand(): CommandDefinition {
  return {
    name: 'code answer',
    summary: 'answer questions about the service',
    arguments: [{ name: '<answers...>', about: 'fact=value' }],
    options: [{ flags: '--method <text>', about: 'how it was found out, such as "mean of July to December, own analytics"' }],
    help: PAIRS_HELP,
    async run(context, args) {
      const method = textOption(args, 'method');
      const answers = readPairs(args).map(([fact, value]) => ({ fact, value, ...(method === undefined ? {} : { method }) }));
      const reply = await (await context.api()).send({ method: 'POST', path: FACTS, json: { answers } });
      const found = QuestionnaireSchema.parse(reply.body);
      const [next] = found.next;
      print(context, found, () => [
        `Kept ${answers.length === 1 ? 'one answer' : `${answers.length} answers`}. ${found.decided} measures are decided, ${found.undecided} are not.`,
        ...(next === undefined ? [] : [`Next: ${next}, ${found.questions.find(({ fact }) => fact === next)?.question ?? ''}`]),
      ]);
      return EXIT.ok;
    },
  };
}

function appliesCommand(): CommandDefinition {
  return {
    name: 'code applies',
    summary: 'say which measures are for this service, or why one is or is not',
    arguments: [{ name: '[measure]', about: 'id, such as icu-c9; without it all of them' }],
    options: [
      { flags: '--on <date>', about: 'the day whose law it is, YYYY-MM-DD; default today' },
      { flags: '--outcome <outcome>', about: `only ${OUTCOMES.join(', ')}` },
    ],
    async run(context, args) {
      const api = await context.api();
      const on = textOption(args, 'on');
      const query = on === undefined ? '' : `?on=${encodeURIComponent(on)}`;
      const [control] = args.positional;
      if (control !== undefined) {
        const one = ApplicabilitySchema.parse((await api.send({ method: 'GET', path: `/v1/code/applicability/${encodeURIComponent(control)}${query}` })).body);
        print(context, one, () => describeOne(one));
        return EXIT.ok;
      }
      const list = ApplicabilityListSchema.parse((await api.send({ method: 'GET', path: `/v1/code/applicability${query}` })).body);
      const outcome = textOption(args, 'outcome');
      const measures = list.measures.filter((one) => outcome === undefined || one.outcome === outcome);
      print(context, { ...list, measures }, () => measures.map((one) => `${one.control.padEnd(18)} ${one.outcome.padEnd(10)} ${one.reason}`));
      return EXIT.ok;
    },
  };
}

function describeOne({ control, outcome, reason, decidedBy, missing, wouldBind }: Applicability): string[] {
  return [
    `${control}: ${outcome}. ${reason}`,
    ...(decidedBy.length === 0 ? [] : ['Decided by:']),
    ...decidedBy.map(({ fact, value, saidBy, saidAt }) => `  ${fact}: ${value}${saidBy === null ? '' : ` (${saidBy}, ${saidAt ?? ''})`}`),
    ...(missing.length === 0 ? [] : [`Not answered: ${missing.join(', ')}`]),
    ...(wouldBind.length === 0 ? [] : ['It would be for this service with any of these:']),
    ...wouldBind.map((changes) => `  ${changes.map(({ fact, now, to }) => `${fact}: ${to} (now ${now})`).join(' and ')}`),
  ];
}

function whatIfCommand(): CommandDefinition {
  return {
    name: 'code what-if',
    summary: 'show what would be otherwise if facts were other ones; nothing is kept',
    arguments: [{ name: '<changes...>', about: 'fact=value' }],
    options: [{ flags: '--on <date>', about: 'the day whose law it is, YYYY-MM-DD; default today' }],
    help: PAIRS_HELP,
    async run(context, args) {
      const on = textOption(args, 'on');
      const json = { facts: Object.fromEntries(readPairs(args)), ...(on === undefined ? {} : { on }) };
      const found = WhatIfSchema.parse((await (await context.api()).send({ method: 'POST', path: '/v1/code/what-if', json })).body);
      print(context, found, () => [
        ...found.differences.map(({ control, before, after, title }) => `${control.padEnd(18)} ${before} -> ${after}  ${title}`),
        `${found.differences.length} measures differ, ${found.unchanged} do not. Nothing was kept.`,
      ]);
      return EXIT.ok;
    },
  };
}

/** @throws {GatehouseError} `invalid_request` */
function readPairs({ positional }: CommandArguments): (readonly [fact: string, value: string])[] {
  return positional.map((text) => {
    const at = text.indexOf('=');
    if (at <= 0) throw new GatehouseError('invalid_request', `\`${text}\` is no <fact>=<value>. Nothing was kept.`);
    return [text.slice(0, at).trim(), text.slice(at + 1).trim()] as const;
  });
}
