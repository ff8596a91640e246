/** Which kind of list a file is, and the list in it. */
import { readLote } from './lote.ts';
import { readPemList } from './pem.ts';
import { TrustListFault, type FoundList, type ListFormat } from './schema.ts';
import { readEtsiList } from './etsi-list.ts';
import { readVical } from './vical.ts';

export interface ReadOptions {
  readonly format: ListFormat | 'auto';
  readonly signer: string | undefined;
  readonly now: Date;
}

/** @throws {TrustListFault} */
export function readTrustList(content: Uint8Array, { format, signer, now }: ReadOptions): { readonly list: FoundList; readonly format: ListFormat } {
  const kind = format === 'auto' ? guess(content) : format;
  const text = Buffer.from(content).toString('utf8');
  if (kind === 'pem') return { format: kind, list: readPemList(text) };
  if (signer === undefined || signer.trim() === '')
    throw new TrustListFault('A signed list needs the certificate of its signer, which you have from its publisher by another way. Nothing was changed.');
  if (kind === 'vical') return { format: kind, list: readVical(content, signer, now) };
  return { format: kind, list: kind === 'lote' ? readLote(text, signer, now) : readEtsiList(text, signer, now) };
}

function guess(content: Uint8Array): ListFormat {
  const start = Buffer.from(content.subarray(0, 2000)).toString('latin1').trimStart();
  if (start.startsWith('<')) return 'ts119612';
  if (start.includes('-----BEGIN')) return 'pem';
  if (/^eyJ[\w-]+\.[\w-]+/.test(start)) return 'lote';
  // An array of four, or the tag of COSE_Sign1.
  if (content[0] === 0x84 || content[0] === 0xd2) return 'vical';
  throw new TrustListFault('This is no kind of trust list that is known: PEM, VICAL, LoTE (a JWS) or ETSI TS 119 612 (XML). Nothing was changed.');
}
