import { createInterface } from 'node:readline';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { AdvancedSchema, DraftSchema, NoticeListSchema, NoticeSchema, ReportDetailSchema, ReportListSchema, type ReportDetailBody } from './route-schema.ts';
import { CLASSIFICATIONS, OUTCOMES, REPORT_STATES, WAITS } from './schema.ts';

const REPORTS = '/v1/international/reports';
const NOTICES = '/v1/international/notices';
const ID = { name: '<report>', about: 'id of the report' };
const NOTICE_ID = { name: '<notice>', about: 'id of the notice' };

export const commands: readonly CommandDefinition[] = [
  reportCommand(),
  listCommand(),
  showCommand(),
  draftCommand(),
  readCommand(),
  closeCommand(),
  advanceCommand(),
  rekeyCommand(),
  noticeCommand('approve', 'approve a draft: a mail goes out at the next turn, a sheet counts as handed over'),
  noticeCommand('withdraw', 'withdraw a notice that was not sent'),
  simpleCommand({
    name: 'notice police-agreed',
    summary: 'note that the police agreed: the host may be told',
    argument: ID,
    pathOf: (id) => `${REPORTS}/${id}/police`,
  }),
  ...(['approve', 'refuse'] as const).map((verb) =>
    simpleCommand({
      name: `notice ${verb}-contact`,
      summary: verb === 'approve' ? 'approve a contact: notices may be sent there' : 'refuse a contact: nothing is sent there',
      argument: { name: '<contact>', about: 'id of the contact, as `gatehouse notice show` prints it' },
      pathOf: (id) => `/v1/international/contacts/${id}/${verb}`,
    }),
  ),
];

async function post(context: CommandContext, path: string, json: unknown = {}): Promise<unknown> {
  return (await (await context.api()).send({ method: 'POST', path, json, signal: context.signal })).body;
}

const idOf = (args: CommandArguments): string => encodeURIComponent(args.positional[0] ?? '');

function reportCommand(): CommandDefinition {
  return {
    name: 'notice report',
    summary: 'report an address: it is sealed, traced and drafted about; nothing is fetched from it',
    help: 'The address is read from standard input, so that it is in no list of commands:\n  gatehouse notice report --class baseline --basis "Analyst 7, Example Act" < address.txt',
    options: [
      { flags: '--class <class>', about: `one of ${CLASSIFICATIONS.join(', ')}`, fallback: 'not_assessed' },
      { flags: '--basis <text>', about: 'who assessed it and under which law; no description of the content' },
      { flags: '--detection <how>', about: 'hash_match, ai_detection, manual_review, user_report or automated_scan', fallback: 'manual_review' },
      { flags: '--media <kind>', about: 'image, video, audio, text or mixed' },
      { flags: '--sha256 <digest>', about: 'of the content, if it is known' },
      { flags: '--reference <text>', about: 'your own reference' },
    ],
    async run(context, args) {
      const members = { classification: 'class', basis: 'basis', detection: 'detection', mediaType: 'media', sha256: 'sha256', reference: 'reference' };
      const given = Object.entries(members).flatMap(([member, option]) => {
        const value = textOption(args, option);
        return value === undefined ? [] : [[member, value] as const];
      });
      const body = await post(context, REPORTS, { url: await readLine(), ...Object.fromEntries(given) });
      return showReport(context, body);
    },
  };
}

async function readLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin, terminal: false })) return line.trim();
  return '';
}

function showReport(context: CommandContext, body: unknown): number {
  const report = ReportDetailSchema.parse(body);
  print(context, report, () => describeReport(report));
  return report.waitsFor === null ? EXIT.ok : EXIT.finding;
}

function describeReport(report: ReportDetailBody): string[] {
  const { next } = report;
  return [
    `${report.id}: ${report.outcome ?? report.state}${report.waitsFor === null ? '' : `, waits for a person (${report.waitsFor})`}`,
    `Country: ${report.country ?? 'unknown'} (${report.claim?.origin ?? 'not traced'})`,
    ...(report.closedAt === null
      ? [`Next: ${next.kind}${next.scope === null ? '' : ` (${next.scope})`}, ${next.at ?? 'when a person did something'}: ${next.reason}`]
      : []),
    ...formatTable([
      ['CONTACT', 'FOR', 'MAILBOX OR FORM', 'DECISION'],
      ...report.contacts.map(({ id, contact, decision }) => [id, contact.scope, contact.email ?? contact.url ?? 'none', decision ?? 'none']),
    ]),
    ...formatTable([
      ['NOTICE', 'TO', 'NUMBER', 'FORM', 'STATE', 'SENT'],
      ...report.notices.map((one) => [one.id, one.scope, String(one.sequence), one.format, one.state, one.sentAt ?? '']),
    ]),
    ...report.events.map(({ at, change, actor }) => `${at}  ${change}  ${actor}`),
  ];
}

