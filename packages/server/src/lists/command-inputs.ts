/** What several commands about lists share. */
import type { ApiClient } from '../platform/cli/api.ts';
import { textOption, type ArgumentDefinition, type CommandArguments, type OptionDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { ListsSchema } from './route-inputs.ts';
import type { ListView } from './schema.ts';

export const LIST_ARGUMENT: ArgumentDefinition = { name: '<list>', about: 'name or id' };

export const SETTINGS_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--radius <bits>', about: 'PDQ: how many of the 256 bits may differ (0 to 63; default 31)' },
  { flags: '--quality-floor <quality>', about: 'PDQ: pictures below this quality (0 to 100) are not compared; default 50' },
  { flags: '--disposition <what>', about: 'what a match leads to: hold or refuse; default hold' },
  { flags: '--source <text>', about: 'where the list comes from' },
];

/** Settings that were given; the server checks their values. */
export function readSettings(args: CommandArguments): Record<string, string | number> {
  const radius = wholeOption(args, 'radius');
  const qualityFloor = wholeOption(args, 'qualityFloor');
  const disposition = textOption(args, 'disposition');
  const source = textOption(args, 'source');
  return {
    ...(radius === undefined ? {} : { radius }),
    ...(qualityFloor === undefined ? {} : { qualityFloor }),
    ...(disposition === undefined ? {} : { disposition }),
    ...(source === undefined ? {} : { source }),
  };
}

/** @throws {GatehouseError} `invalid_request`: a number that is not understood must not be left out */
export function wholeOption(args: CommandArguments, name: string): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text))
    throw new GatehouseError('invalid_request', 'A whole number is needed. Nothing was changed.', {
      errors: [{ at: name, message: `"${text}" is not a whole number` }],
    });
  return Number(text);
}

export async function readLists(api: ApiClient): Promise<readonly ListView[]> {
  return ListsSchema.parse((await api.send({ method: 'GET', path: '/v1/lists' })).body).lists;
}

export async function findList(api: ApiClient, nameOrId: string): Promise<ListView | undefined> {
  const wanted = nameOrId.trim();
  const lists = await readLists(api);
  return lists.find((list) => list.id === wanted) ?? lists.find((list) => list.name.toLowerCase() === wanted.toLowerCase());
}

export async function requireList(api: ApiClient, args: CommandArguments): Promise<ListView> {
  const list = await findList(api, args.positional[0] ?? '');
  if (list === undefined) throw new GatehouseError('not_found', 'There is no list of that name or id. `gatehouse list show` shows all.');
  return list;
}
