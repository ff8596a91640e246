import { EXIT, formatTable, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { importCommand } from './import-commands.ts';
import { findList, LIST_ARGUMENT, readLists, readSettings, requireList, SETTINGS_OPTIONS, wholeOption } from './command-inputs.ts';
import { RemovedSchema, VersionsSchema } from './route-inputs.ts';
import { DifferenceSchema, EntryPageSchema, EntryViewSchema, VersionViewSchema, type VersionView } from './schema-changes.ts';
import { ListViewSchema, type ListView } from './schema.ts';

export const listsCommands: readonly CommandDefinition[] = [
  importCommand,
  {
    name: 'list show',
    summary: 'show all lists, or one list and its entries',
    arguments: [{ name: '[list]', about: 'name or id; without it, all lists' }],
    options: [
      { flags: '--entries <count>', about: 'show that many entries as well (values are masked)' },
      { flags: '--after <entry>', about: 'begin behind this entry number' },
      { flags: '--state <state>', about: 'only entries that are active, disabled or withdrawn' },
    ],
    run: runShow,
  },
  {
    name: 'list create',
    summary: 'make an empty list',
    arguments: [{ name: '<name>', about: 'what it is called here' }],
    options: SETTINGS_OPTIONS,
    async run(context, args) {
      const api = await context.api();
      const reply = await api.send({ method: 'POST', path: '/v1/lists', json: { ...readSettings(args), name: args.positional[0] } });
      return printList(context, ListViewSchema.parse(reply.body));
    },
  },
  {
    name: 'list set',
    summary: 'change settings of a list',
    arguments: [LIST_ARGUMENT],
    options: [{ flags: '--name <name>', about: 'a new name' }, ...SETTINGS_OPTIONS],
    async run(context, args) {
      const api = await context.api();
      const list = await requireList(api, args);
      const name = textOption(args, 'name');
      const reply = await api.send({ method: 'PATCH', path: `/v1/lists/${list.id}`, json: { ...readSettings(args), ...(name === undefined ? {} : { name }) } });
      return printList(context, ListViewSchema.parse(reply.body));
    },
  },
  stateCommand('disable', 'stop matching with a list, or with one of its entries; within a second on every node'),
  stateCommand('enable', 'match again with a list, or with one of its entries'),
  {
    name: 'list remove',
    summary: 'remove a list for good; its versions stay on record',
    arguments: [LIST_ARGUMENT],
    async run(context, args) {
      const api = await context.api();
      const list = await requireList(api, args);
      const { listSetVersion } = RemovedSchema.parse((await api.send({ method: 'DELETE', path: `/v1/lists/${list.id}` })).body);
      print(context, { id: list.id, listSetVersion }, () => [`"${list.name}" is removed (list-set version ${listSetVersion}).`]);
      return EXIT.ok;
    },
  },
  {
    name: 'list versions',
    summary: 'show list-set versions, newest first, or one of them',
    arguments: [{ name: '[version]', about: 'show only this one' }],
    options: [
      { flags: '--limit <count>', about: 'how many (default 50)' },
      { flags: '--list <list>', about: 'only changes of this list' },
    ],
    run: runVersions,
  },
  {
    name: 'list diff',
    summary: 'show what differs between two list-set versions',
    arguments: [
      { name: '<from>', about: 'the earlier version' },
      { name: '<to>', about: 'the later version' },
    ],
    options: [
      { flags: '--list <list>', about: 'show the entries of this list that differ' },
      { flags: '--after <entry>', about: 'begin behind this entry number' },
    ],
    run: runDiff,
  },
];

function printList(context: CommandContext, list: ListView): number {
  print(context, list, () => describeList(list));
  return EXIT.ok;
}

function describeList(list: ListView): string[] {
  const { pdq, md5, sha1, sha256 } = list.entries;
  return [
    `${list.name} (${list.id}), ${list.state}`,
    `  entries        pdq ${pdq}, md5 ${md5}, sha1 ${sha1}, sha256 ${sha256}; ${list.disabledEntries} disabled`,
    `  a match        ${list.disposition}s the upload`,
    `  PDQ radius     ${list.radius} bits, from quality ${list.qualityFloor}`,
    `  source         ${list.source === '' ? '-' : list.source}`,
    `  changed        ${list.changedAt} (list-set version ${list.listSetVersion})`,
  ];
}

async function runShow(context: CommandContext, args: CommandArguments): Promise<number> {
  const api = await context.api();
  if (args.positional[0] === undefined) {
    const lists = await readLists(api);
    const rows = lists.map((list) => [
      list.id,
      list.name,
      list.state,
      String(Object.values(list.entries).reduce((sum, count) => sum + count, 0)),
      String(list.radius),
      String(list.qualityFloor),
      list.disposition,
      list.changedAt.slice(0, 10),
    ]);
    print(context, lists, () =>
      lists.length === 0
        ? ['There are no lists. Import one with `gatehouse list import <file>`.']
        : formatTable([['ID', 'NAME', 'STATE', 'ENTRIES', 'RADIUS', 'QUALITY', 'MATCH', 'CHANGED'], ...rows]),
    );
    return EXIT.ok;
  }
  const list = await requireList(api, args);
  const limit = wholeOption(args, 'entries');
  const state = textOption(args, 'state');
  if (limit === undefined && state === undefined) return printList(context, list);
  const query = new URLSearchParams({ limit: String(limit ?? 100), after: String(wholeOption(args, 'after') ?? 0), ...(state === undefined ? {} : { state }) });
  const page = EntryPageSchema.parse((await api.send({ method: 'GET', path: `/v1/lists/${list.id}/entries?${query.toString()}` })).body);
  const rows = page.entries.map((entry) => [String(entry.entry), entry.signal, entry.state, entry.maskedValue, entry.reference ?? '-']);
  print(context, { list, ...page }, () => [
    ...describeList(list),
    '',
    ...formatTable([['ENTRY', 'SIGNAL', 'STATE', 'VALUE', 'REFERENCE'], ...rows]),
    ...(page.next === undefined ? [] : [`More: --after ${page.next}`]),
  ]);
  return EXIT.ok;
}

function stateCommand(verb: 'disable' | 'enable', summary: string): CommandDefinition {
  return {
    name: `list ${verb}`,
    summary,
    arguments: [LIST_ARGUMENT],
    options: [
      { flags: '--entry <number>', about: 'only this entry' },
      { flags: '--value <hex>', about: 'only the entry with this value, given in full' },
    ],
    async run(context, args) {
      const api = await context.api();
      const list = await requireList(api, args);
      const value = textOption(args, 'value');
      let entry = wholeOption(args, 'entry');
      if (value !== undefined && entry !== undefined) throw new GatehouseError('invalid_request', 'Give --entry or --value, not both. Nothing was changed.');
      if (value !== undefined)
        entry = EntryViewSchema.parse((await api.send({ method: 'POST', path: `/v1/lists/${list.id}/entries/find`, json: { value } })).body).entry;
      const path = `/v1/lists/${list.id}${entry === undefined ? '' : `/entries/${entry}`}/${verb}`;
      const { body } = await api.send({ method: 'POST', path });
      if (entry === undefined) return printList(context, ListViewSchema.parse(body));
      const view = EntryViewSchema.parse(body);
      print(context, view, () => [`Entry ${view.entry} of "${list.name}" is ${view.state}.`]);
      return EXIT.ok;
    },
  };
}

async function runVersions(context: CommandContext, args: CommandArguments): Promise<number> {
  const api = await context.api();
  const wanted = args.positional[0];
  if (wanted !== undefined) {
    const version = VersionViewSchema.parse((await api.send({ method: 'GET', path: `/v1/list-versions/${encodeURIComponent(wanted)}` })).body);
    print(context, version, () => [
      ...formatTable([VERSION_HEADING, toVersionRow(version)]),
      ...(version.after === undefined ? [] : [`before: ${JSON.stringify(version.before ?? null)}`, `after:  ${JSON.stringify(version.after)}`]),
    ]);
    return EXIT.ok;
  }
  const listName = textOption(args, 'list');
  const list = listName === undefined ? undefined : await findList(api, listName);
  if (listName !== undefined && list === undefined) throw new GatehouseError('not_found', 'There is no list of that name or id.');
  const query = new URLSearchParams({ limit: String(wholeOption(args, 'limit') ?? 50), ...(list === undefined ? {} : { list: list.id }) });
  const page = VersionsSchema.parse((await api.send({ method: 'GET', path: `/v1/list-versions?${query.toString()}` })).body);
  print(context, page.versions, () => formatTable([VERSION_HEADING, ...page.versions.map(toVersionRow)]));
  return EXIT.ok;
}

const VERSION_HEADING = ['VERSION', 'AT', 'CHANGE', 'LIST', 'ADDED', 'BACK', 'WITHDRAWN', 'DISABLED', 'ENABLED', 'BY'];

function toVersionRow(version: VersionView): string[] {
  return [
    String(version.listSetVersion),
    version.at,
    version.kind,
    version.listName,
    ...[version.added, version.restored, version.withdrawn, version.disabled, version.enabled].map(String),
    version.actor,
  ];
}

async function runDiff(context: CommandContext, args: CommandArguments): Promise<number> {
  const api = await context.api();
  const listName = textOption(args, 'list');
  const list = listName === undefined ? undefined : await findList(api, listName);
  if (listName !== undefined && list === undefined) throw new GatehouseError('not_found', 'There is no list of that name or id.');
  const [from = '', to = ''] = args.positional;
  const query = new URLSearchParams({ from, to, ...(list === undefined ? {} : { list: list.id, after: String(wholeOption(args, 'after') ?? 0) }) });
  const difference = DifferenceSchema.parse((await api.send({ method: 'GET', path: `/v1/list-versions/diff?${query.toString()}` })).body);
  print(context, difference, () => {
    if (difference.lists.length === 0) return ['Nothing differs.'];
    const rows = difference.lists.map((found) => [
      found.listName,
      found.change,
      ...[found.added, found.restored, found.withdrawn, found.disabled, found.enabled].map(String),
      found.after === undefined ? '-' : 'changed',
    ]);
    const entries = (difference.entries ?? []).map((entry) => [String(entry.entry), entry.signal, entry.change]);
    return [
      ...formatTable([['LIST', 'CHANGE', 'ADDED', 'BACK', 'WITHDRAWN', 'DISABLED', 'ENABLED', 'SETTINGS'], ...rows]),
      ...(entries.length === 0 ? [] : ['', ...formatTable([['ENTRY', 'SIGNAL', 'CHANGE'], ...entries])]),
      ...(difference.next === undefined ? [] : [`More: --after ${difference.next}`]),
    ];
  });
  return EXIT.ok;
}
