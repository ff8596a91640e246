/** `gatehouse match`: looks hashes up, by the running server or in list files alone. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { MAX_RADIUS, type SignalType } from '../lists/index.ts';
import { EXIT, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { escapeForTerminal, readCode, toJsonLine } from './file-walk.ts';
import { LOOK_UP_SIGNALS_MAX, LookUpReplySchema, type LookUpReply, type Signal, type SignalResult } from './look-up-schema.ts';
import { createLookUps } from './look-ups.ts';
import { openOfflineLists, readSignalType } from './offline.ts';
import { readNumber } from './scan-command.ts';
import { readSignalLine } from './signal-lines.ts';

/** Asks for at most `LOOK_UP_SIGNALS_MAX` signals at once. */
type Ask = (signals: readonly Signal[]) => Promise<LookUpReply>;

/** What is said about one signal. */
interface MatchLine extends SignalResult {
  readonly value: string;
  readonly listSetVersion: number;
}

const HELP = `A value is a type, a colon and hexadecimal digits: md5:0123…, or for PDQ also its quality: pdq:89ab…:87. 32 and 40 digits alone are MD5
and SHA-1. With --file, or - for standard input, values come one a line; # begins a comment. Other users of this machine can see the arguments
of a command: use a file or standard input for values that they must not see.

With --list the values are compared with those list files on this machine. Without it the running server is asked (POST /v1/match, right
"match"), or one that is started for this command. A PDQ hash is compared as it is: \`gatehouse hash --orientations\` gives all eight.

Exit codes: 0 nothing matched; 1 at least one match; 2 no match, but a quality was too low for an answer.

  gatehouse match md5:0123456789abcdef0123456789abcdef
  gatehouse match --file hashes.txt --type pdq --json
  gatehouse match --list partner.csv --radius 20 - < hashes.txt`;

export const matchCommand: CommandDefinition = {
  name: 'match',
  summary: 'Look hashes up in the lists',
  help: HELP,
  arguments: [{ name: '[values...]', about: 'such as md5:0123…; - reads them from standard input' }],
  options: [
    { flags: '--file <file>', about: 'a file with one value a line; - for standard input' },
    { flags: '--type <type>', about: 'what 64 digits without a type are, here and in list files: pdq, sha256' },
    { flags: '--radius <bits>', about: `largest PDQ distance that counts, 0 to ${MAX_RADIUS}; lists of the server with a smaller radius keep theirs` },
    { flags: '--list <file>', about: 'a list file: CSV, JSON Lines, or one hash a line; may be given several times', isRepeatable: true },
    { flags: '--quality-floor <quality>', about: 'with --list: PDQ hashes of a lower quality are not compared; default 50' },
    { flags: '--findings-only', about: 'do not print a line for values without a match' },
  ],
  run: runMatch,
};

async function runMatch(context: CommandContext, args: CommandArguments): Promise<number> {
  const file = textOption(args, 'file') ?? (args.positional.includes('-') ? '-' : undefined);
  const given = args.positional.filter((value) => value !== '-');
  if (given.length === 0 && file === undefined)
    throw new GatehouseError('invalid_request', 'There is no value to look up. Give some, or --file. Nothing was looked up.');
  const ask = await openAsk(context, args);
  const type = readSignalType(textOption(args, 'type'));
  const report = new MatchReport(context, args.options['findingsOnly'] === true);
  let batch: Signal[] = [];
  const send = async (): Promise<void> => {
    if (batch.length > 0) report.add(batch, await ask(batch));
    batch = [];
  };
  for await (const { place, text } of readValues(given, file)) {
    if (context.signal.aborted) throw new GatehouseError('stopping', 'It was interrupted.');
    batch.push(parseValue({ place, text, type }));
    if (batch.length === LOOK_UP_SIGNALS_MAX) await send();
  }
  await send();
  return report.finish();
}

