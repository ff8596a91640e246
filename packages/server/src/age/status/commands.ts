import { z } from 'zod';
import { EXIT, formatTable, print, textOption, type CommandContext, type CommandDefinition } from '../../platform/cli/command.ts';
import { SeenViewSchema, StatusListViewSchema, type SeenView, type StatusListView } from './schema.ts';

const PATH = '/v1/age/status-lists';
const ListsSchema = z.object({ lists: z.array(StatusListViewSchema), seen: SeenViewSchema });

export const commands: readonly CommandDefinition[] = [addCommand(), listCommand(), removeCommand(), refreshCommand()];

function addCommand(): CommandDefinition {
  return {
    name: 'age status add',
    summary: 'register a status list, by which an issuer takes credentials back, and fetch it',
    arguments: [{ name: '<address>', about: 'exactly as credentials name it' }],
    options: [{ flags: '--issuer <id>', about: 'only signers below this issuer may sign it; its id is in `gatehouse age trust list`' }],
    help: 'Exit code 1: it is registered, and could not be fetched.\nExample:\n  gatehouse age status add https://issuer.example/statuslists/1',
    async run(context, args) {
      const issuer = textOption(args, 'issuer');
      const api = await context.api();
      const json = { uri: args.positional[0] ?? '', ...(issuer === undefined ? {} : { issuer }) };
      return tell(context, StatusListViewSchema.parse((await api.send({ method: 'POST', path: PATH, json })).body));
    },
  };
}

function tell(context: CommandContext, list: StatusListView): number {
  print(context, list, () => [
    list.failure === null
      ? `Status list ${list.id} was fetched: ${list.entries ?? 0} entries, issued ${list.issuedAt ?? 'at no time'}.`
      : `Status list ${list.id} could not be fetched (${list.failure}). ${list.fetchedAt === null ? 'Its credentials are refused.' : `The one of ${list.fetchedAt} is kept.`} It is tried again at ${list.nextFetchAt}.`,
  ]);
  return list.failure === null ? EXIT.ok : EXIT.finding;
}

function listCommand(): CommandDefinition {
  return {
    name: 'age status list',
    summary: 'list the status lists, how old they are, and addresses that refused credentials named',
    async run(context) {
      const api = await context.api();
      const found = ListsSchema.parse((await api.send({ method: 'GET', path: PATH })).body);
      print(context, found, () => [
        ...formatTable([
          ['ID', 'STATE', 'FETCHED', 'ENTRIES', 'FAILURE', 'ADDRESS'],
          ...found.lists.map((list) => [list.id, list.state, list.fetchedAt ?? 'never', String(list.entries ?? '-'), list.failure ?? '-', list.uri]),
        ]),
        ...describeSeen(found.seen),
      ]);
      return EXIT.ok;
    },
  };
}

function describeSeen({ lists, others }: SeenView): string[] {
  if (lists.length + others === 0) return [];
  return [
    '',
    'Named by credentials that were refused since this node was started, and not registered:',
    ...formatTable([
      ['AT LEAST', 'ADDRESS'],
      ...lists.map(({ host, path, atLeast, hasQuery }) => [String(atLeast), `${host}${path ?? ' (path not shown yet)'}${hasQuery ? '?…' : ''}`]),
    ]),
    ...(others === 0 ? [] : [`Further presentations whose address was not noted: ${others}.`]),
  ];
}

function removeCommand(): CommandDefinition {
  return {
    name: 'age status remove',
    summary: 'remove a status list; credentials that name it are refused from then on',
    arguments: [{ name: '<id>', about: 'the id from `gatehouse age status list`' }],
    async run(context, args) {
      const id = args.positional[0] ?? '';
      const api = await context.api();
      await api.send({ method: 'DELETE', path: `${PATH}/${encodeURIComponent(id)}` });
      print(context, { id, state: 'removed' }, () => [`Status list ${id} is removed.`]);
      return EXIT.ok;
    },
  };
}

function refreshCommand(): CommandDefinition {
  return {
    name: 'age status refresh',
    summary: 'fetch a status list now',
    arguments: [{ name: '<id>', about: 'the id from `gatehouse age status list`' }],
    help: 'Exit code 1: it could not be fetched; the last good one is kept.',
    async run(context, args) {
      const api = await context.api();
      const path = `${PATH}/${encodeURIComponent(args.positional[0] ?? '')}/refresh`;
      return tell(context, StatusListViewSchema.parse((await api.send({ method: 'POST', path })).body));
    },
  };
}
