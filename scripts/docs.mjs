/**
 * Writes what the guides repeat from the code: docs/guide/errors.md wholly, the tables of settings and rights in docs/guide/operate.md, the
 * commands in docs/guide/cli.md. Run by `npm run openapi`, after the build. packages/server/test/docs.test.ts sees when it was forgotten.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { completionCommand } from '../packages/server/dist/platform/cli/completion.js';
import { toEnvName } from '../packages/server/dist/platform/config.js';
import { PROBLEMS } from '../packages/server/dist/platform/errors.js';
import { RIGHTS } from '../packages/server/dist/platform/http/rights.js';
import { SETTINGS } from '../packages/server/dist/platform/settings.js';
import { domains } from '../packages/server/dist/domains.js';
import { systemCommands } from '../packages/server/dist/system-commands.js';

const guide = join(import.meta.dirname, '../docs/guide');

writeFileSync(join(guide, 'errors.md'), writeErrors());
replaceBetween('operate.md', 'settings', writeSettings());
replaceBetween('operate.md', 'rights', writeRights());
replaceBetween('cli.md', 'commands', writeCommands());
process.stderr.write('gatehouse: docs/guide is up to date\n');

function writeErrors() {
  const rows = Object.entries(PROBLEMS)
    .toSorted(([, a], [, b]) => a.status - b.status)
    .map(([code, { status, title, remedy }]) => [status, `\`${code}\``, title, remedy]);
  return `# Errors

<!-- Written by scripts/docs.mjs from packages/server/src/platform/errors.ts. Do not edit. -->

Every error has a code from this closed table. Over HTTP it is a problem object (RFC 9457, \`application/problem+json\`):

\`\`\`json
{
  "type": "/docs/errors#queue_full",
  "title": "Too much is being screened at the moment",
  "status": 503,
  "code": "queue_full",
  "detail": "what happened this time, and what was kept",
  "remedy": "what you can do",
  "requestId": "also in the X-Request-Id header and in the log"
}
\`\`\`

Where fields or lines are at fault, \`errors\` names them (\`at\`, \`message\`). Act on \`code\`; \`title\`, \`detail\` and \`remedy\` are for people. Where waiting helps there is a
\`Retry-After\` header. The command line prints the same, with the exit codes of [its guide](cli.md#exit-codes).

\`POST /v1/scan\` also answers with 415, 422 and 503 when content is unscannable, a match, or could not be screened. Those bodies have a \`verdict\` and no \`code\`: see
[the integration guide](integrate.md#scan).

${table(['Status', 'Code', 'Means', 'What to do'], rows)}
`;
}

function writeSettings() {
  const rows = Object.entries(SETTINGS).map(([key, setting]) => [`\`${toEnvName(key)}\`<br>\`${key}\``, describeDefault(key, setting), setting.about]);
  return table(['Variable, key in the file', 'Default', 'What it does'], rows);
}

function describeDefault(key, { schema }) {
  const { data } = schema.safeParse(undefined);
  if (data === undefined || (Array.isArray(data) && data.length === 0)) return 'not set';
  return `\`${data}\`${key.endsWith('Bytes') ? ` (${describeBytes(data)})` : ''}`;
}

function describeBytes(bytes) {
  const gib = bytes / 1024 ** 3;
  return gib >= 1 ? `${gib} GiB` : `${bytes / 1024 ** 2} MiB`;
}

function writeRights() {
  return table(
    ['Right', 'Allows'],
    Object.entries(RIGHTS).map(([right, about]) => [`\`${right}\``, about]),
  );
}

function writeCommands() {
  const definitions = [...systemCommands, ...domains.flatMap((domain) => domain.commands ?? [])];
  return [...definitions, completionCommand(() => definitions)].map(writeCommand).join('\n\n');
}

function writeCommand({ name, summary, help, arguments: args = [], options = [] }) {
  const usage = ['gatehouse', name, ...args.map((argument) => argument.name), ...(options.length > 0 ? ['[options]'] : [])].join(' ');
  const rows = [...args.map((argument) => [`\`${argument.name}\``, argument.about]), ...options.map(writeOption)];
  return [
    `### ${name}`,
    `\`${usage}\`: ${endSentence(summary)}`,
    ...(rows.length > 0 ? [table(['Argument or option', 'Meaning'], rows)] : []),
    ...(help === undefined ? [] : [`\`\`\`text\n${help}\n\`\`\``]),
  ].join('\n\n');
}

function writeOption({ flags, about, fallback, isRepeatable }) {
  return [
    `\`${flags}\``,
    `${about}${fallback === undefined ? '' : ` (default ${fallback})`}${isRepeatable && !/repeatable|several times/.test(about) ? ' (repeatable)' : ''}`,
  ];
}

function endSentence(text) {
  return `${text[0].toLowerCase()}${text.slice(1)}.`;
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows]
    .map(
      (cells) =>
        `| ${cells
          .map((cell) =>
            String(cell)
              .replaceAll('|', '\\|')
              .replaceAll(/<(?!br>)/g, '&lt;')
              .replaceAll(/`[^`]*`/g, (code) => code.replaceAll('&lt;', '<')),
          )
          .join(' | ')} |`,
    )
    .join('\n');
}

function replaceBetween(name, mark, text) {
  const path = join(guide, name);
  const [begin, end] = [`<!-- ${mark}:begin -->`, `<!-- ${mark}:end -->`];
  const before = readFileSync(path, 'utf8');
  const [from, to] = [before.indexOf(begin), before.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${path} has no ${begin} … ${end}`);
  writeFileSync(path, `${before.slice(0, from + begin.length)}\n\n${text}\n\n${before.slice(to)}`);
}
