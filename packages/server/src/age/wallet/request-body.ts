/** Bodies that wallets post: forms without a CSRF field, from programs that are nobody's. */
import { GatehouseError } from '../../platform/errors.ts';
import type { Exchange } from '../../platform/http/route.ts';
import { WALLET_BYTES_MAX } from './schema.ts';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** @throws {GatehouseError} unsupported_media_type, too_large, length_mismatch */
export async function readWalletForm(exchange: Pick<Exchange, 'incoming' | 'header'>): Promise<Readonly<Record<string, string>>> {
  const type = exchange.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== FORM_TYPE) throw new GatehouseError('unsupported_media_type', `The content type must be ${FORM_TYPE}. Nothing was used up.`);
  const fields = new URLSearchParams(await readBounded(exchange));
  for (const name of new Set(fields.keys()))
    if (fields.getAll(name).length > 1) throw new GatehouseError('invalid_request', 'A field stands twice in the form. Nothing was used up.');
  return Object.fromEntries(fields);
}

async function readBounded({ incoming }: Pick<Exchange, 'incoming'>): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > WALLET_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new GatehouseError('length_mismatch', 'The connection ended before the whole answer had arrived. Nothing was used up.', { cause });
  }
  if (sizeBytes > WALLET_BYTES_MAX) throw new GatehouseError('too_large', `This body may hold at most ${WALLET_BYTES_MAX} bytes. Nothing was used up.`);
  return Buffer.concat(chunks).toString('utf8');
}
