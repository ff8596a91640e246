import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { ALL_RIGHTS, RIGHTS } from '../platform/http/rights.ts';
import { CreatedKeySchema, CreatedLinkSchema, FIRST_PERSON, KeyListSchema } from './schema.ts';

const RIGHTS_HELP = `Rights:\n${ALL_RIGHTS.map((right) => `  ${right.padEnd(18)}${RIGHTS[right]}`).join('\n')}`;

export const commands: readonly CommandDefinition[] = [
  {
    name: 'access sign-in-link',
    summary: 'make a one-time link with which a person signs in to the console',
    options: [
      { flags: '--name <name>', about: `whose link it is; without it: "${FIRST_PERSON}", with every right` },
      {
        flags: '--right <right>',
        about: 'what the person may do from now on (repeatable); default: an existing person keeps theirs, a new one gets yours',
        isRepeatable: true,
      },
      { flags: '--minutes <minutes>', about: 'how long the link can be used' },
    ],
    help: `Examples:\n  gatehouse access sign-in-link\n  gatehouse access sign-in-link --name "Sam Doe" --right lists:read --right uploads:read\n\n${RIGHTS_HELP}`,
    async run(context, args) {
      const name = textOption(args, 'name') ?? FIRST_PERSON;
      const chosen = listOption(args, 'right');
      const isPlain = textOption(args, 'name') === undefined && chosen.length === 0;
      const rights = isPlain ? await readOwnRights(await context.api()) : chosen;
      const minutes = wholeOption(args, 'minutes');
      const api = await context.api();
      const reply = await api.send({
        method: 'POST',
        path: '/v1/sign-in-links',
        json: { name, ...(rights.length === 0 ? {} : { rights }), ...(minutes === undefined ? {} : { minutes }) },
      });
      const link = CreatedLinkSchema.parse(reply.body);
      print(context, link, () => [link.url]);
      if (!context.isJson) context.terminal.err(`For ${link.person}; works once, until ${link.expiresAt}.\n`);
      return EXIT.ok;
    },
  },
  {
    name: 'key create',
    summary: 'make an API key; it is shown once',
    options: [
      { flags: '--name <name>', about: 'what the key is for' },
      { flags: '--right <right>', about: 'what the key may do (repeatable)', isRepeatable: true },
      { flags: '--expires-days <days>', about: 'days until it stops working; without it the key works until it is revoked' },
    ],
    help: `Example:\n  gatehouse key create --name "web shop" --right scan --right receipts:verify --expires-days 365\n\n${RIGHTS_HELP}`,
    async run(context, args) {
      const expiresInDays = wholeOption(args, 'expiresDays');
      const api = await context.api();
      const reply = await api.send({
        method: 'POST',
        path: '/v1/keys',
        json: { name: textOption(args, 'name') ?? '', rights: listOption(args, 'right'), ...(expiresInDays === undefined ? {} : { expiresInDays }) },
      });
      const created = CreatedKeySchema.parse(reply.body);
      print(context, created, () => [created.secret]);
      if (!context.isJson) context.terminal.err(`Key ${created.key.id} ("${created.key.name}"). Keep it now: it is not shown again.\n`);
      return EXIT.ok;
    },
  },
  {
    name: 'key list',
    summary: 'list API keys with their rights and last use',
    async run(context) {
      const api = await context.api();
      const { keys } = KeyListSchema.parse((await api.send({ method: 'GET', path: '/v1/keys' })).body);
      const rows = keys.map((key) => [key.id, key.name, key.state, key.rights.join(','), toDay(key.createdAt), toDay(key.expiresAt), toDay(key.lastUsedAt)]);
      print(context, keys, () =>
        keys.length === 0
          ? ['There are no keys. Make one with `gatehouse key create`.']
          : formatTable([['ID', 'NAME', 'STATE', 'RIGHTS', 'MADE', 'EXPIRES', 'LAST USED'], ...rows]),
      );
      return EXIT.ok;
    },
  },
  {
    name: 'key revoke',
    summary: 'revoke an API key; it is refused from the next request on',
    arguments: [{ name: '<id>', about: 'the id from `gatehouse key list`, key_…' }],
    async run(context, args) {
      const id = args.positional[0] ?? '';
      const api = await context.api();
      await api.send({ method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` });
      print(context, { id, state: 'revoked' }, () => [`Key ${id} is revoked.`]);
      return EXIT.ok;
    },
  },
];

/** Whoever makes a plain link gives all that they have; on the machine itself that is everything. */
async function readOwnRights(api: { send(request: { method: 'GET'; path: string }): Promise<{ readonly body: unknown }> }): Promise<readonly string[]> {
  return z.object({ rights: z.array(z.string()) }).parse((await api.send({ method: 'GET', path: '/v1/me' })).body).rights;
}

function listOption(args: CommandArguments, name: string): readonly string[] {
  const value = args.options[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** @throws {GatehouseError} `invalid_request`: a limit that is not understood must not be left out */
function wholeOption(args: CommandArguments, name: string): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text))
    throw new GatehouseError('invalid_request', 'A whole number is needed. Nothing was changed.', {
      errors: [{ at: name, message: `"${text}" is not a whole number` }],
    });
  return Number(text);
}

function toDay(time: string | null): string {
  return time === null ? '-' : time.slice(0, 10);
}
