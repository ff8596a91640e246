/** Screening with list files and nothing else: no server, no database. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createOfflineMatcher, readWholeList, SIGNAL_TYPES, type ListSettings, type OfflineList, type SignalType } from '../lists/index.ts';
import type { CommandContext } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { DecoderPool } from './decoder-pool.ts';
import { readCode } from './file-walk.ts';
import type { ScreeningService } from './schema.ts';
import { createScreening, type ListsInForce } from './service.ts';

export interface OfflineLists {
  readonly files: readonly string[];
  readonly type: SignalType | undefined;
  readonly settings: Pick<ListSettings, 'radius' | 'qualityFloor'>;
}

/** @throws {GatehouseError} when a list cannot be read or holds nothing */
export async function openOfflineLists(context: CommandContext, options: OfflineLists): Promise<ListsInForce> {
  const lists: OfflineList[] = [];
  for (const file of options.files) lists.push(await readList(context, file, options));
  const matcher = createOfflineMatcher(lists);
  return { matcher: () => matcher, freshness: () => ({ state: 'fresh' }) };
}

/** @throws {GatehouseError} when a list cannot be read or holds nothing */
export async function openOfflineScreening(context: CommandContext, options: OfflineLists & { readonly pool: DecoderPool }): Promise<ScreeningService> {
  const { clock, log } = context;
  const lists = await openOfflineLists(context, options);
  return createScreening({ config: context.config().config, clock, log, pool: options.pool, lists, stopping: context.signal });
}

async function readList(context: CommandContext, file: string, { type, settings }: OfflineLists): Promise<OfflineList> {
  const name = basename(file);
  const { entries, report } = await readWholeList({ stream: createReadStream(file, { signal: context.signal }), name, type }).catch((cause: unknown) => {
    if (cause instanceof GatehouseError || context.signal.aborted) throw cause;
    throw new GatehouseError('invalid_request', `The list ${name} cannot be read (${readCode(cause)}). Nothing was scanned.`, { cause });
  });
  if (report.accepted === 0)
    throw new GatehouseError(
      'invalid_request',
      `The list ${name} holds no usable entry (${report.lines} lines, ${report.bad} of them not understood). Nothing was scanned.`,
    );
  for (const { line, reason } of report.badLines) context.terminal.err(`${name}:${line}: not used: ${reason}\n`);
  if (report.bad > 0) context.terminal.err(`${name}: ${report.bad} of ${report.lines} lines were not used; ${report.accepted} values were.\n`);
  return { name, entries, settings };
}

/** @throws {GatehouseError} `invalid_request` */
export function readSignalType(text: string | undefined): SignalType | undefined {
  const type = SIGNAL_TYPES.find((known) => known === text);
  if (text === undefined || type !== undefined) return type;
  throw new GatehouseError('invalid_request', `--type is one of ${SIGNAL_TYPES.join(', ')}.`);
}
