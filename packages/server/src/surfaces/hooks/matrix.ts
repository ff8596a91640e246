/**
 * What a client of matrix-content-scanner asks: may this media be shown? It is fetched from the operator's own homeserver and from nowhere else,
 * decrypted when it has to be, and screened. `release` is the only answer with bytes.
 */
import { readFile } from 'node:fs/promises';
import type { Spooled } from '../../intake/index.ts';
import { inDataDir } from '../../platform/config.ts';
import { GatehouseError, toGatehouseError } from '../../platform/errors.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { randomHex } from '../../platform/ids.ts';
import { writeFileOnce } from '../../platform/signing-key.ts';
import { principalOf, type SurfaceParts } from '../room.ts';
import { outcomeOf, type MatrixFaultName } from './answer-rules.ts';
import { decryptAttachment, isCiphertextOf, isReadOneWay } from './attachment.ts';
import { mediaUrl, parseMxc, type MediaTarget } from './media-rules.ts';
import { createPkDecryption } from './pk-decryption.ts';
import { createResultCache, type ResultCache } from './result-cache.ts';
import { EncryptedBodySchema, FileMessageSchema, type EncryptedFile, type MediaRequest } from './schema.ts';

export interface MatrixQuestion {
  readonly target: MediaTarget;
  /** For encrypted media. */
  readonly file?: EncryptedFile;
  readonly principal: Principal;
  /** The client's own access token, which the homeserver is to see. */
  readonly clientToken: string | undefined;
  readonly signal: AbortSignal;
}

export type Judged =
  /** The caller discards the content. */
  | { readonly kind: 'release'; readonly content: Spooled; readonly mediaType: string | undefined; readonly message: string }
  | { readonly kind: 'stop'; readonly message: string }
  | { readonly kind: 'fault'; readonly fault: MatrixFaultName };

export interface Matrix {
  readonly publicKey: string;
  readRequest(request: MediaRequest): { readonly target: MediaTarget; readonly file: EncryptedFile } | MatrixFaultName;
  /** Never throws: whatever goes wrong is a fault, and nothing is shown. */
  judge(question: MatrixQuestion): Promise<Judged>;
}

/** @throws {GatehouseError} config_invalid */
export async function createMatrix(parts: SurfaceParts, homeserver: string): Promise<Matrix> {
  const { context } = parts;
  const crypto = createPkDecryption(await takeSecret(parts));
  const cache = createResultCache(context.clock);
  const deps: Deps = { parts, homeserver, cache };
  return {
    publicKey: crypto.publicKey,
    readRequest({ file, encrypted_body: encrypted }) {
      let message: unknown = { file };
      if (encrypted !== undefined) {
        const body = EncryptedBodySchema.safeParse(encrypted);
        const text = body.success ? crypto.decrypt(body.data) : undefined;
        if (text === undefined) return 'bad_body';
        message = parseJson(text);
      }
      const parsed = FileMessageSchema.safeParse(message);
      const target = parsed.success ? parseMxc(parsed.data.file.url) : undefined;
      return parsed.success && target !== undefined ? { target, file: parsed.data.file } : 'malformed';
    },
    async judge(question) {
      try {
        return await judge(deps, question);
      } catch (error) {
        return explain(deps, error);
      }
    },
  };
}

interface Deps {
  readonly parts: SurfaceParts;
  readonly homeserver: string;
  readonly cache: ResultCache;
}

async function judge(deps: Deps, question: MatrixQuestion): Promise<Judged> {
  const fetched = await fetchMedia(deps, question);
  if (typeof fetched === 'string') return { kind: 'fault', fault: fetched };
  if (question.file === undefined) return judgeContent(deps, question, fetched);
  try {
    if (!isCiphertextOf(fetched, question.file) || !isReadOneWay(fetched, question.file)) return { kind: 'fault', fault: 'bad_file' };
    return await judgeContent(deps, question, await decrypt(deps, question, { ciphertext: fetched, file: question.file }));
  } finally {
    await fetched.discard();
  }
}

