import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandDefinition } from '../../platform/cli/command.ts';
import { formatThreshold, formatValue } from './export-rules.ts';
import { SelfTestSchema } from './lab-schema.ts';
import { EvidenceSchema } from './metric-schema.ts';
import { RecordSchema, VerificationSchema } from './record-schema.ts';

const PATH = '/v1/age/evidence';
const EntriesSchema = z.object({ entries: z.array(RecordSchema) });

export const commands: readonly CommandDefinition[] = [showCommand(), recordCommand(), verifyCommand(), reviewCommand(), exportCommand(), selfTestCommand()];

function showCommand(): CommandDefinition {
  return {
    name: 'age evidence show',
    summary: 'show the metrics about age checks, by criterion',
    help: 'Exit code 1: a metric fails. Not evaluated is not a pass.',
    async run(context) {
      const api = await context.api();
      const evidence = EvidenceSchema.parse((await api.send({ method: 'GET', path: PATH })).body);
      print(context, evidence, () => [
        evidence.about,
        `No figure is about fewer than ${evidence.k} checks.`,
        '',
        ...formatTable([
          ['METRIC', 'STATE', 'VALUE', 'THRESHOLD'],
          ...evidence.metrics.map((metric) => [metric.id, metric.state, formatValue(metric), formatThreshold(metric)]),
        ]),
      ]);
      return evidence.metrics.some(({ state }) => state === 'fail') ? EXIT.finding : EXIT.ok;
    },
  };
}

function recordCommand(): CommandDefinition {
  return {
    name: 'age evidence record',
    summary: 'list the written record of age checks',
    options: [{ flags: '--after <number>', about: 'only entries after this one' }],
    async run(context, args) {
      const api = await context.api();
      const after = textOption(args, 'after') ?? '0';
      const { entries } = EntriesSchema.parse((await api.send({ method: 'GET', path: `${PATH}/record?after=${encodeURIComponent(after)}` })).body);
      print(context, entries, () =>
        formatTable([
          ['ENTRY', 'AT', 'KIND', 'BY', 'CAUSE', 'CHANGED'],
          ...entries.map(({ sequence, at, kind, actor, cause, changed }) => [
            String(sequence),
            at,
            kind,
            actor,
            cause,
            changed.filter((one) => one !== '').join(' '),
          ]),
        ]),
      );
      return EXIT.ok;
    },
  };
}

function verifyCommand(): CommandDefinition {
  return {
    name: 'age evidence verify',
    summary: 'verify that nobody changed the written record of age checks',
    options: [{ flags: '--head <head>', about: 'a head that was noted earlier: finds also that the end was cut off or all was written anew' }],
    help: 'Prints the head, <number>:<hash>. Note it somewhere else, such as on paper.\nExit code 1: the record was changed.',
    async run(context, args) {
      const head = textOption(args, 'head');
      const api = await context.api();
      const path = `${PATH}/verification${head === undefined ? '' : `?head=${encodeURIComponent(head)}`}`;
      const found = VerificationSchema.parse((await api.send({ method: 'GET', path })).body);
      print(context, found, () => [
        found.isIntact
          ? `The record is whole: ${found.entries} entries, head ${found.head.sequence}:${found.head.hash}`
          : `The record was changed at entry ${found.fault?.sequence ?? '?'} (${found.fault?.reason ?? 'unknown'}). The ${found.entries} entries before are whole.`,
      ]);
      return found.isIntact ? EXIT.ok : EXIT.finding;
    },
  };
}

function reviewCommand(): CommandDefinition {
  return {
    name: 'age evidence review',
    summary: 'add a review to the written record of age checks; it stays there',
    options: [
      { flags: '--reviewer <name>', about: 'who reviewed; a role is enough' },
      { flags: '--on <date>', about: 'when, 2026-11-25; default: today' },
      { flags: '--text <text>', about: 'what was looked at, what was found, what follows' },
      { flags: '--next <date>', about: 'when the next review is due' },
      { flags: '--dpia <url>', about: 'where the data protection impact assessment is' },
    ],
    help: 'Example:\n  gatehouse age evidence review --reviewer "Data protection officer" --text "Looked at refusals and gaps; nothing to change." --next 2027-05-25',
    async run(context, args) {
      const dpiaUrl = textOption(args, 'dpia');
      const api = await context.api();
      const reply = await api.send({
        method: 'POST',
        path: `${PATH}/reviews`,
        json: {
          reviewer: textOption(args, 'reviewer') ?? '',
          reviewedOn: textOption(args, 'on') ?? context.clock.now().toISOString().slice(0, 10),
          text: textOption(args, 'text') ?? '',
          nextReviewOn: textOption(args, 'next') ?? '',
          ...(dpiaUrl === undefined ? {} : { dpiaUrl }),
        },
      });
      const entry = RecordSchema.parse(reply.body);
      print(context, entry, () => [`Entry ${entry.sequence} was written, hash ${entry.hash}.`]);
      return EXIT.ok;
    },
  };
}

function exportCommand(): CommandDefinition {
  return {
    name: 'age evidence export',
    summary: 'write metrics, self-test and the whole record of age checks as one text',
    arguments: [{ name: '[file]', about: 'where to; without it, standard output' }],
    options: [{ flags: '--format <format>', about: 'markdown (default) or json' }],
    async run(context, args) {
      const [file] = args.positional;
      const format = textOption(args, 'format') ?? (context.isJson ? 'json' : 'markdown');
      const api = await context.api();
      const { body } = await api.send({ method: 'GET', path: `${PATH}/export?format=${encodeURIComponent(format)}` });
      const text = typeof body === 'string' ? body : `${JSON.stringify(body, undefined, 2)}\n`;
      if (file === undefined) {
        context.terminal.out(text);
        return EXIT.ok;
      }
      await writeFile(file, text, { mode: 0o600 });
      print(context, { file }, () => [`Written to ${file}.`]);
      return EXIT.ok;
    },
  };
}

function selfTestCommand(): CommandDefinition {
  return {
    name: 'age evidence self-test',
    summary: 'judge a corpus of hostile and genuine presentations with the verifier of this build',
    help: 'Exit code 1: it accepted a hostile one, refused a genuine one, or judged one differently the second time.',
    async run(context) {
      const api = await context.api();
      const found = SelfTestSchema.parse((await api.send({ method: 'POST', path: `${PATH}/self-tests` })).body);
      const { report } = found;
      print(context, found, () => [
        `${report.cases} presentations, each judged twice. Hostile ones accepted: ${report.hostileAccepted}. Genuine ones not answered rightly: ${report.genuineWrong}. Judged differently the second time: ${report.differing}. Refused for another reason than expected: ${report.otherReason}.`,
        ...report.faults.map((fault) => `  ${fault}`),
        found.isPassed ? 'Passed.' : 'Failed.',
      ]);
      return found.isPassed ? EXIT.ok : EXIT.finding;
    },
  };
}
