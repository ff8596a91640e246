import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { EXIT, print, textOption, type CommandArguments, type CommandContext, type CommandDefinition } from '../platform/cli/command.ts';
import { GatehouseError } from '../platform/errors.ts';
import { verifyReceiptOffline } from './receipts.ts';
import { JwksSchema, ReceiptCheckSchema, type Jwks, type ReceiptCheck } from './schema.ts';

const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const RECEIPT_BYTES_MAX = 8192;

export const receiptCommands: readonly CommandDefinition[] = [
  {
    name: 'receipt verify',
    summary: 'is this receipt valid for this file?',
    arguments: [{ name: '<receipt>', about: 'the receipt itself, or a file that holds it' }],
    options: [
      { flags: '--file <content>', about: 'the content that is about to be published' },
      { flags: '--callback-url <url>', about: 'where you hear of receipts that are withdrawn: one that tells somebody else, or nobody, is not valid' },
      { flags: '--jwks <file>', about: 'check offline with these public keys (/.well-known/gatehouse-receipts.json); revocations are then not known' },
    ],
    help:
      'Exit codes: 0 valid, 1 not valid.\n\nExamples:\n  gatehouse receipt verify receipt.jws --file picture.jpg\n' +
      '  gatehouse receipt verify receipt.jws --file picture.jpg --jwks gatehouse-receipts.json',
    async run(context, args) {
      const receipt = await readReceipt(args.positional[0] ?? '');
      const content = await measure(textOption(args, 'file'));
      const callbackUrl = textOption(args, 'callbackUrl');
      const check = await verify(context, args, { receipt, ...content, ...(callbackUrl === undefined ? {} : { callbackUrl }) });
      print(context, check, () => describe(check));
      return check.valid ? EXIT.ok : EXIT.finding;
    },
  },
];

async function verify(
  context: CommandContext,
  args: CommandArguments,
  what: { readonly receipt: string; readonly sha256?: string; readonly size?: number; readonly callbackUrl?: string },
): Promise<ReceiptCheck> {
  const keyFile = textOption(args, 'jwks');
  if (keyFile !== undefined && what.callbackUrl !== undefined)
    throw new GatehouseError(
      'invalid_request',
      'Who hears of a withdrawal is not in the receipt: --callback-url needs a server, and cannot stand beside --jwks.',
    );
  if (keyFile !== undefined)
    return verifyReceiptOffline(what.receipt, await readKeys(keyFile), { sha256: what.sha256, size: what.size, now: context.clock.now() });
  const api = await context.api();
  return ReceiptCheckSchema.parse((await api.send({ method: 'POST', path: '/v1/receipts/verify', json: what })).body);
}

async function readReceipt(given: string): Promise<string> {
  if (COMPACT_JWS.test(given)) return given;
  const { size } = await stat(given).catch((cause: unknown) => {
    throw new GatehouseError('invalid_request', `${given} is neither a receipt nor a file that can be read.`, { cause });
  });
  if (size > RECEIPT_BYTES_MAX) throw new GatehouseError('invalid_request', `${given} is too large to be a receipt.`);
  return (await readFile(given, 'utf8')).trim();
}

async function measure(path: string | undefined): Promise<{ readonly sha256?: string; readonly size?: number }> {
  if (path === undefined) return {};
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
  } catch (cause) {
    throw new GatehouseError('invalid_request', `${path} cannot be read.`, { cause });
  }
  return { sha256: hash.digest('hex'), size };
}

async function readKeys(path: string): Promise<Jwks> {
  try {
    return JwksSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new GatehouseError('invalid_request', `${path} does not hold the public keys of receipts (a JWK Set).`, { cause });
  }
}

function describe(check: ReceiptCheck): string[] {
  const { claims } = check;
  const about =
    claims === undefined
      ? []
      : [`  of ${claims.iss}, for ${claims.sub}, list set version ${claims.listSetVersion}, until ${new Date(claims.exp * 1000).toISOString()}`];
  if (!check.valid) return [`NOT VALID: ${check.reason ?? 'unknown'}. Do not publish.`, ...about];
  return [check.isContentChecked ? 'Valid for this content.' : 'Valid, but no content was compared: give --file.', ...about];
}