async function decrypt({ parts }: Deps, { signal }: MatrixQuestion, what: { readonly ciphertext: Spooled; readonly file: EncryptedFile }): Promise<Spooled> {
  const stream = decryptAttachment(what.ciphertext, what.file);
  try {
    return await parts.intake.spool(stream, { signal });
  } finally {
    stream.destroy();
  }
}

async function judgeContent(deps: Deps, question: MatrixQuestion, content: Spooled): Promise<Judged> {
  let isHandedOn = false;
  try {
    const result = await screen(deps, question, content);
    if (result === undefined) return { kind: 'fault', fault: 'undecided' };
    if (!result.isReleased) return { kind: 'stop', message: result.message };
    isHandedOn = true;
    return { kind: 'release', content, mediaType: result.mediaType, message: result.message };
  } finally {
    if (!isHandedOn) await content.discard();
  }
}

async function screen({ parts, cache }: Deps, { principal, signal }: MatrixQuestion, content: Spooled): Promise<ReturnType<ResultCache['find']>> {
  const { sha256 } = content.digests;
  const version = parts.lists.matcher().listSetVersion;
  const known = cache.find(sha256, version);
  if (known !== undefined) {
    // What was said before is worth nothing while this node could not say it: no lists, or lists that may be out of date; or others since.
    const { verdict, listSetVersion } = await parts.screening.rematch({ digests: content.digests, pictures: [] });
    if (verdict === 'error') return undefined;
    if (listSetVersion === version && !(verdict === 'match' && known.isReleased)) return known;
  }
  const who = principal.kind === 'key' ? principal : principalOf('matrix');
  const passed = await parts.intake.pass({ content, principal: who, surface: 'matrix', signal, wantsReceipt: false });
  const outcome = outcomeOf(passed);
  if (outcome === 'error') return undefined;
  const result = { isReleased: outcome === 'release', message: passed.message, mediaType: passed.mediaType };
  cache.keep(sha256, passed.listSetVersion, result);
  return result;
}

async function fetchMedia({ parts, homeserver }: Deps, { target, principal, clientToken, signal }: MatrixQuestion): Promise<Spooled | MatrixFaultName> {
  const { config, outbound, log } = parts.context;
  // The operator's own token opens every media: only for whoever has a key of ours.
  const token = principal.kind === 'key' && principal.rights.has('scan') ? config.hooksMatrixToken : clientToken;
  const reply = await outbound.open({
    url: mediaUrl(homeserver, target, token !== undefined),
    method: 'GET',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    timeoutMs: config.passDeadlineMs,
    signal,
  });
  if (reply.status !== 200) {
    reply.body.destroy();
    if (reply.status !== 404) log.warn({ surface: 'matrix', status: reply.status }, 'the homeserver did not give a media');
    return reply.status === 404 ? 'not_found' : 'unreachable';
  }
  try {
    return await parts.intake.spool(reply.body, { signal });
  } finally {
    reply.body.destroy();
  }
}

function explain({ parts }: Deps, error: unknown): Judged {
  const { code } = error instanceof GatehouseError ? error : toGatehouseError(error);
  if (code === 'too_large') return { kind: 'stop', message: 'This media is too large to be checked.' };
  parts.context.log.warn({ surface: 'matrix', code }, 'a media could not be fetched or checked; it was not shown');
  const isOurs = code === 'queue_full' || code === 'storage_full' || code === 'storage_failed' || code === 'database_unavailable';
  return { kind: 'fault', fault: isOurs ? 'undecided' : 'unreachable' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The key for which clients encrypt their requests; nodes behind one address share one. */
async function takeSecret({ context }: SurfaceParts): Promise<Buffer> {
  const named = context.config.hooksMatrixKeyFile;
  const path = named ?? inDataDir(context.config, 'keys', 'matrix.key');
  if (named === undefined) await writeFileOnce(path, Buffer.from(`${randomHex(32)}\n`));
  const text = await readFile(path, 'latin1').catch(() => '');
  if (!/^[0-9a-f]{64}\s*$/.test(text))
    throw new GatehouseError('config_invalid', 'The file hooksMatrixKeyFile cannot be read, or does not hold 64 hexadecimal digits. Nothing was started.');
  return Buffer.from(text.trim(), 'hex');
}
