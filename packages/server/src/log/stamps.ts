/** Time stamps of checkpoints by an authority (RFC 3161): once a day, checked before they are kept, and kept as they came so that other programs can check them. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Config } from '../platform/config.ts';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError, isGatehouseError } from '../platform/errors.ts';
import { randomHex } from '../platform/ids.ts';
import type { StoredCheckpoint } from './schema.ts';
import { encodeStampRequest } from './stamp-info.ts';
import { StampFault } from './stamp-schema.ts';
import { readStampAnchors, verifyStamp, type StampAnchors, type VerifiedStamp } from './stamp-verifier.ts';
import * as store from './store-stamp.ts';
import type { Stamp, Stamping } from './witness-schema.ts';

export interface Stamps {
  describe(): Promise<Stamping>;
  /** Now; the one that is there when the log has not grown since. @throws {GatehouseError} `stamp_failed`, `conflict` when no authority is set up, `log_diverged` */
  stamp(signal: AbortSignal): Promise<Stamp>;
  /** When the last one is a day old and the log has grown. @throws as `stamp` */
  stampDue(signal: AbortSignal): Promise<void>;
}

export interface StampsParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'outbound' | 'config'>;
  /** Signs what is there first. */
  readonly checkpoint: () => Promise<StoredCheckpoint>;
}

const NONCE_BYTES = 15;
const RESPONSE_BYTES_MAX = 65_536;
const TIMEOUT_MS = 20_000;
/** Asked every hour until it went well; an hour less than a day, so that it does not wander. */
const INTERVAL_MS = 23 * 3_600_000;
/** Clocks may differ by so much. */
const SKEW_MS = 5 * 60_000;

/** @throws {GatehouseError} `config_invalid` when the certificates of the authority cannot be read */
export async function createStamps(parts: StampsParts): Promise<Stamps> {
  const { context } = parts;
  const { database, clock } = context;
  const authority = await readAuthority(context.config);
  return {
    async describe() {
      const last = await store.findLastStamp(database.sql);
      const { failingSince, failure } = await store.readStamping(database.sql);
      return {
        isConfigured: authority !== undefined,
        last: last === undefined ? null : toView(last),
        failingSince: authority === undefined ? null : (failingSince?.toISOString() ?? null),
        failure: authority === undefined ? null : failure,
      };
    },
    async stamp(signal) {
      if (authority === undefined)
        throw new GatehouseError(
          'conflict',
          'No time-stamping authority is set up (GATEHOUSE_LOG_TIMESTAMP_URL and GATEHOUSE_LOG_TIMESTAMP_CA_FILE). Nothing was stamped.',
        );
      return toView(await stampNow(parts, authority, signal));
    },
    async stampDue(signal) {
      if (authority === undefined) return;
      const last = await store.findLastStamp(database.sql);
      if (last !== undefined && clock.now().getTime() - last.at.getTime() < INTERVAL_MS) return;
      await stampNow(parts, authority, signal);
    },
  };
}

interface Authority {
  readonly url: string;
  readonly anchors: StampAnchors;
  readonly policy: string | undefined;
}

async function readAuthority({ logTimestampUrl: url, logTimestampCaFile: path, logTimestampPolicy: policy }: Config): Promise<Authority | undefined> {
  if (url === undefined || path === undefined) return undefined;
  try {
    return { url, anchors: readStampAnchors(await readFile(path, 'utf8')), policy };
  } catch (cause) {
    throw new GatehouseError(
      'config_invalid',
      `${path} cannot be used: it must hold the certificates of the time-stamping authority as PEM. Nothing was started.`,
      { cause },
    );
  }
}

async function stampNow({ context, checkpoint }: StampsParts, authority: Authority, signal: AbortSignal): Promise<store.StampRow> {
  const { database, clock } = context;
  const { size, note } = await checkpoint();
  const before = await store.findStamp(database.sql, size);
  if (before !== undefined) return before;
  const { response, verified } = await ask(note, { context, authority, signal }).catch(async (error: unknown) => {
    const fault = toFault(error);
    await store.writeStamping(database.sql, { at: clock.now(), failure: fault.message });
    throw new GatehouseError('stamp_failed', `${fault.message} Nothing was kept.`, { cause: error });
  });
  const made = { size, ...verified };
  await database.transact(async (tx) => {
    await store.insertStamp(tx, { ...made, note, response });
    await store.writeStamping(tx, { at: clock.now(), failure: null });
  });
  return made;
}

interface Errand extends Pick<StampsParts, 'context'> {
  readonly authority: Authority;
  readonly signal: AbortSignal;
}

interface Received {
  readonly response: Buffer;
  readonly verified: VerifiedStamp;
}

async function ask(note: string, { context: { outbound, clock }, authority, signal }: Errand): Promise<Received> {
  const { url, anchors, policy } = authority;
  const content = Buffer.from(note);
  // The first byte makes it a positive number of a fixed length.
  const nonce = Buffer.from(`01${randomHex(NONCE_BYTES)}`, 'hex');
  const from = new Date(clock.now().getTime() - SKEW_MS);
  const { status, bytes } = await outbound.download({
    url,
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query', accept: 'application/timestamp-reply' },
    body: encodeStampRequest({ digest: createHash('sha256').update(content).digest(), nonce, policy }),
    timeoutMs: TIMEOUT_MS,
    maxBytes: RESPONSE_BYTES_MAX,
    signal,
  });
  if (status !== 200) throw new StampFault('status');
  const asked = { from, to: new Date(clock.now().getTime() + SKEW_MS) };
  const verified = verifyStamp(bytes, { content, anchors, nonce, policy, asked });
  return { response: Buffer.from(bytes), verified };
}

function toFault(error: unknown): StampFault {
  if (error instanceof StampFault) return error;
  if (isGatehouseError(error, 'outbound_refused')) return new StampFault('refused_address');
  if (isGatehouseError(error, 'too_large')) return new StampFault('malformed');
  return new StampFault(error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no_connection');
}

function toView({ size, at, authority, policy, serial }: store.StampRow): Stamp {
  return { size, at: at.toISOString(), authority, policy, serial };
}
