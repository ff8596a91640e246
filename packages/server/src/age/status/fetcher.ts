/** One status list from its address: bounded, without redirects, and verified before anything of it is used. */
import { CredentialError, parseStatusList, type StatusList, type TrustStore } from '@gatehouse/credential';
import { isGatehouseError } from '../../platform/errors.ts';
import type { Outbound } from '../../platform/outbound.ts';
import { STATUS_TYPES, type StatusFormat } from './schema.ts';

/** As it is served. A million entries have 128 KB before compression. */
export const TOKEN_BYTES_MAX = 4 * 1_048_576;
/** In memory: 134 million credentials of one bit. */
const INFLATED_BYTES_MAX = 16 * 1_048_576;
const TIMEOUT_MS = 15_000;

/** Why a list was not taken: one word of a closed set, for people, metrics and tests. */
export class StatusFault extends Error {
  override readonly name = 'StatusFault';
  readonly word: string;

  constructor(word: string) {
    super(word);
    this.word = word;
  }
}

export interface Fetched {
  readonly list: StatusList;
  readonly token: Buffer;
  readonly format: StatusFormat;
  /** The trusted issuer behind its signer. */
  readonly signer: string;
}

export interface FetchOptions {
  readonly outbound: Pick<Outbound, 'download'>;
  readonly trust: TrustStore;
  readonly now: Date;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

interface Wanted {
  readonly uri: string;
  readonly issuer: string | null;
}

/** @throws {StatusFault} */
export async function fetchStatusList(wanted: Wanted, options: FetchOptions): Promise<Fetched> {
  const { bytes, format } = await download(wanted.uri, options);
  const token = Buffer.from(bytes);
  try {
    return { ...openToken({ ...wanted, token, format }, options), token, format };
  } catch (error) {
    throw new StatusFault(error instanceof CredentialError ? error.code : 'unreadable');
  }
}

/** Verified against the issuers that are trusted now. @throws {CredentialError} */
export function openToken(
  { uri, issuer, token, format }: Wanted & { readonly token: Buffer; readonly format: StatusFormat },
  { trust, now }: Pick<FetchOptions, 'trust' | 'now'>,
): Pick<Fetched, 'list' | 'signer'> {
  let signer = '';
  const watched: TrustStore = {
    anchors: trust.anchors,
    verifyChain(chain, question) {
      const verified = trust.verifyChain(chain, question);
      if (issuer !== null && verified.anchor.id !== issuer) throw new CredentialError('chain_untrusted');
      signer = verified.anchor.id;
      return verified;
    },
  };
  const list = parseStatusList(format === 'jwt' ? token.toString('utf8') : token, { trust: watched, now, uri, maxBytes: INFLATED_BYTES_MAX });
  return { list, signer };
}

async function download(url: string, { outbound, signal, timeoutMs = TIMEOUT_MS }: FetchOptions): Promise<{ bytes: Uint8Array; format: StatusFormat }> {
  const headers = { accept: Object.keys(STATUS_TYPES).join(', '), 'accept-encoding': 'identity' };
  const asked = { url, method: 'GET', headers, timeoutMs, maxBytes: TOKEN_BYTES_MAX, ...(signal === undefined ? {} : { signal }) } as const;
  const { status, contentType, bytes } = await outbound.download(asked).catch((error: unknown) => {
    throw new StatusFault(nameFailure(error));
  });
  // A redirect is one of them: the address that was registered is the one that is asked.
  if (status !== 200) throw new StatusFault('http_status');
  const format = readFormat(contentType);
  if (format === undefined) throw new StatusFault('content_type');
  return { bytes, format };
}

function readFormat(contentType: string): StatusFormat | undefined {
  const type = contentType.split(';')[0]?.trim().toLowerCase() ?? '';
  return Object.entries(STATUS_TYPES).find(([name]) => name === type)?.[1];
}

function nameFailure(error: unknown): string {
  if (isGatehouseError(error, 'outbound_refused')) return 'address_refused';
  if (isGatehouseError(error, 'too_large')) return 'too_large';
  const name: unknown = Reflect.get(Object(error), 'name');
  if (name === 'TimeoutError') return 'timeout';
  return name === 'AbortError' ? 'stopped' : 'unreachable';
}