function listCommand(): CommandDefinition {
  return {
    name: 'notice list',
    summary: 'list reports about hosted material, newest first',
    options: [
      { flags: '--state <state>', about: `one of ${REPORT_STATES.join(', ')}` },
      { flags: '--country <code>', about: 'two capital letters' },
      { flags: '--waits <what>', about: `what a person must do: any, ${WAITS.join(', ')}` },
      { flags: '--before <id>', about: 'the last id of the page before' },
      { flags: '--limit <count>', about: 'at most so many', fallback: '50' },
    ],
    async run(context, args) {
      const query = new URLSearchParams();
      for (const name of ['state', 'country', 'waits', 'before', 'limit']) {
        const value = textOption(args, name);
        if (value !== undefined) query.set(name, value);
      }
      const reply = await (await context.api()).send({ method: 'GET', path: `${REPORTS}?${query.toString()}` });
      const list = ReportListSchema.parse(reply.body);
      print(context, list, () => [
        ...formatTable([
          ['REPORT', 'COUNTRY', 'STATE', 'WAITS FOR', 'REPORTED', 'NEXT'],
          ...list.reports.map((one) => [one.id, one.country ?? 'unknown', one.outcome ?? one.state, one.waitsFor ?? '', one.reportedAt, one.nextAt ?? '']),
        ]),
        `Open reports that wait for a person: ${
          Object.entries(list.waiting)
            .map(([wait, count]) => `${wait} ${count}`)
            .join(', ') || 'none'
        }`,
      ]);
      return EXIT.ok;
    },
  };
}

function showCommand(): CommandDefinition {
  return {
    name: 'notice show',
    summary: 'show one report: contacts, notices, history (exit 1 when a person must do something)',
    arguments: [ID],
    async run(context, args) {
      return showReport(context, (await (await context.api()).send({ method: 'GET', path: `${REPORTS}/${idOf(args)}` })).body);
    },
  };
}

function draftCommand(): CommandDefinition {
  return {
    name: 'notice draft',
    summary: 'draft now what is due next for a report',
    arguments: [ID],
    async run(context, args) {
      const list = NoticeListSchema.parse(await post(context, `${REPORTS}/${idOf(args)}/draft`));
      print(context, list, () => list.notices.map(({ id, scope, format }) => `${id}: ${format} for ${scope}`));
      return EXIT.ok;
    },
  };
}

function readCommand(): CommandDefinition {
  return {
    name: 'notice read',
    summary: 'print what a notice says, addresses included; each look is recorded',
    arguments: [NOTICE_ID],
    async run(context, args) {
      const draft = DraftSchema.parse(await post(context, `${NOTICES}/${idOf(args)}/text`));
      print(context, draft, () => [draft.subject, '', draft.text]);
      return EXIT.ok;
    },
  };
}

function noticeCommand(verb: 'approve' | 'withdraw', summary: string): CommandDefinition {
  return {
    name: `notice ${verb}`,
    summary,
    arguments: [NOTICE_ID],
    async run(context, args) {
      const notice = NoticeSchema.parse(await post(context, `${NOTICES}/${idOf(args)}/${verb}`));
      print(context, notice, () => [`${notice.id}: ${notice.state}`]);
      return EXIT.ok;
    },
  };
}

function closeCommand(): CommandDefinition {
  return {
    name: 'notice close',
    summary: 'close a report with its outcome',
    arguments: [ID, { name: '<outcome>', about: `one of ${OUTCOMES.join(', ')}` }],
    async run(context, args) {
      await post(context, `${REPORTS}/${idOf(args)}/close`, { outcome: args.positional[1] });
      print(context, {}, () => ['Closed.']);
      return EXIT.ok;
    },
  };
}

function advanceCommand(): CommandDefinition {
  return {
    name: 'notice advance',
    summary: 'do every due step now; the server does it each minute',
    async run(context) {
      const done = AdvancedSchema.parse(await post(context, `${REPORTS}/advance`));
      print(context, done, () => [`${done.sent} sent, ${done.failed} not sent, ${done.waiting} reports wait for a person.`]);
      return done.failed === 0 ? EXIT.ok : EXIT.incomplete;
    },
  };
}

function rekeyCommand(): CommandDefinition {
  return {
    name: 'notice rekey',
    summary: 'seal every address, contact and reply with a new key',
    help: 'The key file in the data directory gets a new key, and loses the old ones when nothing is sealed with them. With GATEHOUSE_NOTICES_KEY_FILE, put the new key on its first line before.',
    async run(context) {
      const done = z.object({ sealed: z.number() }).parse(await post(context, `${NOTICES}/rekey`));
      print(context, done, () => [`${done.sealed} rows were sealed again.`]);
      return EXIT.ok;
    },
  };
}

interface SimpleCommand {
  readonly name: string;
  readonly summary: string;
  readonly argument: { readonly name: string; readonly about: string };
  pathOf(id: string): string;
}

function simpleCommand({ name, summary, argument, pathOf }: SimpleCommand): CommandDefinition {
  return {
    name,
    summary,
    arguments: [argument],
    async run(context, args) {
      await post(context, pathOf(idOf(args)));
      print(context, {}, () => ['Kept.']);
      return EXIT.ok;
    },
  };
}