async function openAsk(context: CommandContext, args: CommandArguments): Promise<Ask> {
  const lists = args.options['list'];
  const files = Array.isArray(lists) ? lists.map(String) : [];
  const settings = { ...readNumber(args, 'radius', MAX_RADIUS), ...readNumber(args, 'qualityFloor', 100) };
  if (files.length > 0) {
    const type = readSignalType(textOption(args, 'type'));
    const offline = await openOfflineLists(context, { files, type, settings });
    const service = createLookUps({ lists: offline, requireLists: true, log: context.log });
    return (signals) => service.lookUp({ request: { signals }, key: 'cli', canSeeReferences: true, signal: context.signal });
  }
  if (settings.qualityFloor !== undefined)
    throw new GatehouseError('invalid_request', `--quality-floor belongs to --list; the server's lists have their own. Nothing was looked up.`);
  const client = await context.api();
  const { radius } = settings;
  return async (signals) => {
    const json = { signals, ...(radius === undefined ? {} : { radius }) };
    return LookUpReplySchema.parse((await client.send({ method: 'POST', path: '/v1/match', json, signal: context.signal })).body);
  };
}

interface Value {
  /** Where it stands, for messages. */
  readonly place: string;
  readonly text: string;
}

async function* readValues(given: readonly string[], file: string | undefined): AsyncGenerator<Value> {
  for (const [index, text] of given.entries()) yield { place: `value ${index + 1}`, text };
  if (file === undefined) return;
  const input = file === '-' ? process.stdin : createReadStream(file);
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      const text = line.replace(/#.*$/, '').trim();
      if (text !== '') yield { place: `line ${number}`, text };
    }
  } catch (cause) {
    throw new GatehouseError('invalid_request', `The file with the values cannot be read (${readCode(cause)}).`, { cause });
  }
}

/** A value that is left out would be taken for one without a match. */
function parseValue({ place, text, type }: Value & { readonly type: SignalType | undefined }): Signal {
  const read = readSignalLine(text, type);
  if (read.ok) return read.signal;
  throw new GatehouseError('invalid_request', `The ${place} ${read.problem}. It and what follows was not looked up.`);
}

class MatchReport {
  readonly #context: CommandContext;
  readonly #findingsOnly: boolean;
  readonly #counts: Record<SignalResult['outcome'], number> = { match: 0, no_match: 0, quality_too_low: 0 };

  constructor(context: CommandContext, findingsOnly: boolean) {
    this.#context = context;
    this.#findingsOnly = findingsOnly;
  }

  add(signals: readonly Signal[], { results, listSetVersion }: LookUpReply): void {
    for (const result of results) {
      const line: MatchLine = { ...result, value: signals[result.index]?.value ?? '', listSetVersion };
      this.#counts[line.outcome] += 1;
      if (this.#findingsOnly && line.outcome === 'no_match') continue;
      this.#context.terminal.out(this.#context.isJson ? `${toJsonLine({ ...line, index: this.#total - 1 })}\n` : toText(line));
    }
  }

  get #total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  finish(): number {
    const { match, no_match: none, quality_too_low: low } = this.#counts;
    this.#context.terminal.err(`${this.#total} looked up: ${match} matched, ${none} did not, ${low} of too low a quality.\n`);
    if (match > 0) return EXIT.finding;
    return low > 0 ? EXIT.incomplete : EXIT.ok;
  }
}

const WORDS: Readonly<Record<SignalResult['outcome'], string>> = { match: 'MATCH', no_match: 'no match', quality_too_low: 'QUALITY TOO LOW' };

function toText({ type, value, outcome, hits, hitCount }: MatchLine): string {
  const head = `${WORDS[outcome].padEnd(15)}  ${type}:${value}\n`;
  const lines = hits.map(({ listName, entry, reference, distance }) => {
    const about = type === 'pdq' ? `${distance} of 256 bits differ` : 'identical';
    return `${escapeForTerminal(`  entry ${entry} of “${listName}”${reference === undefined ? '' : ` (${reference})`}: ${about}`)}\n`;
  });
  return [head, ...lines, ...(hitCount > hits.length ? [`  and ${hitCount - hits.length} more\n`] : [])].join('');
}
