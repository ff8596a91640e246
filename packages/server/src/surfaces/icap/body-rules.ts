/** What the content of an ICAP message is, by the heads around it. */
import type { IcapHead, InnerHead } from './protocol-rules.ts';

/** Headers that say what a body is. Two of one of them are read differently by different servers: nothing is decided on such a message. */
const DESCRIBING = ['content-type', 'content-encoding', 'transfer-encoding', 'content-transfer-encoding'];
const RAW = 'application/octet-stream';

export interface Described {
  /** For `screenBody`; undefined when the heads contradict themselves. */
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/**
 * A request says what its body is; without a type it is the file itself (Nextcloud's `PUT`). A response is the file itself whatever its type
 * says, unless it is coded. The length is not looked at: it may be a dummy, and ICAP frames the body.
 */
export function describeBody(head: Pick<IcapHead, 'method'>, inner: ReadonlyMap<string, InnerHead>): Described {
  const from = inner.get(head.method === 'REQMOD' ? 'req-hdr' : 'res-hdr');
  if (from === undefined) return { headers: { 'content-type': RAW } };
  if (DESCRIBING.some((name) => from.repeated.has(name))) return { headers: undefined };
  const headers: Record<string, string> = Object.fromEntries(from.headers);
  delete headers['content-length'];
  // Of the hop before: ICAP has taken the chunks apart. Any other coding stays, and is refused.
  if (headers['transfer-encoding']?.toLowerCase() === 'chunked') delete headers['transfer-encoding'];
  if (head.method === 'RESPMOD' || headers['content-type'] === undefined || headers['content-type'] === '') headers['content-type'] = RAW;
  return { headers };
}

/** RFC 9110 15.3.7 (206) and RFC 3229 (226): answers that hold not the file, but a part or a change of it. */
const PARTIAL_STATUS = /^HTTP\/\S+ 2(?:06|26)(?: |$)/i;
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i;

/** Whether the heads say that the body is not a whole file: no digest of a part is on a list, and who asks for parts puts them together. */
export function isPart(head: Pick<IcapHead, 'method'>, inner: ReadonlyMap<string, InnerHead>, sizeBytes: number): boolean {
  const from = inner.get(head.method === 'REQMOD' ? 'req-hdr' : 'res-hdr');
  const range = from?.headers.get('content-range');
  if (range === undefined) return head.method === 'RESPMOD' && PARTIAL_STATUS.test(from?.startLine ?? '');
  const [, first, last, total] = CONTENT_RANGE.exec(range)?.map(Number) ?? [];
  return first !== 0 || last !== sizeBytes - 1 || total !== sizeBytes;
}
